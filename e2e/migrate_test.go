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
		{"yes", "Sizes\nsizes\n\nnonsense\nrae@example.org\ny\n", 0, []string{`"name": "sizes"`, `"jobVersion": "1.2.0"`, "rae@example.org"},
			[]string{"has letters that an image name cannot have", "has upper-case letters", "[1.2.0]", `"nonsense" is not an e-mail address`, "+++ ", `+    "jobVersion": "1.2.0"`, `"value": "***"`, "? [Y/n]"}},
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
			// The report and the comparison come before the question that they are for.
			report, question := strings.Index(seen, "What changes"), strings.Index(seen, "? [Y/n]")
			if compared := strings.Index(seen, "+++ "); question >= 0 && (report < 0 || compared < report || question < compared) {
				t.Errorf("the report is at %d, the comparison at %d, the question at %d:\n%s", report, compared, question, seen)
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

// TestMigrateAsksWhere proves that migrate without -o loses no answer on a terminal: it asks where to write, or names the flags
// that give the answers again.
func TestMigrateAsksWhere(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("terminals are made on Linux")
	}
	const old = `{"manifestVersion": "0.0.1", "jobs": [{"name": "sizes", "version": "1.2.0", "title": "Sizes", "description": "Checks.",
		"authorName": "Jo", "timeout": 30, "cpus": 1.0, "mem": 64.0, "storage": 1.0, "interface": {"cmd": "/a.sh", "args": ""}}]}`
	dir := t.TempDir()
	file, out := filepath.Join(dir, "jobpack.json"), filepath.Join(dir, "new")
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	status, seen := onTerminal(t, "rae@example.org\n\n", "migrate", file)
	if status != 0 || !strings.Contains(seen, "nothing is written: -o DIR writes it, and these are the answers: --set /job/maintainer/email=rae@example.org\n") {
		t.Errorf("status %d\n%s", status, seen)
	}
	// A place that cannot be taken is asked for again.
	status, seen = onTerminal(t, "rae@example.org\n"+file+"\n"+out+"\n", "migrate", file)
	text, err := os.ReadFile(filepath.Join(out, "seed.manifest.json"))
	if status != 0 || !strings.Contains(string(text), "rae@example.org") || !strings.Contains(seen, "is no directory") || !strings.Contains(seen, "wrote "+out) {
		t.Errorf("status %d, %v\n%s", status, err, seen)
	}
	// The comparison finds what is the same, although the old form nests it in another way.
	if err := os.RemoveAll(out); err != nil {
		t.Fatal(err)
	}
	status, seen = onTerminal(t, "rae@example.org\ny\n", "migrate", file, "-o", out)
	if status != 0 || !strings.Contains(seen, "\n     \"title\": \"Sizes\",\n") {
		t.Errorf("status %d\n%s", status, seen)
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
