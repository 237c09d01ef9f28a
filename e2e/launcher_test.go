//go:build unix

package e2e_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

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
	needs.Program(t, "node")
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
