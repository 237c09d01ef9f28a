//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// On a busy machine the supervisor may not run for seconds. A job that ends in time, or in time after TERM, is judged by how it
// ended, not by when the supervisor hears of it.
func TestSlowSupervisor(t *testing.T) {
	const limit = 4 * time.Second
	for _, tt := range []struct {
		name, script   string
		timeout, grace time.Duration
		timedOut       bool
	}{
		{"timeout", `begun; wait_for go; exit 5`, limit, time.Second, false},
		{"grace", `trap 'touch "$ROOT/term"; wait_for go; exit 5' TERM; begun; while :; do sleep 0.01; done`, 3 * time.Second, limit, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			spec := shell(`wait_for() { while [ ! -e "$ROOT/$1" ]; do sleep 0.01; done; }; begun() { echo $$ >"$ROOT/new"; mv "$ROOT/new" "$ROOT/pid"; }; ` + tt.script)
			spec.Timeout, spec.Grace = tt.timeout, tt.grace
			dir, cmd := command(t, spec)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // without the job, which has a session of its own
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			await := func(is func() bool) {
				t.Helper()
				for begin := time.Now(); !is(); time.Sleep(5 * time.Millisecond) {
					if time.Since(begin) > time.Minute {
						t.Fatal("it does not come about within a minute")
					}
				}
			}
			said := map[bool]string{false: "pid", true: "term"}[tt.timedOut]
			await(func() bool { _, err := os.Stat(filepath.Join(dir, "root", said)); return err == nil })
			pid := strings.TrimSpace(string(readAll(t, filepath.Join(dir, "root", "pid"))))
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			stopped := time.Now()
			if err := os.WriteFile(filepath.Join(dir, "root", "go"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			await(func() bool {
				return strings.Contains(string(readAll(t, "/proc/"+pid+"/stat")), ") Z ") && time.Since(stopped) > limit
			})
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			if o := read(t, filepath.Join(dir, "report")); o.Exit != 5 || o.TimedOut != tt.timedOut || o.Signal != "" {
				t.Errorf("exit status %d, signal %q, timed out: %v", o.Exit, o.Signal, o.TimedOut)
			}
		})
	}
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A process that the job has killed, and for whose end it did not wait, does not still run.
func TestKilledLeftover(t *testing.T) {
	for _, signal := range []string{"TERM", "KILL"} {
		o, _ := run(t, shell(`i=0; while [ $i -lt 100 ]; do sleep 61 & all="$all $!"; i=$((i+1)); done; kill -`+signal+` $all`))
		if o.Exit != 0 || o.Leftover != 0 {
			t.Errorf("%s: exit status %d, %d left: %q", signal, o.Exit, o.Leftover, o.LeftoverNames)
		}
	}
}

func TestDying(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":               false,
		"Name:\tsleep\n": false,
		"SigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000100\n": false,
		"SigPnd:\t0000000000000100\nShdPnd:\t0000000000000000\n":                            true,
		"SigPnd:\t0000000000000000\nShdPnd:\t0000000000004100\n":                            true,
		"SigPnd:\t0000000000004000\nShdPnd:\t0000000000004000\n":                            false, // TERM, which it may handle or ignore
	} {
		if got := dying([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
