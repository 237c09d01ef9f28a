//go:build linux

package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seedpack/seedpack/exit"
)

// This file ends runs in container engines before their time.

// containedManifest is that of a job that runs a script as root, with a timeout in seconds.
const containedManifest = `{"seedVersion": "1.0.0", "job": {"name": "contained", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "Contained",
 "description": "Runs a script", "maintainer": {"name": "A", "email": "a@example.com"}, "timeout": %d,
 "resources": {"scalar": [{"name": "cpus", "value": 1}, {"name": "mem", "value": 64}, {"name": "disk", "value": 1}]}}}
`

// containedJob writes an image whose job is a script, and its manifest. It returns the arguments of run that name both.
func containedJob(t *testing.T, timeout int, script, user string) []string {
	t.Helper()
	dir := t.TempDir()
	index, err := layout.ImageIndexFromPath(os.Getenv("SEEDPACK_TEST_BASE"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	base, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	// The name of the script is that of the test, so that its processes can be told from others.
	file := strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(t.Name(), "-")) + ".sh"
	text := "FROM busybox:1.36\nCOPY --chmod=755 " + file + " /\nUSER " + user + "\nENTRYPOINT [\"/bin/sh\", \"/" + file + "\"]\n"
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o644), os.WriteFile(filepath.Join(dir, file), []byte(script), 0o755),
		os.WriteFile(filepath.Join(dir, "seed.manifest.json"), fmt.Appendf(nil, containedManifest, timeout), 0o644)); err != nil {
		t.Fatal(err)
	}
	image, err := simpleImage(base, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(filepath.Join(dir, "image.tar"), name.MustParseReference("contained:1"), image); err != nil {
		t.Fatal(err)
	}
	return []string{"docker-archive:" + filepath.Join(dir, "image.tar"), "--manifest", filepath.Join(dir, "seed.manifest.json")}
}

