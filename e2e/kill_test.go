package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/registry"
)

// This file kills the program, its daemon or both in the middle of a run.

// A moment is when something is killed in a run. It comes with a line of the progress or with a request to the registry,
// which hold some text. Without both, it comes some time after the start.
type moment struct {
	name, line, request string
	after               time.Duration
	answered            bool   // the registry has answered the request by then
	program, daemon     bool   // what is killed
	slow                string // the build argument with which its step sleeps until it is killed
	second              bool   // another run goes on meanwhile
	node                int    // of two nodes, the one whose daemon is killed; 0: there is one node
	long                bool   // only make test-long tries it
}

// sleepFor is how many seconds a killed step would sleep: longer than a test takes. The test thus finds what the kill did
// not end.
const sleepFor = 600

var moments = []moment{
	{name: "start", after: 100 * time.Millisecond, program: true, long: true},
	{name: "definition", line: "load build definition", program: true, long: true},
	{name: "step", line: "step has begun\n", program: true, slow: "STEP"},
	{name: "preparation", line: "[internal] smoke runs", program: true, long: true},
	{name: "smoke", line: "[smoke] a", program: true, slow: "JOB"},
	{name: "export", line: "exporting to image", program: true, long: true},
	{name: "layer", request: "PUT /blobs/uploads/", program: true, long: true},
	{name: "manifest", request: "PUT /manifests/sha256:", answered: true, program: true},
	{name: "verification", request: "GET /manifests/sha256:", program: true, long: true},
	{name: "tag", request: "PUT /manifests/1.0.0", answered: true, program: true},
	{name: "daemon in definition", line: "load build definition", daemon: true, long: true},
	{name: "daemon in step", line: "step has begun\n", daemon: true, slow: "STEP"},
	{name: "daemon in smoke", line: "[smoke] a", daemon: true, slow: "JOB"},
	{name: "daemon in layer", request: "PUT /blobs/uploads/", daemon: true, long: true},
	{name: "daemon in manifest", request: "PUT /manifests/sha256:", daemon: true, long: true},
	{name: "both in step", line: "step has begun\n", program: true, daemon: true, slow: "STEP", second: true},
	{name: "first node in definition", line: "[private] [internal] load build definition", daemon: true, node: 1, long: true},
	{name: "second node in definition", line: "[private-2] [internal] load build definition", daemon: true, node: 2, long: true},
	{name: "first node in step", line: "step has begun\n", daemon: true, slow: "STEP", node: 1},
	{name: "second node in step", line: "step has begun\n", daemon: true, slow: "STEP", node: 2, long: true},
	{name: "first node in smoke", line: "[private] [smoke] a", daemon: true, slow: "JOB", node: 1, long: true},
	{name: "second node in smoke", line: "[private-2] [smoke] a", daemon: true, slow: "JOB", node: 2},
	{name: "first node in layer", request: "PUT /blobs/uploads/", daemon: true, node: 1, long: true},
	{name: "second node in layer", request: "PUT /blobs/uploads/", daemon: true, node: 2, long: true},
	{name: "first node in manifest", request: "PUT /manifests/sha256:", daemon: true, node: 1},
	{name: "second node in manifest", request: "PUT /manifests/sha256:", daemon: true, node: 2, long: true},
	{name: "program with nodes", line: "[smoke] a", program: true, slow: "JOB", node: 1},
}

// TestKilled proves that a killed run leaves nothing behind after the next run, and no name for an image that was not
// verified. The next run succeeds. A run whose daemon is killed ends and says so.
func TestKilled(t *testing.T) {
	t.Parallel()
	needRegistry(t)
	buildkitd := userBuildkitd(t)
	for _, m := range moments {
		if m.long && os.Getenv("SEEDPACK_LONG") == "" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			newKilling(t, m, buildkitd).try()
		})
	}
}

// A killing tries one moment. It has its own cache and its own temporary files.
type killing struct {
	moment
	t                *testing.T
	dir, host, named string

	mu    sync.Mutex
	said  bytes.Buffer
	come  bool         // the moment, in this run
	kill  func() error // nil if there is nothing to kill
	fault error        // of kill
	since time.Time    // it was killed
}

const killedJob = `{"seedVersion": "1.0.0", "job": {"name": "killed", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "Killed",
 "description": "Is killed", "maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 60,
 "resources": {"scalar": [{"name": "cpus", "value": 0.1}, {"name": "mem", "value": 16}, {"name": "disk", "value": 1}]}}}
`

const killedDockerfile = `FROM busybox:1.36
ARG STEP=0
RUN echo step has begun; sleep $STEP; echo made > /made
ARG JOB=0
ENV JOB=$JOB
COPY --chmod=755 run /run
USER nobody
ENTRYPOINT ["/run", "/bin/sh", "-c", "sleep $JOB"]
`

