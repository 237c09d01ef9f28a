//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// If the supervisor is not process 1, killing it ends the job, all processes of the job, and the child that runs it.
func TestKilled(t *testing.T) {
	cmd, _, gone := startLong(t, false)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	gone()
}

// The end of the lifeline ends the job and the supervisor. Before that, both go on.
func TestLifeline(t *testing.T) {
	cmd, stdin, gone := startLong(t, true)
	if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Fatalf("it has ended before: %v", err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it is killed with the job, or ends after it
	gone()
}

// startLong starts a job of some processes that takes ten minutes. The returned function waits until no process of it is left.
func startLong(t *testing.T, lifeline bool) (cmd *exec.Cmd, stdin io.Closer, gone func()) {
	t.Helper()
	needsRoot(t)
	dir := t.TempDir()
	started := filepath.Join(dir, "started")
	spec := shell(fmt.Sprintf(`setsid sleep 600 & echo $! $$ $PPID >%[1]s.new && mv %[1]s.new %[1]s; wait`, started))
	spec.User, spec.Dir, spec.Timeout, spec.Lifeline = "0:0", "/", time.Minute, lifeline
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), os.Args[0], "none.json", dir, dir)
	cmd.Env = append(os.Environ(), wire.SpecVariable+"="+string(text))
	if stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(until(t, func() string { text, _ := os.ReadFile(started); return string(text) }))
	return cmd, stdin, func() { waitGone(t, pids) }
}

func waitGone(t *testing.T, pids []string) {
	t.Helper()
	until(t, func() string {
		for _, pid := range pids {
			if text, err := os.ReadFile("/proc/" + pid + "/cmdline"); err == nil && len(text) > 0 {
				return ""
			}
		}
		return "gone"
	})
}

// until waits until a function returns text.
func until(t *testing.T, said func() string) string {
	t.Helper()
	for range 1000 {
		if s := said(); s != "" {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nothing within 10 s")
	return ""
}
