//go:build unix

package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// This file runs launch.cjs, which finds, downloads or builds the program, and starts it.

// A launcher is an action's tree with launch.cjs in it, on its own runner.
type launcher struct {
	t     *testing.T
	dir   string // the action's tree
	temp  string // RUNNER_TEMP
	tools string // RUNNER_TOOL_CACHE
	env   []string
}

const launcherVersion = "v1.2.3"

// says is the program of a release, or an installed one. It prints what it was started with.
const says = `#!/bin/sh
case $1 in
version) echo "seedpack v1.2.3"; exit ;;
esac
echo "started: $*, path $INPUT_PATH, token $ACTIONS_RUNTIME_TOKEN"
exit 1
`

// daemon is the buildkitd of a release.
const daemon = "#!/bin/sh\n"

// newLauncher makes the tree. Without node, the test is skipped.
func newLauncher(t *testing.T) *launcher {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("SEEDPACK_STRICT") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	l := &launcher{t: t, dir: t.TempDir(), temp: t.TempDir(), tools: t.TempDir()}
	script, err := os.ReadFile("launch.cjs")
	if err != nil {
		t.Fatal(err)
	}
	l.write("launch.cjs", string(script))
	l.env = append(os.Environ(), "RUNNER_TEMP="+l.temp, "RUNNER_TOOL_CACHE="+l.tools,
		"GITHUB_STATE="+filepath.Join(l.temp, "state"), "INPUT_PATH= a b ", "ACTIONS_RUNTIME_TOKEN=opaque",
		"GITHUB_PATH=", "HTTP_PROXY=", "http_proxy=", "NO_PROXY=", "no_proxy=")
	return l
}

// write writes a file of the tree.
func (l *launcher) write(name, text string) {
	l.t.Helper()
	writeProgram(l.t, filepath.Join(l.dir, name), text)
}

// writeProgram writes a file that is to be executed. No child process starts meanwhile: it would inherit the open file,
// and Linux refuses to execute a file that is open for writing (ETXTBSY, https://go.dev/issue/22315).
func writeProgram(t *testing.T, name, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// records writes the sum of a release for this machine into the action's tree.
func (l *launcher) records(program string) {
	l.t.Helper()
	l.write("release.sums", fmt.Sprintf("# %s\n%x  %s\n", launcherVersion, sha256.Sum256([]byte(program)), releaseName()))
}

// releaseName returns the name of the program in a release for this machine.
func releaseName() string { return "seedpack_" + runtime.GOOS + "_" + runtime.GOARCH }

func (l *launcher) command(env ...string) *exec.Cmd {
	cmd := exec.Command("node", filepath.Join(l.dir, "launch.cjs"))
	cmd.Env = append(l.env[:len(l.env):len(l.env)], env...)
	return cmd
}

// run returns what was printed, with the exit status in the last line.
func (l *launcher) run(env ...string) string {
	l.t.Helper()
	cmd := l.command(env...)
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		l.t.Fatal(err)
	}
	return fmt.Sprintf("%sexit %d", out, cmd.ProcessState.ExitCode())
}

// want wants a result of run.
func (l *launcher) want(want string, env ...string) {
	l.t.Helper()
	if got := l.run(env...); got != want {
		l.t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A mirror offers one body as the release for this machine. It refuses some requests first.
type mirror struct {
	*httptest.Server
	body     atomic.Value
	daemon   atomic.Value
	refuse   atomic.Int32
	requests atomic.Int32
}

func newMirror(t *testing.T, body string) *mirror {
	m := &mirror{}
	m.body.Store(body)
	m.daemon.Store(daemon)
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		switch {
		case r.URL.Path == "/releases/"+launcherVersion+"/"+strings.Replace(releaseName(), "seedpack", "buildkitd", 1):
			io.WriteString(w, m.daemon.Load().(string))
		case r.URL.Path != "/releases/"+launcherVersion+"/"+releaseName():
			http.NotFound(w, r)
		case m.refuse.Add(-1) >= 0:
			http.Error(w, "later", http.StatusServiceUnavailable)
		default:
			io.WriteString(w, m.body.Load().(string))
		}
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *mirror) input() string { return "INPUT_DOWNLOAD-URL=" + m.URL + "/releases/" }

const started = "started: action, path  a b , token opaque\nexit 1"

// TestLauncherTakesRelease proves that the launcher downloads a release, retries, and then takes it from the tool cache.
func TestLauncherTakesRelease(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, says)
	l.records(says)
	m.refuse.Store(2)
	paths := filepath.Join(l.temp, "path")
	l.want(started, m.input(), "GITHUB_PATH="+paths)
	if want := filepath.Join(l.tools, "seedpack", launcherVersion) + "/"; !strings.HasPrefix(readText(t, paths), want) {
		t.Errorf("later steps have %q on their PATH, want %s…", readText(t, paths), want)
	}
	if n := m.requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3: two were refused", n)
	}
	l.want(started, m.input())
	if n := m.requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3: the program was in the tool cache", n)
	}
}

