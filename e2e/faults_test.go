package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/cli"
	"github.com/seedpack/seedpack/e2e/faulty"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
)

// This file publishes through a registry that fails at random, and starts what other tests of registries use, too.

// newFaultyRegistry starts a registry whose faults come from the seed. What it hides, it hides for three seconds at most.
func newFaultyRegistry(t *testing.T, seed uint64) (f *faulty.Registry, host string) {
	t.Helper()
	f = faulty.New(toRegistry(t), seed, 3*time.Second)
	return f, serveFaults(t, f)
}

// serveFaults starts a handler that breaks connections without a word.
func serveFaults(t *testing.T, handler http.Handler) (host string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// toRegistry passes requests on to the registry of the set-up.
func toRegistry(t *testing.T) http.Handler {
	t.Helper()
	return &httputil.ReverseProxy{
		ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: os.Getenv("SEEDPACK_TEST_REGISTRY")})
			r.Out.Host = r.In.Host // that of the proxy, so that uploads go on through it
		},
	}
}

// TestFaults proves that a run through a registry with up to three faults ends: published and verified, or with a word on what
// was not done.
func TestFaults(t *testing.T) {
	t.Parallel()
	needRegistry(t)
	seeds := 40
	if os.Getenv("SEEDPACK_LONG") != "" {
		seeds = 300
	}
	builder := startBuilder(t)
	var runs errgroup.Group
	runs.SetLimit(12) // more than -parallel allows, because a run mostly waits
	for seed := range uint64(seeds) {
		runs.Go(func() error {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { publishThroughFaults(t, builder, seed) })
			return nil
		})
	}
	_ = runs.Wait() // no run returns an error
}

// undone matches how a run says what was not done, or is not known.
var undone = regexp.MustCompile(`is not named|is not published|could not be found out|names the unverified image|is published, without the alias|another run published it`)

func publishThroughFaults(t *testing.T, builder string, seed uint64) {
	faults, host := newFaultyRegistry(t, seed)
	namespace := fmt.Sprintf("faults%d-%d", os.Getpid(), seed)
	start := time.Now()
	got, out := runProgram(t, "pack", "testdata/jobs/random-number", "--registry", host+"/"+namespace, "--push", "--tag", "latest",
		"--builder", builder, "--smoke", "off", "--progress", "quiet", "--push-timeout", "1m",
		"--build-context", "busybox:1.36=oci-layout://"+os.Getenv("SEEDPACK_TEST_BASE"))
	took := time.Since(start)
	what := fmt.Sprintf("%s; %s", faults, took.Round(time.Millisecond))
	t.Log(what, "gives", got)

	// Ask the registry itself, without the faults.
	const name = "/random-number-gen-0.1.0-seed:0.1.0"
	reference := os.Getenv("SEEDPACK_TEST_REGISTRY") + "/" + namespace + name
	held, err := registry.Registry{}.Held(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case got == exit.StatusClean && held != "" && strings.Contains(out, "published ") && strings.Contains(out, "@"+held+"\n"):
		if status, said := runProgram(t, "verify", reference, "--against", "testdata/jobs/random-number"); status != exit.StatusClean {
			t.Errorf("%s: what was published is not verified: %s", what, said)
		}
	case got == exit.StatusFailure && undone.MatchString(out) && (held == "" || !strings.Contains(out, name+" is not ")):
	default:
		t.Errorf("%s: exit status %d, and the name is %q's\n%s", what, got, held, out)
	}
	if took > 3*time.Minute {
		t.Errorf("%s: it took %s", what, took)
	}
}

// runProgram runs a command in this process and returns both of its streams as one.
func runProgram(t *testing.T, args ...string) (status int, output string) {
	t.Helper()
	var out lockedBuffer
	p := cli.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: os.Getenv}
	status = cli.Run(t.Context(), args, p)
	return status, out.String()
}

// A lockedBuffer takes writes from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// needRegistry skips a test without a base image or a registry.
func needRegistry(t *testing.T) {
	t.Helper()
	for _, name := range []string{"SEEDPACK_TEST_BASE", "SEEDPACK_TEST_REGISTRY"} {
		needs.Variable(t, name)
	}
}

// userBuildkitd returns the program of private daemons, from the user's cache.
func userBuildkitd(t *testing.T) string {
	t.Helper()
	programs := filepath.Join(cli.CacheDir(os.Getenv), "bin", "buildkitd-*")
	found, err := filepath.Glob(programs)
	if err != nil || len(found) == 0 {
		// The first private daemon builds it.
		e, err := engine.Connect(t.Context(), engine.Options{Builder: "private", CacheDir: cli.CacheDir(os.Getenv)})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if found, err = filepath.Glob(programs); err != nil || len(found) == 0 {
			t.Fatal("there is no buildkitd", err)
		}
	}
	return found[len(found)-1]
}

// startBuilder starts the same buildkitd that private daemons are, for many runs, with a directory of its own.
func startBuilder(t *testing.T) (addr string) {
	t.Helper()
	program := userBuildkitd(t)
	addr, stop, said, err := launchBuilder(program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() && testing.Verbose() {
			t.Log(said.String())
		}
	})
	return addr
}

// launchBuilder starts a buildkitd that keeps all it has in a directory, whose path must be short: the socket is in it. The caller
// stops it.
func launchBuilder(program, dir string) (addr string, stop func() error, said *lockedBuffer, err error) {
	runc, err := exec.LookPath("runc")
	if err != nil {
		return "", nil, nil, err
	}
	sock, said := filepath.Join(dir, "s"), &lockedBuffer{}
	cmd := exec.Command(program, "--root", filepath.Join(dir, "root"), "--addr", "unix://"+sock, "--config", os.DevNull,
		"--containerd-worker=false", "--oci-worker=true", "--oci-worker-binary="+runc, "--otel-socket-path", filepath.Join(dir, "o"))
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", nil, nil, err
	}
	stop = func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			return err
		}
		return nil
	}
	for range 1000 {
		if _, err := os.Stat(sock); err == nil {
			return "unix://" + sock, stop, said, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return "", nil, nil, errors.Join(errors.New("buildkitd has no socket\n"+said.String()), stop())
}