// command returns a run in the engine, in a directory of its own, with its own temporary directory.
func (e containerEngine) command(ctx context.Context, t *testing.T, args ...string) (cmd *exec.Cmd, temp string) {
	t.Helper()
	dir := t.TempDir()
	temp = filepath.Join(dir, "tmp")
	if err := os.Mkdir(temp, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(ctx, "seedpack", append([]string{"run", "--with", e.name, "-o", "out"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+e.bin+":"+os.Getenv("PATH")+":/usr/sbin", "TMPDIR="+temp)
	return cmd, temp
}

// containers returns the names of the containers that the engine was told to run.
func (e containerEngine) containers(t *testing.T) (names []string) {
	t.Helper()
	log, err := os.ReadFile(e.log)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`--name (seedpack-run-\w+)`).FindAllStringSubmatch(string(log), -1) {
		names = append(names, m[1])
	}
	return names
}

// checkGone fails the test if a container, or a file of a run, is left.
func (e containerEngine) checkGone(t *testing.T, cmd *exec.Cmd, temp string) {
	t.Helper()
	names := e.containers(t)
	if len(names) == 0 {
		t.Error("no container was run")
	}
	for _, n := range names {
		if out, err := exec.Command(filepath.Join(e.bin, e.name), "container", "inspect", n).CombinedOutput(); err == nil {
			t.Errorf("container %s is left\n%s", n, out)
		}
	}
	for _, dir := range []string{temp, cmd.Dir} {
		left, err := os.ReadDir(dir)
		for _, f := range left {
			if f.Name() != "tmp" {
				t.Errorf("%s is left in %s", f.Name(), dir)
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// TestInterruptedInContainers proves that a run that is interrupted, in whatever way, leaves no container and no file.
func TestInterruptedInContainers(t *testing.T) {
	t.Parallel()
	needBuildKit(t)
	interrupts := map[string]func(cmd *exec.Cmd, stderr io.Closer){
		"term": func(cmd *exec.Cmd, _ io.Closer) { _ = cmd.Process.Signal(syscall.SIGTERM) },
		"hup":  func(cmd *exec.Cmd, _ io.Closer) { _ = cmd.Process.Signal(syscall.SIGHUP) },
		"int twice": func(cmd *exec.Cmd, _ io.Closer) {
			_ = cmd.Process.Signal(os.Interrupt)
			time.Sleep(50 * time.Millisecond)
			_ = cmd.Process.Signal(os.Interrupt)
		},
		"closed": func(_ *exec.Cmd, stderr io.Closer) { _ = stderr.Close() },
	}
	for how, interrupt := range interrupts {
		for _, e := range containerEngines(t) {
			t.Run(how+" "+e.name, func(t *testing.T) {
				t.Parallel()
				// The job does not end by itself, and leaves a file that only root could remove.
				job := containedJob(t, 600, "trap '' TERM; cd \"$OUTPUT_DIR\" && mkdir -m 700 d && echo x >d/x; while :; do echo works; sleep 0.2; done\n", "0")
				cmd, temp := e.command(t.Context(), t, append(job, "--progress", "plain")...)
				stderr, err := cmd.StderrPipe()
				if err == nil {
					err = cmd.Start()
				}
				if err != nil {
					t.Fatal(err)
				}
				for lines := bufio.NewScanner(stderr); lines.Scan() && lines.Text() != "[run] works"; {
				}
				interrupt(cmd, stderr)
				_, _ = io.Copy(io.Discard, stderr) // it may be closed
				_ = cmd.Wait()                     // the status is compared
				if status := cmd.ProcessState.ExitCode(); status != exit.StatusInterrupted {
					t.Errorf("exit status %d", status)
				}
				e.checkGone(t, cmd, temp)
			})
		}
	}
}

// TestKilledInContainers proves that a job and its container end soon after a run that is killed, long before the job's timeout, and
// that the next run removes what it has left.
func TestKilledInContainers(t *testing.T) {
	t.Parallel()
	needBuildKit(t)
	for _, e := range containerEngines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			job := containedJob(t, 600, "trap '' TERM; cd \"$OUTPUT_DIR\" && mkdir -m 700 d && echo x >d/x; while [ ! -e /end ]; do echo works; sleep 0.2; done\n", "0")
			cmd, temp := e.command(t.Context(), t, append(job, "--progress", "plain")...)
			stderr, err := cmd.StderrPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			for lines := bufio.NewScanner(stderr); lines.Scan() && lines.Text() != "[run] works"; {
			}
			_ = cmd.Process.Kill()
			_, _ = io.Copy(io.Discard, stderr)
			_ = cmd.Wait() // it was killed
			for _, n := range e.containers(t) {
				e.awaitGone(t, n)
			}
			quick := containedJob(t, 60, "echo done >\"$OUTPUT_DIR\"/x\n", "0")
			next := exec.CommandContext(t.Context(), cmd.Args[0], append([]string{"run", "--with", e.name, "-o", "out", "--progress", "quiet"}, quick...)...)
			next.Dir, next.Env = cmd.Dir, cmd.Env
			if out, err := next.CombinedOutput(); err != nil {
				t.Errorf("the next run: %v\n%s", err, out)
			}
			left, err := os.ReadDir(filepath.Join(cmd.Dir, "out"))
			if err != nil || len(left) != 1 || left[0].Name() != "x" {
				t.Errorf("outputs of the next run: %v, %v", left, err)
			}
			if err := os.RemoveAll(filepath.Join(cmd.Dir, "out")); err != nil {
				t.Fatal(err)
			}
			e.checkGone(t, cmd, temp)
		})
	}
}

// awaitGone waits until the engine has no container of a name.
func (e containerEngine) awaitGone(t *testing.T, name string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		out, err := exec.Command(filepath.Join(e.bin, e.name), "container", "inspect", name).CombinedOutput()
		if err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("container %s is there a minute after the run was killed\n%s", name, out)
		}
	}
}

// TestSupervisorStoppedInContainers proves that a run whose supervisor is stopped ends by the clock outside of its container, with
// the words of a smoke run.
func TestSupervisorStoppedInContainers(t *testing.T) {
	t.Parallel()
	needBuildKit(t)
	for _, e := range containerEngines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			job := containedJob(t, 2, "sleep 1000\n", "0")
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd, temp := e.command(ctx, t, append(job, "--progress", "quiet", "--grace", "1s")...)
			go stopParentOf(ctx, "/bin/sh\x00/testsupervisorstoppedincontainers-"+e.name+".sh")
			out, _ := cmd.CombinedOutput() // the status is compared
			const want = "error: the job gave no report within 23s after it began: its timeout and the grace were over 20s before [supervisor-stopped]"
			if status := cmd.ProcessState.ExitCode(); status != exit.StatusFindings || !strings.Contains(string(out), want) {
				t.Errorf("exit status %d\n%s", status, out)
			}
			_ = os.Remove(filepath.Join(cmd.Dir, "out")) // which is left if something is in it
			e.checkGone(t, cmd, temp)
		})
	}
}

// relay lets others connect to a socket that only root can. It ends with the test.
func relay(t *testing.T, from, to string) {
	t.Helper()
	listener, err := net.Listen("unix", from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	if err := os.Chmod(from, 0o777); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", to)
			if err != nil {
				_ = in.Close()
				return
			}
			pass := func(a, b net.Conn) {
				_, _ = io.Copy(a, b) // a connection that breaks off ends
				if half, ok := a.(*net.UnixConn); ok {
					_ = half.CloseWrite()
				}
			}
			go pass(out, in)
			go pass(in, out)
		}
	}()
}

