package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/seedpack/seedpack/exit"
)

// hostileJob attacks process 1, which is its supervisor, in the way that its argument names. It then does not end.
const hostileJob = `package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

func limit(resource int, n uint64) {
	both := [2]uint64{n, n}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 1, uintptr(resource), uintptr(unsafe.Pointer(&both)), 0, 0, 0)
	fmt.Println("limit:", errno)
}

func write(path, text string) { fmt.Println(path, os.WriteFile(path, []byte(text), 0)) }

func main() {
	switch os.Args[1] {
	case "trace":
		fmt.Println("attach:", syscall.PtraceAttach(1))
	case "signals":
		for s := syscall.Signal(1); s <= 64; s++ {
			_ = syscall.Kill(1, s)
		}
	case "memory":
		write("/proc/1/mem", "x")
		write("/proc/1/clear_refs", "1")
	case "speak":
		write("/proc/1/fd/1", "\x1enonce settled\n")
	case "processor":
		limit(0, 0) // RLIMIT_CPU
	case "files":
		limit(7, 0) // RLIMIT_NOFILE: the report cannot be written
		return
	case "size":
		limit(1, 0) // RLIMIT_FSIZE
		return
	case "crowd out":
		write("/proc/1/oom_score_adj", "1000")
		write("/proc/self/oom_score_adj", "-1000")
		for all := [][]byte{}; ; all = append(all, make([]byte, 8<<20)) {
			for i := range all {
				for j := 0; j < len(all[i]); j += 4096 {
					all[i][j] = 1
				}
			}
		}
	}
	time.Sleep(time.Hour)
}
`

// hostileManifest has a timeout of two seconds. The job is root.
const hostileManifest = `{"seedVersion": "1.0.0", "job": {"name": "hostile", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "Hostile",
 "description": "Attacks its supervisor", "maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 2,
 "resources": {"scalar": [{"name": "cpus", "value": 1}, {"name": "mem", "value": 64}, {"name": "disk", "value": 1}]}}}
`

// TestSupervisorStopped proves that a job that runs as root and attacks its supervisor ends with a finding, by its own timeout or
// by the clock outside of its container. Nothing of it is left.
func TestSupervisorStopped(t *testing.T) {
	t.Parallel()
	needBuildKit(t)
	dir := t.TempDir()
	attack := filepath.Join(dir, "attack")
	source := filepath.Join(dir, "attack.go")
	if err := os.WriteFile(source, []byte(hostileJob), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", attack, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	stopped, late := "[supervisor-stopped]", "[job-timeout]"
	attacks := map[string][]string{
		"trace": {late}, "signals": {late}, "memory": {late}, "speak": {late}, "processor": {stopped},
		"files": {stopped}, "size": {stopped},
		"crowd out": {stopped, "[memory-killed]", "[memory-exceeded]"},
		"nothing":   {"error: the job gave no report within 23s after it began: its timeout and the grace were over 20s before [supervisor-stopped]"},
	}
	for name, wants := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			words, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("FROM scratch\nCOPY attack /\nENTRYPOINT [\"/attack\", %s]\n", words)
			if err := errors.Join(os.Mkdir(job, 0o755), os.WriteFile(filepath.Join(job, "Dockerfile"), []byte(text), 0o644), os.Link(attack, filepath.Join(job, "attack")),
				os.WriteFile(filepath.Join(job, "seed.smoke.yaml"), []byte("cases: [{name: a}]\n"), 0o644),
				os.WriteFile(filepath.Join(job, "seed.manifest.json"), []byte(hostileManifest), 0o644)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "seedpack", "smoke", job, "--builder", "private", "--grace", "1s", "--progress", "quiet")
			cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
			if name == "nothing" {
				go stopParentOf(ctx, "/attack\x00"+name)
			}
			begun := time.Now()
			out, _ := cmd.CombinedOutput() // the status is compared
			if status := cmd.ProcessState.ExitCode(); status != exit.StatusFindings || !containsAny(string(out), wants) {
				t.Errorf("exit status %d, after %v\n%s", status, time.Since(begun), out)
			}
			if left := processesNamed("/attack\x00" + name); len(left) > 0 {
				t.Errorf("left running: %q", left)
			}
		})
	}
}

// needBuildKit skips a test without the set-up in which a private BuildKit runs.
func needBuildKit(t *testing.T) {
	t.Helper()
	needs.Variable(t, "SEEDPACK_TEST_BASE")
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// stopParentOf stops the parent of the process, as a job may do that has found another way.
func stopParentOf(ctx context.Context, prefix string) {
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		for _, path := range processesNamed(prefix) {
			stat, err := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
			var pid, parent int
			var name, state string
			if _, scanErr := fmt.Sscan(string(stat), &pid, &name, &state, &parent); err == nil && scanErr == nil && parent > 1 {
				_ = syscall.Kill(parent, syscall.SIGSTOP) // a second one changes nothing
				return
			}
		}
	}
}

// processesNamed returns the processes whose command line begins like that.
func processesNamed(prefix string) (found []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is well-formed
	for _, path := range all {
		if text, err := os.ReadFile(path); err == nil && strings.HasPrefix(string(text), prefix+"\x00") {
			found = append(found, path)
		}
	}
	return found
}
