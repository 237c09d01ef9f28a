package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/console"
)

// onTerminal runs a command on a terminal of the given width and gives what it shows.
func onTerminal(t *testing.T, width uint16, env map[string]string, args ...string) string {
	t.Helper()
	screen, name, err := console.NewPty()
	if err != nil {
		t.Skip(err) // the system has none
	}
	defer screen.Close()
	tty, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := screen.Resize(console.WinSize{Width: width, Height: 24}); err != nil {
		t.Fatal(err)
	}
	shown := make(chan string)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, screen) // ends with an error when the terminal is closed
		shown <- b.String()
	}()
	Run(t.Context(), args, Process{Stdout: tty, Stderr: io.Discard, Getenv: func(name string) string { return env[name] }})
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(<-shown, "\r\n", "\n")
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seed.manifest.json")
	if err := os.WriteFile(path, []byte(`{"seedVersion": "1.0.0", "job": {"name": "`+strings.Repeat("My-Job", 20)+`"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"lint", "--config", "none", "--rule", "member-missing=off", "--rule", "resources-missing=off", path}
	caret := "     | " + strings.Repeat(" ", 30) + "^" + strings.Repeat("~", 21) // to the end of the terminal
	plain := onTerminal(t, 60, map[string]string{"NO_COLOR": "1"}, args...)
	if strings.Contains(plain, "\x1b") || !strings.Contains(plain, caret+"\n  fix: ") {
		t.Errorf("without colour: %q", plain)
	}
	if dumb := onTerminal(t, 60, map[string]string{"TERM": "dumb"}, args...); dumb != plain {
		t.Errorf("on a dumb terminal: %q", dumb)
	}
	coloured := onTerminal(t, 60, map[string]string{"TERM": "xterm", "NO_COLOR": ""}, args...)
	if !strings.Contains(coloured, "\x1b[1;31merror:\x1b[0m") || !strings.Contains(coloured, "\x1b[1;32m^~~") {
		t.Errorf("in colour: %q", coloured)
	}
	for _, line := range strings.Split(plain, "\n") {
		if strings.Contains(line, " | ") && len([]rune(line)) > 60 {
			t.Errorf("%q is wider than the terminal", line)
		}
	}
}