// TestOutputsBelongToUser proves that outputs of a Docker Engine that runs as root belong to the user, and that an interrupted run
// leaves nothing that the user cannot remove.
func TestOutputsBelongToUser(t *testing.T) {
	t.Parallel()
	needBuildKit(t)
	if os.Getuid() != 0 {
		needs.Lacks(t, "becoming another user needs root")
	}
	const uid = 54321
	for _, e := range containerEngines(t) {
		if e.name != "docker" {
			continue
		}
		work, err := os.MkdirTemp("", "seedpack-user-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(work) })
		socket := filepath.Join(work, "docker.sock")
		relay(t, socket, strings.TrimPrefix(os.Getenv("SEEDPACK_TEST_DOCKER"), "unix://"))
		docker, err := exec.LookPath("docker")
		if err != nil {
			t.Fatal(err)
		}
		e.bin, e.log = work, filepath.Join(work, "log")
		script := "#!/bin/sh\nprintf '%s ' \"$@\" >>" + e.log + "\nexec env DOCKER_HOST=unix://" + socket + " " + docker + " \"$@\"\n"
		program, err := exec.LookPath("seedpack")
		if err != nil {
			t.Fatal(err)
		}
		for _, user := range []string{"0", "1000", "54321"} {
			job := containedJob(t, 60, "cd \"$OUTPUT_DIR\" && mkdir -m 700 d && echo x >d/x && chmod 600 d/x && id -u\n", user)
			dir := filepath.Join(work, "as-"+user)
			for _, d := range []string{dir, filepath.Join(dir, "tmp")} {
				if err := errors.Join(os.Mkdir(d, 0o755), os.Chown(d, uid, uid)); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(os.Chmod(work, 0o777), writeExecutable(filepath.Join(work, "docker"), []byte(script)), copyTo(dir, strings.TrimPrefix(job[0], "docker-archive:"), job[2], program)); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "./seedpack", "run", "docker-archive:image.tar", "--manifest", "seed.manifest.json", "--with", "docker", "--progress", "quiet", "-o", "out")
			cmd.Dir = dir
			cmd.Env = []string{"PATH=" + work + ":/usr/bin:/bin", "HOME=" + dir, "TMPDIR=" + filepath.Join(dir, "tmp")}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), user+"\n") {
				t.Errorf("as %s: %v\n%s", user, err, out)
			}
			for name, mode := range map[string]os.FileMode{"out": 0o755, "out/d": 0o755, "out/d/x": 0o600} {
				info, err := os.Lstat(filepath.Join(dir, name))
				if err != nil {
					t.Errorf("as %s: %v", user, err)
					continue
				}
				if stat, _ := info.Sys().(*syscall.Stat_t); stat.Uid != uid || stat.Gid != uid || info.Mode().Perm() != mode {
					t.Errorf("as %s: %s is of %d:%d and has mode %v", user, name, stat.Uid, stat.Gid, info.Mode())
				}
			}
			left, err := os.ReadDir(filepath.Join(dir, "tmp"))
			if err != nil || len(left) > 0 {
				t.Errorf("as %s: %v is left, %v", user, left, err)
			}
			if user != "0" {
				continue
			}
			// What root has left in a run that is interrupted is removed by a container.
			waits := containedJob(t, 600, "trap '' TERM; cd \"$OUTPUT_DIR\" && mkdir -m 700 d && echo x >d/x && id -u; sleep 1000\n", user)
			if err := os.Remove(filepath.Join(dir, "image.tar")); err != nil {
				t.Fatal(err)
			}
			if err := copyTo(dir, strings.TrimPrefix(waits[0], "docker-archive:")); err != nil {
				t.Fatal(err)
			}
			again := exec.CommandContext(t.Context(), "./seedpack", append(cmd.Args[1:len(cmd.Args)-3:len(cmd.Args)-3], "plain", "-o", "gone")...)
			again.Dir, again.Env, again.SysProcAttr = cmd.Dir, cmd.Env, cmd.SysProcAttr
			stderr, err := again.StderrPipe()
			if err == nil {
				err = again.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			for lines := bufio.NewScanner(stderr); lines.Scan() && lines.Text() != "[run] 0"; {
			}
			_ = again.Process.Signal(syscall.SIGTERM)
			said, _ := io.ReadAll(stderr)
			_ = again.Wait() // the status is compared
			if status := again.ProcessState.ExitCode(); status != exit.StatusInterrupted {
				t.Errorf("exit status %d\n%s", status, said)
			}
			for _, name := range []string{"gone", "tmp/*"} {
				if left, _ := filepath.Glob(filepath.Join(dir, name)); len(left) > 0 {
					t.Errorf("%q is left", left)
				}
			}
		}
	}
}

// copyTo copies files into a directory, for every user to read.
func copyTo(dir string, paths ...string) error {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := writeExecutable(filepath.Join(dir, filepath.Base(path)), text); err != nil {
			return err
		}
	}
	return nil
}
