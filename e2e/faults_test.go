package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/cli"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
)

// This file publishes through a registry that fails at random, and starts what other tests of registries use, too.

// A fault is what goes wrong between a registry and its client.
type fault struct {
	name string
	// strike spoils a request. It may pass the request on.
	strike func(w http.ResponseWriter, r *http.Request, rng *rand.Rand, next http.Handler)
}

var faults = []fault{
	{"reset before", func(http.ResponseWriter, *http.Request, *rand.Rand, http.Handler) { panic(http.ErrAbortHandler) }},
	{"reset in mid-blob", func(_ http.ResponseWriter, r *http.Request, rng *rand.Rand, _ http.Handler) {
		_, _ = io.CopyN(io.Discard, r.Body, rng.Int64N(2000))
		panic(http.ErrAbortHandler)
	}},
	{"answer lost", func(_ http.ResponseWriter, r *http.Request, _ *rand.Rand, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}},
	{"dropped at a byte", func(w http.ResponseWriter, r *http.Request, rng *rand.Rand, next http.Handler) {
		answer := recorded(r, next)
		answer.copyTo(w, func(body []byte) []byte { return body[:rng.IntN(len(body)+1)] })
		panic(http.ErrAbortHandler)
	}},
	{"500", status(http.StatusInternalServerError, "")},
	{"503 with Retry-After", status(http.StatusServiceUnavailable, "1")},
	{"429", status(http.StatusTooManyRequests, "")},
	{"429 with Retry-After", status(http.StatusTooManyRequests, "1")},
	{"408", status(http.StatusRequestTimeout, "")},
	{"slow", func(w http.ResponseWriter, r *http.Request, rng *rand.Rand, next http.Handler) {
		answer := recorded(r, next)
		time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
		answer.copyTo(slowly{w}, nil)
	}},
	{"truncated manifest", func(w http.ResponseWriter, r *http.Request, rng *rand.Rand, next http.Handler) {
		answer := recorded(r, next)
		cut := func(body []byte) []byte { return body[:rng.IntN(len(body)+1)] }
		if r.Method == http.MethodGet && answer.Code == http.StatusOK {
			answer.Header().Del("Content-Length") // so that the client cannot notice
		} else {
			cut = nil
		}
		answer.copyTo(w, cut)
	}},
	{"wrong digest header", func(w http.ResponseWriter, r *http.Request, rng *rand.Rand, next http.Handler) {
		answer := recorded(r, next)
		if answer.Header().Get("Docker-Content-Digest") != "" {
			answer.Header().Set("Docker-Content-Digest", fmt.Sprintf("sha256:%064x", rng.Uint64()))
		}
		answer.copyTo(w, nil)
	}},
}

// status answers with a status instead of the registry.
func status(code int, after string) func(http.ResponseWriter, *http.Request, *rand.Rand, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ *rand.Rand, _ http.Handler) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(code)
	}
}

// An answer is the registry's answer, which a fault spoils.
type answer struct{ *httptest.ResponseRecorder }

func recorded(r *http.Request, next http.Handler) answer {
	a := answer{httptest.NewRecorder()}
	next.ServeHTTP(a, r)
	return a
}

func (a answer) copyTo(w http.ResponseWriter, change func([]byte) []byte) {
	body := a.Body.Bytes()
	if change != nil {
		body = change(body)
	}
	for name, values := range a.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Code)
	_, _ = w.Write(body) // the client may have gone
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// slowly writes in pieces, with pauses.
type slowly struct{ http.ResponseWriter }

func (s slowly) Write(b []byte) (int, error) {
	for i := 0; i < len(b); i += 1 + len(b)/8 {
		if _, err := s.ResponseWriter.Write(b[i:min(len(b), i+1+len(b)/8)]); err != nil {
			return i, err
		}
		s.ResponseWriter.(http.Flusher).Flush()
		time.Sleep(20 * time.Millisecond)
	}
	return len(b), nil
}