// newKilling makes the job, and the registry that sees the moment.
func newKilling(t *testing.T, m moment, buildkitd string) *killing {
	t.Helper()
	k := &killing{moment: m, t: t, dir: t.TempDir()}
	for _, name := range []string{"job", "tmp", "cache/seedpack/bin"} {
		if err := os.MkdirAll(filepath.Join(k.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(k.dir, "job/seed.manifest.json"), []byte(killedJob), 0o644),
		os.WriteFile(filepath.Join(k.dir, "job/Dockerfile"), []byte(killedDockerfile), 0o644),
		os.WriteFile(filepath.Join(k.dir, "job/run"), launcher386(), 0o755),
		os.WriteFile(filepath.Join(k.dir, "job/seed.smoke.yaml"), []byte("cases:\n  - name: a\n"), 0o644),
		os.Symlink(buildkitd, filepath.Join(k.dir, "cache/seedpack/bin", filepath.Base(buildkitd)))); err != nil {
		t.Fatal(err)
	}
	registry := toRegistry(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if k.answered {
			defer k.see("", r)
		} else {
			k.see("", r)
		}
		registry.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the client is killed
	server.Start()
	t.Cleanup(server.Close)
	k.host = strings.TrimPrefix(server.URL, "http://")
	k.named = fmt.Sprintf("killed%d-%s/killed-1.0.0-seed:1.0.0", os.Getpid(), strings.ReplaceAll(m.name, " ", "-"))
	return k
}

// try kills a run at the moment, runs again, and looks at what is left.
func (k *killing) try() {
	unlock := k.lock()
	status, out := k.run(true, "pack", "--push", "--registry", k.registry())
	unlock()
	if !k.come {
		k.t.Fatalf("the moment never came: exit status %d\n%s", status, out)
	}
	if k.fault != nil {
		k.t.Fatalf("kill: %v\n%s", k.fault, out)
	}
	if k.daemon && !k.program && (status != exit.StatusFailure || !strings.Contains(out, "seedpack: "+k.killedNode()+"the private buildkitd ended before its work was done (signal: killed)\n")) {
		k.t.Errorf("the daemon is killed, and the run ends with status %d\n%s", status, out)
	}
	if took := time.Since(k.since); took > time.Minute {
		k.t.Errorf("the run ended %s after", took)
	}
	held := k.held()
	if (held != "") != (k.name == "tag") {
		k.t.Errorf("the name is %q's", held)
	}
	status, out = k.run(false, "pack", "--push", "--registry", k.registry())
	if status != exit.StatusClean || !strings.Contains(out, "published "+k.host+"/"+k.named+"@"+k.held()) {
		k.t.Errorf("the next run has status %d\n%s", status, out)
	}
	if now := k.held(); held != "" && now != held {
		k.t.Errorf("the next run moved the name from %s to %s", held, now)
	}
	if strings.Contains(out, "already published ") { // without a builder: the next run that needs one cleans up
		if status, out = k.run(false, "smoke"); status != exit.StatusClean {
			k.t.Errorf("the smoke run has status %d\n%s", status, out)
		}
	}
	left := k.left()
	for begun := time.Now(); len(left) > 0 && time.Since(begun) < time.Minute; left = k.left() { // the kernel needs time to end a killed process
		time.Sleep(50 * time.Millisecond)
	}
	if len(left) > 0 {
		k.t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
}

// killedNode returns how an error begins that is about the killed one of two nodes.
func (k *killing) killedNode() string {
	return []string{"", "node private (linux/386): ", "node private-2 (linux/amd64): "}[k.node]
}

// lock holds the first root until unlock, if another run is to go on meanwhile.
func (k *killing) lock() (unlock func()) {
	k.t.Helper()
	if !k.second {
		return func() {}
	}
	root := filepath.Join(k.dir, "cache/seedpack/buildkit/0")
	if err := os.MkdirAll(root, 0o700); err != nil {
		k.t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(root, "seedpack.lock"))
	if err != nil {
		k.t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		k.t.Fatal(err)
	}
	return func() { _ = f.Close() } // nothing was written
}

// registry returns where the job is published.
func (k *killing) registry() string { return k.host + "/" + strings.Split(k.named, "/")[0] }

// run runs a command with the job. If killed is true, the moment kills it.
func (k *killing) run(killed bool, command ...string) (status int, out string) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 3*time.Minute)
	defer cancel()
	pause := "STEP=0"
	if killed && k.slow != "" {
		pause = fmt.Sprintf("%s=%d", k.slow, sleepFor)
	}
	builders := []string{"--builder", "private"}
	if k.node > 0 {
		builders = []string{"--builder", "linux/386=private", "--builder", "linux/amd64=private", "--platform", "linux/386,linux/amd64"}
	}
	cmd := exec.CommandContext(ctx, "seedpack", append(append(command, builders...), filepath.Join(k.dir, "job"),
		"--progress", "plain", "--build-arg", pause,
		"--build-context", "busybox:1.36=oci-layout://"+os.Getenv("SEEDPACK_TEST_BASE"))...)
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(k.dir, "cache"), "TMPDIR="+filepath.Join(k.dir, "tmp"),
		"SOURCE_DATE_EPOCH=0", "PATH="+os.Getenv("PATH")+":/usr/sbin")
	cmd.Stdout, cmd.Stderr = k, k
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	k.mu.Lock()
	k.said.Reset()
	if killed {
		k.kill = func() error { return k.killIn(cmd) }
	}
	err := cmd.Start()
	k.mu.Unlock()
	if err != nil {
		k.t.Fatal(err)
	}
	if killed && k.line == "" && k.request == "" {
		k.trigger()
	}
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		k.t.Error(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kill = nil
	return cmd.ProcessState.ExitCode(), k.said.String()
}

// Write takes the output of the program.
func (k *killing) Write(p []byte) (int, error) {
	k.mu.Lock()
	k.said.Write(p)
	said := k.said.String()
	k.mu.Unlock()
	k.see(said, nil)
	return len(p), nil
}

// see kills if an output or a request is the moment.
func (k *killing) see(said string, r *http.Request) {
	if r == nil && k.line != "" && strings.Contains(said, k.line) {
		k.trigger()
	}
	if method, path, _ := strings.Cut(k.request, " "); r != nil && k.request != "" && r.Method == method && strings.Contains(r.URL.Path, path) {
		k.trigger()
	}
}

// trigger kills, once in a run.
func (k *killing) trigger() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kill == nil {
		return
	}
	time.Sleep(k.after)
	fault := k.awaitSleep()
	k.come, k.since, k.fault, k.kill = true, time.Now(), errors.Join(fault, k.kill()), nil
}

