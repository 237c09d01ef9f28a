package engine

import (
	"os"
	"path/filepath"
	"strings"
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

// A socket lies where its path is short enough, however long the name of the directory for temporary files is.
func TestSocketParent(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("a", 60)
	for _, tt := range []struct{ temp, runtime, want string }{
		{"/tmp", "/run/user/1000", "/tmp"},
		{"/var/tmp", "", "/var/tmp"},
		{long, "/run/user/1000", "/run/user/1000"},
		{long, "", "/tmp"},
		{long, long, "/tmp"},
		{"relative", "", "/tmp"},
	} {
		if got := socketParent(tt.temp, tt.runtime); got != tt.want {
			t.Errorf("%q, %q: %q", tt.temp, tt.runtime, got)
		}
	}
}
