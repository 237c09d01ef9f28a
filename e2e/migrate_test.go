package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/containerd/console"

	"github.com/seedpack/seedpack/cli"
)

// TestMigrateAsks proves that migrate asks its questions on a terminal, asks again for an answer that cannot be taken, and
// writes only what the user has seen and agreed to.
func TestMigrateAsks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("terminals are made on Linux")
	}
	const old = `{"manifestVersion": "0.0.3", "job": {"name": "Größe", "algorithmVersion": "v1.2", "packageVersion": "1.0.0", "title": "Sizes",
		"description": "Checks.", "authorName": "Jo", "timeout": 30, "cpus": 1, "mem": 64,
		"interface": {"cmd": "/a.sh", "settings": [{"name": "KEY", "value": "hunter22"}]}}}`
	for _, test := range []struct {
		name, typed string
		status      int
		written     []string // parts of the new manifest; none: there is none
		seen        []string
	}{
		{"yes", "Sizes\nsizes\n\nrae@example.org\ny\n", 0, []string{`"name": "sizes"`, `"jobVersion": "1.2.0"`, "rae@example.org"},
			[]string{"has letters that an image name cannot have", "has upper-case letters", "[1.2.0]", "+++ ", `+    "jobVersion": "1.2.0"`, `"value": "***"`, "? [Y/n]"}},
		{"no", "sizes\n\nrae@example.org\nn\n", 1, nil, []string{"nothing is written"}},
		{"open", "sizes\n\n\n", 1, nil, []string{"What you must decide", "--maintainer-email ADDRESS"}},
		{"end", "\x04", 1, nil, []string{"nothing is written until this is settled"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "seed.manifest.json"), []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(dir, "new")
			status, seen := onTerminal(t, test.typed, "migrate", dir, "-o", out)
			if status != test.status {
				t.Errorf("exit status %d, want %d", status, test.status)
			}
			for _, part := range test.seen {
				if !strings.Contains(seen, part) {
					t.Errorf("%q is not shown:\n%s", part, seen)
				}
			}
			if strings.Contains(seen, "hunter22") {
				t.Errorf("the value of a setting is shown:\n%s", seen)
			}
			text, err := os.ReadFile(filepath.Join(out, "seed.manifest.json"))
			if (err == nil) != (test.written != nil) {
				t.Errorf("written: %v", err)
			}
			for _, part := range test.written {
				if !strings.Contains(string(text), part) {
					t.Errorf("%q is not written:\n%s", part, text)
				}
			}
		})
	}
}

// onTerminal runs a command on a terminal on which a text is typed. It returns the exit status and what was shown.
func onTerminal(t *testing.T, typed string, args ...string) (status int, shown string) {
	t.Helper()
	pty, path, err := console.NewPty()
	if err != nil {
		t.Fatal(err)
	}
	defer pty.Close()
	terminal, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pty.Write([]byte(typed)); err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = seen.ReadFrom(pty) // ends with an error once the terminal is closed
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	status = cli.Run(ctx, args, cli.Process{Stdin: terminal, Stdout: terminal, Stderr: terminal, Getenv: func(string) string { return "" }})
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
	return status, strings.ReplaceAll(seen.String(), "\r\n", "\n")
}
