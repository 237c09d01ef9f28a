package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/exit"
)

// Many manifests are linted at once, and reported in their order as one by one.
func TestLintMany(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/jobs/image-watermark/seed.manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var want strings.Builder
	for i := range 200 {
		path := filepath.Join(dir, fmt.Sprintf("job-%03d", i), "seed.manifest.json")
		name := fmt.Sprintf("job-%d", i)
		if i%3 == 0 {
			name = fmt.Sprintf("Job-%d", i)
			fmt.Fprintf(&want, "%s:4:13: error: name %q has upper-case letters", path, name)
		}
		if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(text, []byte("image-watermark"), []byte(name), 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	p := Process{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: os.Getenv}
	if status := Run(t.Context(), []string{"lint", dir}, p); status != exit.StatusFindings || !strings.HasSuffix(stderr.String(), "\n… and 150 more\nlinted 200 jobs: 200 manifests\n") ||
		strings.Count(stderr.String(), "  1 error  ") != 50 {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	var got strings.Builder
	for line := range strings.Lines(stdout.String()) {
		if before, _, ok := strings.Cut(line, ", which the repository name"); ok {
			got.WriteString(before)
		}
	}
	if got.String() != want.String() {
		t.Errorf("got:\n%s", &stdout)
	}
}