// TestLauncherRefusesTamperedRelease proves that the launcher starts no program whose SHA-256 is not the recorded one.
func TestLauncherRefusesTamperedRelease(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, "#!/bin/sh\necho evil\n")
	l.records(says)
	refused := "::error title=Seedpack::" + releaseName() + " of " + launcherVersion +
		" does not have the SHA-256 that this action records\nexit 3"
	l.want(refused, m.input())

	// The same holds in the tool cache, where the right program then replaces it.
	m.body.Store(says)
	l.want(started, m.input())
	cached, err := filepath.Glob(filepath.Join(l.tools, "seedpack/*/*/*"))
	if err != nil || len(cached) != 1 {
		t.Fatalf("%q, %v in the tool cache, want one program", cached, err)
	}
	writeProgram(t, cached[0], "#!/bin/sh\necho evil\n")
	l.want(started, m.input())
}

// TestLauncherTakesBuildKit proves that a runner without BuildKit gets that of the release, next to the program.
func TestLauncherTakesBuildKit(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/var/run/docker.sock"); err == nil {
		t.Skip("this machine has Docker, whose BuildKit the action uses")
	}
	l, m := newLauncher(t), newMirror(t, says)
	l.write("release.sums", fmt.Sprintf("# %s\n%x  %s\n%x *%s\n", launcherVersion, sha256.Sum256([]byte(says)), releaseName(),
		sha256.Sum256([]byte(daemon)), strings.Replace(releaseName(), "seedpack", "buildkitd", 1)))
	path := "PATH=" + onlyNode(t) + ":/bin"
	for _, env := range [][]string{{"INPUT_COMMAND=lint"}, {"INPUT_COMMAND=verify"}, {"INPUT_BUILDER=tcp://x"}, {"BUILDKIT_HOST=tcp://x"}, {"INPUT_COMMAND=pack"}} {
		l.want(started, append(env, m.input(), path)...)
		found, err := filepath.Glob(filepath.Join(l.tools, "seedpack/*/*/buildkitd"))
		if err != nil || (len(found) == 1) != (env[0] == "INPUT_COMMAND=pack") {
			t.Errorf("%q: %q, %v", env, found, err)
		}
	}
	if err := os.RemoveAll(l.tools); err != nil {
		t.Fatal(err)
	}
	l.want(started, "INPUT_COMMAND=smoke", "INPUT_BUILDER=private", m.input(), path)
	if found, err := filepath.Glob(filepath.Join(l.tools, "seedpack/*/*/buildkitd")); len(found) != 1 {
		t.Errorf("for a private builder: %q, %v", found, err)
	}
	// A buildkitd whose sum is not the recorded one is refused.
	m.daemon.Store("evil")
	if err := os.RemoveAll(l.tools); err != nil {
		t.Fatal(err)
	}
	l.want("::error title=Seedpack::"+strings.Replace(releaseName(), "seedpack", "buildkitd", 1)+" of "+launcherVersion+
		" does not have the SHA-256 that this action records\nexit 3", m.input(), path)
}