// awaitSleep waits until a slow step sleeps in its container. The line of the step comes earlier.
func (k *killing) awaitSleep() error {
	for begun := time.Now(); k.slow != "" && !k.sleeps(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			return errors.New("the slow step does not sleep")
		}
	}
	return nil
}

// sleeps reports whether a process of the run's containers sleeps.
func (k *killing) sleeps() bool {
	want := fmt.Appendf(nil, "sleep\x00%d\x00", sleepFor)
	found, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	for _, proc := range found {
		text, err := os.ReadFile(filepath.Join(proc, "cmdline"))
		if err == nil && bytes.Equal(text, want) && k.mount(filepath.Join(proc, "mountinfo"), "/") != "" {
			return true
		}
	}
	return false
}

// killIn kills the program alone, its daemon alone, or both.
func (k *killing) killIn(cmd *exec.Cmd) error {
	var err error
	if k.daemon {
		var record struct{ PID int }
		root := "0"
		if k.second || k.node == 2 {
			root = "1"
		}
		text, readErr := os.ReadFile(filepath.Join(k.dir, "cache/seedpack/buildkit", root, "seedpack.json"))
		if err := errors.Join(readErr, json.Unmarshal(text, &record)); err != nil {
			return err
		}
		err = syscall.Kill(record.PID, syscall.SIGKILL)
	}
	if k.program {
		err = errors.Join(err, cmd.Process.Kill())
	}
	return err
}

// held returns the digest that the registry itself has under the name.
func (k *killing) held() string {
	k.t.Helper()
	held, err := registry.Registry{}.Held(k.t.Context(), os.Getenv("SEEDPACK_TEST_REGISTRY")+"/"+k.named)
	if err != nil {
		k.t.Fatal(err)
	}
	return held
}

// left returns the processes, mounts, containers and temporary files of the runs.
func (k *killing) left() []string {
	var all []string
	found, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	for _, proc := range found {
		for _, name := range []string{"cmdline", "environ"} {
			if text, err := os.ReadFile(filepath.Join(proc, name)); err == nil && bytes.Contains(text, []byte(k.dir)) {
				all = append(all, fmt.Sprintf("process: %s %q", proc, text))
			}
		}
		if root := k.mount(filepath.Join(proc, "mountinfo"), "/"); root != "" {
			all = append(all, "process in a container: "+proc+" "+root)
		}
	}
	if mount := k.mount("/proc/self/mountinfo", ""); mount != "" {
		all = append(all, "mount: "+mount)
	}
	states, _ := filepath.Glob("/run/runc/*/state.json")
	for _, state := range states {
		if text, err := os.ReadFile(state); err == nil && bytes.Contains(text, []byte(k.dir)) {
			all = append(all, "container: "+state)
		}
	}
	for _, pattern := range []string{"tmp/*", "cache/*/*/*/tmp/*", "cache/*/*/*/seedpack.json", "cache/*/*/*/runc-*/executor/*/*", "cache/*/*/*/runc-*/executor/hosts.*"} {
		files, _ := filepath.Glob(filepath.Join(k.dir, pattern))
		all = append(all, files...)
	}
	return all
}

// mount returns the first mount that names the directory of the test. If at is not empty, the mount must be there.
func (k *killing) mount(file, at string) string {
	lines, _ := os.ReadFile(file) // the process may have ended
	for line := range strings.Lines(string(lines)) {
		fields := strings.Fields(line)
		if strings.Contains(line, k.dir) && len(fields) > 4 && (at == "" || fields[4] == at) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