// A faultyRegistry passes requests on. From one request on it spoils some, or all if it breaks for good.
type faultyRegistry struct {
	next    http.Handler
	mu      sync.Mutex
	rng     *rand.Rand
	fault   fault
	first   int
	strikes int
	seen    int
}

func (f *faultyRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	strikes := f.seen >= f.first && f.seen < f.first+f.strikes
	f.seen++
	rng := rand.New(rand.NewPCG(f.rng.Uint64(), 0))
	f.mu.Unlock()
	if !strikes {
		f.next.ServeHTTP(w, r)
		return
	}
	f.fault.strike(w, r, rng, f.next)
}

// forGood are the faults that let no request through. The registry thus never has a name that could not be confirmed.
var forGood = []fault{faults[0], faults[1], faults[4], faults[6]}

// newFaultyRegistry starts a registry whose fault, first request and number of strikes come from the seed.
func newFaultyRegistry(t *testing.T, seed uint64) (f *faultyRegistry, host string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	f = &faultyRegistry{next: toRegistry(t), rng: rng, first: rng.IntN(40), strikes: 1 + rng.IntN(4), fault: faults[seed%uint64(len(faults))]}
	if seed%7 == 6 {
		f.strikes, f.fault = 1<<30, forGood[rng.IntN(len(forGood))]
	}
	server := httptest.NewUnstartedServer(f)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return f, strings.TrimPrefix(server.URL, "http://")
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

// TestFaults proves that a run through a faulty registry ends, either published and verified or with nothing under the name.
func TestFaults(t *testing.T) {
	t.Parallel()
	needRegistry(t)
	seeds := 30
	if os.Getenv("SEEDPACK_LONG") != "" {
		seeds = 120
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

func publishThroughFaults(t *testing.T, builder string, seed uint64) {
	faulty, host := newFaultyRegistry(t, seed)
	namespace := fmt.Sprintf("faults%d-%d", os.Getpid(), seed)
	start := time.Now()
	got, out := runProgram(t, "pack", "testdata/jobs/random-number", "--registry", host+"/"+namespace, "--push", "--tag", "latest",
		"--builder", builder, "--smoke", "off", "--progress", "quiet", "--push-timeout", "1m",
		"--build-context", "busybox:1.36=oci-layout://"+os.Getenv("SEEDPACK_TEST_BASE"))
	took := time.Since(start)
	what := fmt.Sprintf("%s, from request %d on, %d times; %d requests; %s", faulty.fault.name, faulty.first, faulty.strikes, faulty.seen, took.Round(time.Millisecond))
	t.Log(what, "gives", got)

	// Ask the registry itself, without the faults.
	r := registry.Registry{}
	held, err := r.Held(t.Context(), os.Getenv("SEEDPACK_TEST_REGISTRY")+"/"+namespace+"/random-number-gen-0.1.0-seed:0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case got == exit.StatusClean && held != "" && strings.Contains(out, "published ") && strings.Contains(out, "@"+held+"\n"):
	case got == exit.StatusFailure && held == "":
	case got == exit.StatusFailure && held != "" && strings.Contains(out, "is published, without the alias latest"):
	default:
		t.Errorf("%s: exit status %d, and the name is %q's\n%s", what, got, held, out)
	}
	if took > 2*time.Minute {
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
		if os.Getenv(name) == "" {
			if os.Getenv("SEEDPACK_STRICT") != "" {
				t.Fatalf("%s is not set", name)
			}
			t.Skip("there is no base image or no registry: make test makes them")
		}
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
	dir := t.TempDir()
	runc, err := exec.LookPath("runc")
	if err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join(dir, "s")
	cmd := exec.Command(userBuildkitd(t), "--root", filepath.Join(dir, "root"), "--addr", "unix://"+sock, "--config", os.DevNull,
		"--containerd-worker=false", "--oci-worker=true", "--oci-worker-binary="+runc)
	var said lockedBuffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Error(err)
		}
		if t.Failed() && testing.Verbose() {
			t.Log(said.String())
		}
	})
	for range 1000 {
		if _, err := os.Stat(sock); err == nil {
			return "unix://" + sock
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("buildkitd has no socket\n" + said.String())
	return ""
}
