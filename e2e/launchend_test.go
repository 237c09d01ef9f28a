//go:build unix

package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patient is a program that says when it is asked to end, and then ends.
const patient = `#!/bin/sh
case $1 in version) echo v1.2.3; exit ;; esac
trap 'echo asked to end; exit 7' TERM INT
echo "ready $$"
while :; do sleep 0.05; done
`

// begin starts the launcher and waits until its program is ready and its id saved. It returns the id and the rest of the output.
func (l *launcher) begin(program string) (cmd *exec.Cmd, pid int, rest io.Reader) {
	l.t.Helper()
	file := filepath.Join(l.t.TempDir(), "seedpack")
	writeProgram(l.t, file, program)
	cmd = l.command("INPUT_BINARY=" + file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	if _, err := fmt.Fscanf(out, "ready %d\n", &pid); err != nil {
		l.t.Fatal(err)
	}
	limit := time.AfterFunc(time.Minute, func() { _ = syscall.Kill(pid, syscall.SIGKILL) }) // so that a read from it ends
	l.t.Cleanup(func() {
		limit.Stop()
		if l.t.Failed() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // in a test that passes, it has ended
		}
	})
	l.awaitState(fmt.Sprintf("STATE_pid=%d", pid)) // the program can be faster than the launcher
	return cmd, pid, out
}

// TestLauncherPassesSignals proves that the program gets the signals of the launcher, which ends with its status.
func TestLauncherPassesSignals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		program string
		signal  syscall.Signal
		printed string
		status  int
	}{
		{patient, syscall.SIGTERM, "asked to end\n", 7},
		{patient, syscall.SIGINT, "asked to end\n", 7},
		{strings.Replace(patient, "trap", "#", 1), syscall.SIGTERM, "", 128 + 15},
	} {
		l := newLauncher(t)
		cmd, _, out := l.begin(tt.program)
		if err := cmd.Process.Signal(tt.signal); err != nil {
			t.Fatal(err)
		}
		printed, err := io.ReadAll(out)
		if err != nil || string(printed) != tt.printed {
			t.Errorf("%v: printed %q, %v, want %q", tt.signal, printed, err, tt.printed)
		}
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != tt.status {
			t.Errorf("%v: exit %d, want %d", tt.signal, got, tt.status)
		}
	}
}

// TestLauncherPostStep proves that the post step ends a program that a killed main step left running, and does nothing else.
func TestLauncherPostStep(t *testing.T) {
	t.Parallel()
	l := newLauncher(t)
	cmd, pid, out := l.begin(patient)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Wait()
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the program ended with the launcher (%v): there is nothing to try", err)
	}
	post, said := l.command(l.states()...), new(bytes.Buffer)
	post.Stdout, post.Stderr = said, said
	if err := post.Start(); err != nil {
		t.Fatal(err)
	}
	printed, err := io.ReadAll(out) // until the program has ended
	if err != nil || string(printed) != "asked to end\n" {
		t.Errorf("printed %q, %v, want that it was asked to end", printed, err)
	}
	limit := time.AfterFunc(10*time.Second, func() { _ = post.Process.Kill() }) // half of its time for a program that goes on
	_ = post.Wait()                                                             // the exit status says it
	limit.Stop()
	if status := post.ProcessState.ExitCode(); status != 0 || said.Len() > 0 {
		t.Errorf("after the program has ended, the post step ends with %d and says %q", status, said)
	}

	l = newLauncher(t)
	l.records(says)
	program := filepath.Join(t.TempDir(), "seedpack")
	writeProgram(t, program, says)
	l.want(started, "INPUT_BINARY="+program)
	l.want("exit 0", l.states()...)
}

// awaitState waits until the launcher has saved a state.
func (l *launcher) awaitState(state string) {
	l.t.Helper()
	for begun := time.Now(); !slices.Contains(l.states(), state); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			l.t.Fatalf("the launcher did not save %s but %q", state, l.states())
		}
	}
}

// states returns the variables in which a post step finds what its main step saved.
func (l *launcher) states() []string {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.temp, "state"))
	if err != nil {
		l.t.Fatal(err)
	}
	var env []string
	for line := range strings.Lines(string(text)) {
		env = append(env, "STATE_"+strings.TrimSpace(line))
	}
	return env
}
