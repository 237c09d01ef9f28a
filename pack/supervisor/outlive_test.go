//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// If the supervisor is not process 1, killing it ends the job, all processes of the job, and the child that runs it.
func TestKilled(t *testing.T) {
	needsRoot(t)
	dir := t.TempDir()
	started := filepath.Join(dir, "started")
	spec := shell(fmt.Sprintf(`setsid sleep 600 & echo $! $$ $PPID >%[1]s.new && mv %[1]s.new %[1]s; wait`, started))
	spec.User, spec.Dir, spec.Timeout = "0:0", "/", time.Minute
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "none.json", dir, dir)
	cmd.Env = append(os.Environ(), wire.SpecVariable+"="+string(text))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(until(t, func() string { text, _ := os.ReadFile(started); return string(text) }))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
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
