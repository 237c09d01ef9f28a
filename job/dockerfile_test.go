package job

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("FROM scratch\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	for files, want := range map[string]string{
		"Dockerfile dockerfile": "Dockerfile", "dockerfile": "dockerfile", "": "Dockerfile missing", "Containerfile": "Dockerfile missing", "Dockerfile/x": "Dockerfile missing",
	} {
		dir := t.TempDir()
		write(t, dir, strings.Fields(files)...)
		path, ok := Dockerfile(dir)
		got := filepath.Base(path)
		if !ok {
			got += " missing"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", files, got, want)
		}
	}
}

func TestLikeDockerfiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "docker/Dockerfile", "Containerfile", "job.dockerfile", "Dockerfile.gpu", "Dockerfile.dockerignore", "readme", ".git/Dockerfile", "a/b/Dockerfile")
	var got []string
	for _, path := range LikeDockerfiles(dir) {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filepath.ToSlash(rel))
	}
	if want := []string{"Containerfile", "Dockerfile.gpu", "docker/Dockerfile", "job.dockerfile"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
