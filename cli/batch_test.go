package cli

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/seed"
)

// errFull is what a full writer says.
var errFull = errors.New("there is no room")

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errFull }

// What could not be printed or written is said once, also beside findings: another program may rely on the report.
func TestUnwrittenIsSaid(t *testing.T) {
	t.Parallel()
	good, err := filepath.Abs("../testdata/jobs/image-watermark")
	if err != nil {
		t.Fatal(err)
	}
	bad, taken := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{seed.ManifestFile: `{"seedVersion": "1.0.0", "job": {"name": "A"}}`, "Dockerfile": "FROM scratch\n"} {
		if err := os.WriteFile(filepath.Join(bad, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		args []string
		out  io.Writer
		said string
	}{
		{"no room for a plan", []string{good}, fullWriter{}, errFull.Error()},
		{"no room for findings", []string{bad}, fullWriter{}, errFull.Error()},
		{"no file", []string{good, "--sarif-file", taken}, io.Discard, taken},
		{"no file beside findings", []string{bad, "--sarif-file", taken}, io.Discard, taken},
		{"no document beside findings", []string{bad, "--format", "json", "--junit-file", taken}, io.Discard, taken},
	} {
		var said bytes.Buffer
		status := Run(t.Context(), append([]string{"pack", "--dry-run"}, tt.args...), Process{Stdout: tt.out, Stderr: &said, Getenv: os.Getenv})
		if status != exit.StatusFailure || strings.Count(said.String(), tt.said) != 1 {
			t.Errorf("%s: status %d\n%s", tt.name, status, said.String())
		}
	}
}

// A page says which command it is of, as its user typed it. Code scanning takes what publish finds for what pack finds.
func TestPageNamesCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	image, page, sarif := filepath.Join(dir, "image.tar"), filepath.Join(dir, "page.html"), filepath.Join(dir, "found.sarif")
	label := `{"seedVersion": "1.0.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "t", "description": "d", "maintainer": {"name": "n", "email": "n@example.com"}, "timeout": 1}}`
	config, err := json.Marshal(map[string]any{"architecture": "amd64", "os": "linux", "rootfs": map[string]any{"type": "layers", "diff_ids": []string{}},
		"config": map[string]any{"Entrypoint": []string{"/x"}, "Labels": map[string]string{seed.Label: label}}})
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range []struct{ name, text string }{{"config.json", string(config)}, {"manifest.json", `[{"Config": "config.json", "RepoTags": ["a-1.0.0-seed:1.0.0"], "Layers": []}]`}} {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.text))}))
		_, writeErr := io.WriteString(w, f.text)
		err = errors.Join(err, writeErr)
	}
	if err := errors.Join(err, w.Close(), os.WriteFile(image, archive.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	args := []string{"publish", "docker-archive:" + image, "--push=false", "--dry-run", "--html", page, "--sarif-file", sarif}
	if status := Run(t.Context(), args, Process{Stdout: &said, Stderr: &said, Getenv: os.Getenv}); status != exit.StatusClean {
		t.Fatalf("status %d\n%s", status, said.String())
	}
	for file, want := range map[string]string{page: "seedpack publish<", sarif: `"seedpack/pack/`} {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q: %v", filepath.Base(file), want, err)
		}
	}
}