// TestLauncherBuilds proves that the launcher builds the program from the action's tree if there is no release to take.
func TestLauncherBuilds(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, says)
	l.write("go.mod", "module example.com/action\n\ngo 1.21\n")
	l.write("main.go", "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\tfmt.Println(\"built:\", os.Args[1])\n}\n")
	// The tree records no release, then one for other machines, then one that is gone.
	l.want("built: action\nexit 0")
	l.write("release.sums", "# "+launcherVersion+"\n00  seedpack_plan9_mips\n")
	l.want("built: action\nexit 0", m.input())
	l.records(says)
	l.want("built: action\nexit 0", "INPUT_DOWNLOAD-URL="+m.URL+"/gone")
	l.want("::error title=Seedpack::no release for this runner, and no Go to build the program with: put actions/setup-go before\nexit 3",
		"INPUT_DOWNLOAD-URL="+m.URL+"/gone", "PATH="+onlyNode(t))
}

// onlyNode returns a PATH with node alone.
func onlyNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(node, filepath.Join(dir, "node")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLauncherWorkingDirectory proves that the launcher starts the program in working-directory.
func TestLauncherWorkingDirectory(t *testing.T) {
	t.Parallel()
	l, dir := newLauncher(t), t.TempDir()
	program := filepath.Join(dir, "seedpack")
	writeProgram(t, program, "#!/bin/sh\n[ $1 = version ] || pwd\n")
	l.want(dir+"\nexit 0", "INPUT_BINARY=./seedpack", "INPUT_WORKING-DIRECTORY="+dir)
	l.want("::error title=Seedpack::ENOENT: no such file or directory, chdir '"+workingDirectory(t)+"' -> '/none'\nexit 3",
		"INPUT_BINARY=./seedpack", "INPUT_WORKING-DIRECTORY=/none")
}

// workingDirectory returns the directory in which the tests of this package run.
func workingDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLauncherPreinstalled proves that the launcher starts an installed program only if it has the action's version.
func TestLauncherPreinstalled(t *testing.T) {
	t.Parallel()
	l := newLauncher(t)
	l.records(says)
	program := filepath.Join(t.TempDir(), "seedpack")
	binary := "INPUT_BINARY=" + program
	l.want("::error title=Seedpack::binary: spawnSync "+program+" ENOENT\nexit 3", binary)
	for text, want := range map[string]string{
		says: started,
		strings.Replace(says, "v1.2.3", "v1.2.30", 1): "::error title=Seedpack::binary: " + program +
			" is seedpack v1.2.30, this action is v1.2.3\nexit 3",
	} {
		writeProgram(t, program, text)
		l.want(want, binary)
	}
}

// TestLauncherUsesProxy proves that the launcher downloads through the proxy of the environment.
func TestLauncherUsesProxy(t *testing.T) {
	t.Parallel()
	l, m := newLauncher(t), newMirror(t, says)
	if out, err := exec.Command("node", "-p", "process.versions.node.split('.')[0]").Output(); err != nil || nodeMajor(out) < 24 {
		if os.Getenv("SEEDPACK_STRICT") != "" {
			t.Fatalf("node %s, %v: want 24, as on GitHub's runners", out, err)
		}
		t.Skip("node is older than 24, whose fetch knows no proxies")
	}
	l.records(says)
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Host)
		tunnel(w, r, m.Listener.Addr().String())
	}))
	defer proxy.Close()
	l.want(started, "INPUT_DOWNLOAD-URL=http://mirror.invalid/releases", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL)
	if host, _ := asked.Load().(string); !strings.HasPrefix(host, "mirror.invalid") {
		t.Errorf("the proxy was asked for %q, want mirror.invalid", host)
	}
}

// nodeMajor reads the major version that node printed.
func nodeMajor(out []byte) int {
	n, _ := strconv.Atoi(strings.TrimSpace(string(out)))
	return n
}

// tunnel answers a request to a proxy from one address, for any host.
func tunnel(w http.ResponseWriter, r *http.Request, address string) {
	if r.Method != http.MethodConnect {
		resp, err := http.Get("http://" + address + r.URL.Path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
		return
	}
	there, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return
	}
	go func() {
		io.Copy(there, here)
		there.Close()
	}()
	io.Copy(here, there)
	here.Close()
}

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
