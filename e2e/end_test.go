//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/exit"
)

// This file ends the program in the ways in which shells, terminals and runners do.

const talkingManifest = `{"seedVersion": "1.0.0", "job": {"name": "talking", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "Talking",
 "description": "Talks without end", "maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 600,
 "resources": {"scalar": [{"name": "cpus", "value": 0.1}, {"name": "mem", "value": 16}, {"name": "disk", "value": 1}]}}}
`

// TestEndsInOrder proves that signals and a closed output end a run in order: nothing is left running, and no file.
func TestEndsInOrder(t *testing.T) {
	t.Parallel()
	needBuildKit(t)
	ends := map[string]func(cmd *exec.Cmd, output io.Closer) error{
		"closed pipe": func(_ *exec.Cmd, output io.Closer) error { return output.Close() },
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		ends[s.String()] = func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(s) }
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			job, tmp := filepath.Join(dir, "job"), filepath.Join(dir, "tmp")
			if err := errors.Join(os.Mkdir(job, 0o755), os.Mkdir(tmp, 0o755), os.WriteFile(filepath.Join(job, "seed.manifest.json"), []byte(talkingManifest), 0o644),
				os.WriteFile(filepath.Join(job, "seed.smoke.yaml"), []byte("cases: [{name: a}]\n"), 0o644),
				os.WriteFile(filepath.Join(job, "Dockerfile"), []byte("FROM busybox:1.36\nENTRYPOINT [\"sh\", \"-c\", \"while echo talking; do sleep 0.1; done\"]\n"), 0o644)); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("seedpack", "smoke", job, "--builder", "private", "--progress", "plain",
				"--build-context", "busybox:1.36=oci-layout://"+os.Getenv("SEEDPACK_TEST_BASE"))
			cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "PATH="+os.Getenv("PATH")+":/usr/sbin")
			output := startTalking(t, cmd)
			if err := end(cmd, output); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, output) }() // unless it is closed, the program can still write
			err := cmd.Wait()
			if status := cmd.ProcessState.ExitCode(); status != exit.StatusInterrupted {
				t.Errorf("exit status %d: %v", status, err)
			}
			if left, err := filepath.Glob(filepath.Join(tmp, "*")); err != nil || len(left) > 0 {
				t.Errorf("files are left: %q, %v", left, err)
			}
			if left := processesWith("TMPDIR=" + tmp); len(left) > 0 {
				t.Errorf("processes are left: %q", left)
			}
		})
	}
}

// startTalking starts a command and waits until its job has printed something. It returns the end of the pipe that both of its
// outputs are.
func startTalking(t *testing.T, cmd *exec.Cmd) *os.File {
	t.Helper()
	output, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(output, &said))
	for lines.Scan() {
		if strings.HasSuffix(lines.Text(), " talking") {
			return output
		}
	}
	t.Fatalf("the job does not talk: %v\n%s", lines.Err(), &said)
	return nil
}

// processesWith returns the processes with something in their environment.
func processesWith(variable string) (found []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is well-formed
	for _, path := range all {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte(variable)) {
			found = append(found, path)
		}
	}
	return found
}

// TestClosedOutput proves that a reader that has seen enough gets no error message, and that nobody waits for it.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"rules", "--format", "json"}, {"schema"}, {"explain", "job-timeout"}, {"--help"}} {
		output, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := output.Close(); err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		cmd := exec.Command("seedpack", args...)
		cmd.Stdout, cmd.Stderr = w, &said
		_ = cmd.Run() // the status is compared
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if status := cmd.ProcessState.ExitCode(); status != exit.StatusInterrupted && status != exit.StatusClean || said.Len() > 0 {
			t.Errorf("%q: exit status %d, %s", args, status, &said)
		}
	}
}

// TestWaitEnds proves that a signal ends a command that waits for its input. A command that ignores HUP, as under nohup, goes on.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"lint", "-"}, {"lint", "/dev/stdin"}, {"lint", "--config", "/dev/fd/0"}} {
		for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
			t.Run(fmt.Sprint(args, s), func(t *testing.T) {
				t.Parallel()
				waitEnds(t, s, args)
			})
		}
	}
}

func waitEnds(t *testing.T, s syscall.Signal, args []string) {
	input, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cmd := exec.Command("seedpack", args...)
	cmd.Dir = "testdata/jobs/complete"
	cmd.Stdin = input
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // it has ended
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	// The program has its handlers by the time that it reads, and nothing shows when it does. Until then a signal kills it.
	for begin := time.Now(); !waitsInRead(cmd.Process.Pid) && time.Since(begin) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
	}
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is compared
	if status := cmd.ProcessState.ExitCode(); status != exit.StatusInterrupted || !strings.Contains(said.String(), "interrupted") {
		t.Errorf("exit status %d: %s", status, &said)
	}
}

// waitsInRead reports whether a thread of a process reads from descriptor 0, or from another that is read in its place.
func waitsInRead(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", pid)) // the pattern is well-formed
	for _, path := range threads {
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "pipe_read") {
			return true
		}
	}
	return false
}
