package pack

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// sourceTree writes files and returns the sources of a job there.
func sourceTree(t *testing.T, files map[string]string) *Sources {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return JobSources(filepath.Join(dir, "seed.manifest.json"), dir)
}

func digestOf(t *testing.T, s *Sources) string {
	t.Helper()
	digest, err := s.Digest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// The digest changes with what an image is built from, and with nothing else.
func TestSourcesDigest(t *testing.T) {
	t.Parallel()
	files := map[string]string{"Dockerfile": "FROM scratch", "run.sh": "1", "seed.manifest.json": "{}", ".dockerignore": "*.md\n", "README.md": "x",
		"lib/a.py": "a", ".git/HEAD": "x", "sub/.git": "gitdir: x"}
	first := sourceTree(t, files)
	before := digestOf(t, first)
	for _, test := range []struct {
		name string
		edit func(s *Sources, dir string) error
		same bool
	}{
		{"nothing", func(*Sources, string) error { return nil }, true},
		{"manifest", func(_ *Sources, dir string) error { return write(dir, "seed.manifest.json", "[]") }, true},
		{"ignored file", func(_ *Sources, dir string) error { return write(dir, "README.md", "y") }, true},
		{"history", func(_ *Sources, dir string) error { return write(dir, ".git/HEAD", "y") }, true},
		{"work tree of a submodule", func(_ *Sources, dir string) error { return write(dir, "sub/.git", "y") }, true},
		{"empty directory", func(_ *Sources, dir string) error { return os.Mkdir(filepath.Join(dir, "empty"), 0o755) }, true},
		{"time", func(_ *Sources, dir string) error {
			return os.Chtimes(filepath.Join(dir, "run.sh"), time.Unix(1, 0), time.Unix(1, 0))
		}, true},
		{"write permission of others", func(_ *Sources, dir string) error { return os.Chmod(filepath.Join(dir, "run.sh"), 0o666) }, true},
		{"platform of this machine", func(s *Sources, _ string) error { s.Platforms = s.platforms(); return nil }, true},
		{"content", func(_ *Sources, dir string) error { return write(dir, "run.sh", "2") }, false},
		{"new file", func(_ *Sources, dir string) error { return write(dir, "lib/b.py", "") }, false},
		{"file gone", func(_ *Sources, dir string) error { return os.Remove(filepath.Join(dir, "lib/a.py")) }, false},
		{"name", func(_ *Sources, dir string) error {
			return os.Rename(filepath.Join(dir, "lib/a.py"), filepath.Join(dir, "lib/c.py"))
		}, false},
		{"executable", func(_ *Sources, dir string) error { return os.Chmod(filepath.Join(dir, "run.sh"), 0o755) }, false},
		{"link in place of a file", func(_ *Sources, dir string) error {
			if err := os.Remove(filepath.Join(dir, "run.sh")); err != nil {
				return err
			}
			return os.Symlink("lib/a.py", filepath.Join(dir, "run.sh"))
		}, false},
		{"Dockerfile", func(_ *Sources, dir string) error { return write(dir, "Dockerfile", "FROM busybox") }, false},
		{"Dockerfile that is ignored", func(_ *Sources, dir string) error {
			return write(dir, "Dockerfile.dockerignore", "*.md\n.dockerignore\nDockerfile\nDockerfile.dockerignore\n")
		}, false},
		{"target", func(s *Sources, _ string) error { s.Target = "x"; return nil }, false},
		{"platforms", func(s *Sources, _ string) error { s.Platforms = []string{"linux/s390x"}; return nil }, false},
		{"argument", func(s *Sources, _ string) error { s.Args = map[string]string{"A": "1"}; return nil }, false},
		{"label", func(s *Sources, _ string) error { s.Labels = map[string]string{"A": "1"}; return nil }, false},
		{"context elsewhere", func(s *Sources, _ string) error {
			s.Contexts = map[string]string{"a": "docker-image://busybox"}
			return nil
		}, false},
		{"directory as context", func(s *Sources, dir string) error {
			s.Contexts = map[string]string{"a": filepath.Join(dir, "lib")}
			return nil
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := sourceTree(t, files)
			if err := test.edit(s, s.Context); err != nil {
				t.Fatal(err)
			}
			if same := digestOf(t, s) == before; same != test.same {
				t.Errorf("the digest is the same: %t", same)
			}
		})
	}
}

func write(dir, name, text string) error {
	return os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644)
}

// Files of named contexts are apart from those of the context, and have a .dockerignore of their own.
func TestSourcesFiles(t *testing.T) {
	t.Parallel()
	s := sourceTree(t, map[string]string{"Dockerfile": "", "seed.manifest.json": "", "x/keep.txt": "", "x/drop.txt": "", ".dockerignore": "x\n!x/keep.txt\n"})
	other := sourceTree(t, map[string]string{".dockerignore": "*.log", "a.log": "", "a.txt": ""})
	s.Contexts = map[string]string{"more": other.Context, "image": "docker-image://busybox"}
	files, err := s.Files(context.Background())
	got := slices.Sorted(maps.Keys(files))
	if want := []string{".dockerignore", "Dockerfile", "more:.dockerignore", "more:a.txt", "x/keep.txt"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("%q %v, want %q", got, err, want)
	}
	if _, err := JobSources("none/seed.manifest.json", "none").Files(context.Background()); err == nil {
		t.Error("there are files in a directory that is not there")
	}
}
