package git

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipe puts a named pipe in the place of a file.
func (r repository) pipe(name string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		r.t.Skip(err) // the file system has none
	}
	return path
}

// Git waits for ever for a named pipe, wherever in its files that is. Each question then ends with an error that names it, and
// nothing is said to be missing because of it.
func TestPipesDeepInARepository(t *testing.T) {
	for name, put := range map[string]func(r repository, object string) string{
		"branch":        func(r repository, _ string) string { return r.pipe(".git/" + r.git("symbolic-ref", "HEAD")) },
		"object":        func(r repository, object string) string { return r.pipe(object) },
		"ignored files": func(r repository, _ string) string { return r.pipe("jobs/one/new/.gitignore") },
		"link to a pipe": func(r repository, object string) string {
			path := filepath.Join(r.dir, filepath.FromSlash(object))
			if err := os.Remove(path); err != nil {
				r.t.Fatal(err)
			}
			if err := os.Symlink(r.pipe(".git/elsewhere"), path); err != nil {
				r.t.Fatal(err)
			}
			return path
		},
		"linked directory": func(r repository, object string) string {
			objects, other := filepath.Join(r.dir, ".git", "objects"), filepath.Join(r.t.TempDir(), "objects")
			if err := os.Rename(objects, other); err != nil {
				r.t.Fatal(err)
			}
			if err := os.Symlink(other, objects); err != nil {
				r.t.Fatal(err)
			}
			return r.pipe(object)
		},
		"other repository": func(r repository, object string) string {
			objects, other := filepath.Join(r.dir, ".git", "objects"), filepath.Join(r.t.TempDir(), "objects")
			if err := os.Rename(objects, other); err != nil {
				r.t.Fatal(err)
			}
			r.write(".git/objects/info/alternates", other+"\n")
			return repository{r.t, filepath.Dir(other)}.pipe(strings.TrimPrefix(object, ".git/"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			file := r.write("jobs/one/seed.manifest.json", "{}")
			commit := r.commit(time.Unix(1700000000, 0))
			r.write("jobs/one/new/file", "new")
			put(r, ".git/objects/"+commit[:2]+"/"+commit[2:])

			g, err := find(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			g.wait.patience = 20 * time.Millisecond
			if _, unknown := g.lastCommit([]string{filepath.Dir(file)}); !strings.Contains(unknown, "named pipe") {
				t.Errorf("the last commit is unknown since %q", unknown)
			}
			repo, err := Open(t.Context(), filepath.Dir(file))
			if err != nil {
				if !strings.Contains(err.Error(), "named pipe") {
					t.Error(err)
				}
				return
			}
			repo.git.wait.patience = 20 * time.Millisecond
			_, byName := repo.Commit("HEAD~0")
			_, changed := repo.ChangesSince(commit)
			_, history := repo.History("jobs/one/seed.manifest.json")
			if byName == nil && changed == nil && history == nil {
				t.Error("nothing waits for it")
			}
			for _, err := range []error{byName, changed, history} {
				if err != nil && !strings.Contains(err.Error(), "named pipe") {
					t.Error(err)
				}
			}
		})
	}
}

// What git prints has a limit.
func TestAnswersAreBounded(t *testing.T) {
	r := newRepository(t)
	file := r.write("file", strings.Repeat("x", 100_000))
	commit := r.commit(time.Unix(1700000000, 0))
	g, err := find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g.dir = filepath.Dir(file)
	if out, err := g.runMost(1000, "cat-file", "blob", commit+":file"); err == nil || err.Error() != "git prints more than 1000 bytes" {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	if out, err := g.runMost(100_000, "cat-file", "blob", commit+":file"); err != nil || len(out) != 100_000 {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}
