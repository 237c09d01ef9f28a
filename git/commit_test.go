package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"
)

// A repository is a git repository in a directory of the test.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	needs.Program(t, "git")
	for name, value := range map[string]string{"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull,
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com"} {
		t.Setenv(name, value)
	}
	r := repository{t, t.TempDir()}
	r.git("init", "--quiet")
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repository) write(name, text string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// commit commits everything at a time. It returns the revision.
func (r repository) commit(at time.Time) string {
	r.t.Helper()
	r.t.Setenv("GIT_COMMITTER_DATE", at.Format(time.RFC3339))
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "-m", "change")
	return r.git("rev-parse", "HEAD")
}

func TestLastCommit(t *testing.T) {
	r := newRepository(t)
	manifest := r.write("jobs/one/seed.manifest.json", "{}")
	file := r.write("shared/Dockerfile", "FROM scratch\n")
	other := r.write("jobs/two/seed.manifest.json", "{}")
	paths := []string{manifest, file, filepath.Dir(manifest)}
	want := func(step, revision, unknown string) {
		t.Helper()
		c, why := LastCommit(t.Context(), paths)
		if c.Revision != revision || !strings.Contains(why, unknown) || unknown == "" && why != "" {
			t.Errorf("%s: revision %q, %q; not %q, %q", step, c.Revision, why, revision, unknown)
		}
	}
	want("nothing committed", "", "is not committed")
	at := time.Unix(1700000000, 0)
	first := r.commit(at)
	want("committed", first, "")
	if c, _ := LastCommit(t.Context(), paths); !c.Time.Equal(at) || c.Source != "" {
		t.Errorf("commit is %+v", c)
	}
	r.write("jobs/two/seed.manifest.json", "{ }")
	want("another job changed", first, "")
	r.commit(at.Add(time.Hour))
	want("another job committed", first, "")
	r.write("jobs/one/new file", "")
	want("a file added", "", `"jobs/one/new file" is not committed`)
	second := r.commit(at.Add(2 * time.Hour))
	want("the file committed", second, "")
	r.write("shared/Dockerfile", "FROM scratch\n\n")
	want("the Dockerfile changed", "", "shared/Dockerfile")
	third := r.commit(at.Add(3 * time.Hour))
	want("the Dockerfile committed", third, "")
	r.write("jobs/one/-rf", "")
	want("a name like an option", "", "-rf")
	r.commit(at.Add(4 * time.Hour))
	r.git("mv", "jobs/one/-rf", "jobs/two/")
	fifth := r.commit(at.Add(5 * time.Hour))
	want("a file removed", fifth, "")
	paths = append(paths, t.TempDir())
	want("a context elsewhere", "", "outside of the work tree")
	paths = []string{filepath.Dir(other)}
	want("the other job", fifth, "")
}

func TestLastCommitShallow(t *testing.T) {
	r := newRepository(t)
	manifest := r.write("job/seed.manifest.json", "{}")
	r.commit(time.Unix(1700000000, 0))
	for range 3 {
		r.write("else", time.Now().String())
		r.commit(time.Unix(1700000000, 0))
	}
	clone := func(depth string) repository {
		c := repository{t, filepath.Join(t.TempDir(), "clone")}
		r.git("clone", "--quiet", "--depth="+depth, "file://"+r.dir, c.dir)
		return c
	}
	for depth, want := range map[string]string{"1": TooShallow, "2": TooShallow, "9": ""} {
		c := clone(depth)
		if found, why := LastCommit(t.Context(), []string{filepath.Join(c.dir, "job")}); why != want || (found.Revision == "") != (want != "") {
			t.Errorf("depth %s: %+v, %q", depth, found, why)
		}
	}
	shallow := clone("1")
	shallow.write("job/more", "")
	last := shallow.commit(time.Unix(1700000000, 0))
	if found, why := LastCommit(t.Context(), []string{filepath.Join(shallow.dir, "job")}); found.Revision != last || why != "" {
		t.Errorf("a commit that the clone has: %+v, %q", found, why)
	}
	if found, why := LastCommit(t.Context(), []string{t.TempDir()}); found != (Commit{}) || why != "" {
		t.Errorf("no work tree: %+v, %q", found, why)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(manifest), link); err != nil {
		t.Fatal(err)
	}
	if found, why := LastCommit(t.Context(), []string{filepath.Join(link, "seed.manifest.json")}); found.Revision == "" || why != "" {
		t.Errorf("by a link: %+v, %q", found, why)
	}
}

func TestWebAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"https://github.com/a/b":                     "https://github.com/a/b",
		"https://github.com/a/b.git/":                "https://github.com/a/b",
		"https://user:token@example.com:8443/a.git":  "https://example.com:8443/a",
		"http://example.com/a?private_token=x#y":     "http://example.com/a",
		"git@github.com:a/b.git":                     "https://github.com/a/b",
		"ssh://git@example.com:2222/a/b.git":         "https://example.com/a/b",
		"git://example.com/a":                        "https://example.com/a",
		"example.com:a/b":                            "https://example.com/a/b",
		"/srv/git/a.git":                             "",
		"../a":                                       "",
		"file:///srv/git/a.git":                      "",
		"C:/git/a":                                   "",
		"ext::sh -c 'touch x'":                       "",
		"https://user:to%ken@example.com/a/b":        "",
		"https://example.com/a/b\nhttps://other.org": "",
	} {
		if got := webAddress(remote); got != want {
			t.Errorf("%q gives %q, not %q", remote, got, want)
		}
	}
}

// Git would wait for ever for a named pipe. It is not asked about a work tree that has one in the place of a file that it reads.
func TestPipes(t *testing.T) {
	for _, name := range []string{".git/HEAD", ".git/config", ".git/index", ".git/shallow", ".git/packed-refs", ".git/info/exclude", ".gitignore", "job/.gitignore", "job/.gitattributes"} {
		r := newRepository(t)
		file := r.write("job/f", "text")
		r.commit(time.Unix(1, 0))
		path := filepath.Join(r.dir, filepath.FromSlash(name))
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("mkfifo", path).CombinedOutput(); err != nil {
			t.Skipf("mkfifo: %v: %s", err, out)
		}
		want := name + ": it is a named pipe"
		if c, unknown := LastCommit(t.Context(), []string{file}); !strings.Contains(unknown, want) {
			t.Errorf("%s: %v, %q", name, c, unknown)
		}
		if _, err := Open(t.Context(), filepath.Join(r.dir, "job")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Open: %v", name, err)
		}
	}
}
