package engine

import (
	"os"
	"path/filepath"
	"testing"
)

// The user sees what went wrong, but no stack trace of buildkitd.
func TestLastLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	text := "level=info msg=one\nlevel=info msg=two\nbuildkitd: toml: expected '=' after key\nfailed to parse config\n" +
		"main.main.func3\n\tgithub.com/moby/buildkit/cmd/buildkitd/main.go:270\nruntime.goexit\n\truntime/asm_amd64.s:1771\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := lastLines(path, 3), "level=info msg=two\nbuildkitd: toml: expected '=' after key\nfailed to parse config"; got != want {
		t.Errorf("last lines are %q, not %q", got, want)
	}
	text = "2 errors occurred:\n\t* mount: permission denied\n\t* no space left\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := lastLines(path, 3), "2 errors occurred:\n\t* mount: permission denied\n\t* no space left"; got != want {
		t.Errorf("last lines are %q, not %q", got, want)
	}
	if got := lastLines(filepath.Join(t.TempDir(), "none"), 3); got == "" {
		t.Error("nothing is said of a log that is not there")
	}
}
