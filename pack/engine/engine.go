// Package engine finds, starts and questions a BuildKit, which may be part of a Docker Engine. It builds nothing, and
// it does not know jobs.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/connhelper"
	"github.com/moby/buildkit/client/connhelper/dockercontainer"
	"github.com/moby/buildkit/client/connhelper/kubepod"
	"github.com/moby/buildkit/client/connhelper/podmancontainer"
	"github.com/moby/buildkit/client/connhelper/ssh"
	"github.com/moby/buildkit/worker/label"
	mobyclient "github.com/moby/moby/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seedpack/seedpack/pack/registry"
)

// An Engine is a connection to a BuildKit. Several builds may use it at once.
type Engine struct {
	client  *client.Client
	asking  sync.Mutex
	workers []*client.WorkerInfo // nil until they are first needed
	docker  *mobyclient.Client   // of a Docker Engine; nil for other engines
	daemon  *daemon              // private; nil for other engines
	stop    func() error
	node    string // its name among several nodes of a builder; empty if it is the only one
	// From says in a few words where the engine was found.
	From string
}

// Options say how to find an engine. The zero value takes the Docker Engine at its default socket.
type Options struct {
	// Builder is the address of a BuildKit (unix://, tcp://, docker-container://, podman-container://, kube-pod:// or
	// ssh://) or the name of a buildx builder. "docker" and "docker:CONTEXT" are the Docker Engine. "private" starts a
	// buildkitd. There may be several, one a line. PLATFORM[,PLATFORM]= before one says what it builds for. If it is
	// empty, the first one found is used: SEEDPACK_BUILDER, BUILDKIT_HOST, BUILDX_BUILDER, the current buildx builder, the
	// Docker Engine, a private buildkitd.
	Builder string
	TLS     TLSFiles // for tcp://
	// CacheDir holds the private daemon, its program and its build cache. It is required if a private daemon is
	// started.
	CacheDir string
	// Config is a buildkitd.toml for the private daemon; empty: none.
	Config string
	// Trust is also what the private daemon trusts in registries.
	Trust registry.Trust
	// Getenv is the environment in which engines are looked for. Default: an empty one.
	Getenv func(string) string
	// Log gets a line about each thing that takes long. Default: none.
	Log io.Writer
}

// TLSFiles are the files for a connection to tcp://. Without CA, the certificates of the system are trusted. If all
// fields are empty, the connection has no TLS.
type TLSFiles struct {
	CA, Cert, Key string
	ServerName    string // default: the host of the address
}

// Check returns an error if a file is missing.
func (t TLSFiles) Check() error {
	if (t.Cert == "") != (t.Key == "") {
		return errors.New("a certificate and its key go together: name both, or neither")
	}
	return nil
}

func (t TLSFiles) options() []client.ClientOpt {
	var all []client.ClientOpt
	switch {
	case t.CA != "":
		all = append(all, client.WithServerConfig(t.ServerName, t.CA))
	case t.Cert != "" || t.ServerName != "":
		all = append(all, client.WithServerConfigSystem(t.ServerName))
	}
	if t.Cert != "" {
		all = append(all, client.WithCredentials(t.Cert, t.Key))
	}
	return all
}

// connectTimeout is how long an engine may take for its first answer.
const connectTimeout = 15 * time.Second

var errNoAnswer = fmt.Errorf("no answer within %s", connectTimeout)

// Connect finds or starts an engine and checks that it answers. Of several nodes, it leaves that to Builder.Assign. The
// caller closes the builder, which also stops what was started.
func Connect(ctx context.Context, opt Options) (*Builder, error) {
	if opt.Log == nil {
		opt.Log = io.Discard
	}
	var b *Builder
	var err error
	if opt.Builder != "" {
		b, err = connectNamed(ctx, opt, opt.Builder)
	} else {
		b, _, err = connectFound(ctx, opt)
	}
	if err == nil && opt.Config != "" && !slices.ContainsFunc(b.nodes, func(n *node) bool { return n.private }) {
		err = fmt.Errorf("%s would not read %s, which is for a private buildkitd\nname that: --builder private, or leave --buildkitd-config out", b.From, opt.Config)
		return nil, errors.Join(err, b.Close())
	}
	return b, err
}

// Close closes the connection and stops what was started for it. Call it once.
func (e *Engine) Close() error {
	err := e.client.Close()
	if e.stop != nil {
		err = errors.Join(err, e.stop())
	}
	return err
}

func dialEngine(ctx context.Context, addr string, tls TLSFiles) (*Engine, error) {
	opts, err := dialOptions(addr, tls)
	if err != nil {
		return nil, err
	}
	e, err := dialClient(ctx, "the builder at "+addr, addr, opts...)
	if err != nil {
		return nil, fmt.Errorf("%w\nis a BuildKit listening there? --builder private starts one", err)
	}
	return e, nil
}

// dialClient connects to a BuildKit and checks that it answers. If the options have a dialer, the address may be empty.
func dialClient(ctx context.Context, from, addr string, opts ...client.ClientOpt) (*Engine, error) {
	c, err := client.New(ctx, addr, opts...)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", from, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, errNoAnswer)
	defer cancel()
	e := &Engine{client: c, From: from}
	if err := e.ping(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, errors.Join(fmt.Errorf("reach %s: %w", from, err), c.Close())
	}
	return e, nil
}

// ping asks the engine the cheapest question. A list of workers would make it run a program of every architecture.
// Older engines know only that one.
func (e *Engine) ping(ctx context.Context) error {
	_, err := e.client.Info(ctx)
	if status.Code(err) == codes.Unimplemented {
		err = e.askWorkers(ctx)
	}
	return err
}

// askWorkers asks the engine for its workers, once.
func (e *Engine) askWorkers(ctx context.Context) error {
	e.asking.Lock()
	defer e.asking.Unlock()
	if e.workers != nil {
		return nil
	}
	patience, cause := connectTimeout, errNoAnswer
	if e.daemon != nil {
		patience, cause = daemonAnswer, fmt.Errorf("no answer within %s", daemonAnswer)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, cause)
	defer cancel()
	workers, err := e.client.ListWorkers(ctx)
	if err == nil && len(workers) == 0 {
		err = errors.New("it has nothing to build with")
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("ask %s for its workers: %w", e.From, err)
	}
	e.workers = workers
	return nil
}

// classic reports whether the engine is known to keep images in Docker's classic store. It is false before askWorkers.
// The workers of all other stores name a snapshotter.
func (e *Engine) classic() bool {
	e.asking.Lock()
	defer e.asking.Unlock()
	return e.docker != nil && len(e.workers) > 0 && e.workers[0].Labels[label.Snapshotter] == ""
}

// Classic reports whether the engine keeps images in Docker's classic store, which supports neither indexes nor pushes
// by digest. The first call asks the engine.
func (e *Engine) Classic(ctx context.Context) (bool, error) {
	if e.docker == nil {
		return false, nil
	}
	if err := e.askWorkers(ctx); err != nil {
		return false, err
	}
	return e.classic(), nil
}

// Node returns the name of the engine among the nodes of its builder. It is empty if there is only one.
func (e *Engine) Node() string { return e.node }

// Client returns the connection to BuildKit. The engine closes it.
func (e *Engine) Client() *client.Client { return e.client }

// Docker returns the API of the Docker Engine that BuildKit is part of, or nil. The engine closes it.
func (e *Engine) Docker() *mobyclient.Client { return e.docker }

// ExplainError returns an error that says that the private daemon has ended, or that another engine does not answer any more, if
// err comes from that. It returns any other error as it is.
func (e *Engine) ExplainError(ctx context.Context, err error) error {
	if e.daemon != nil {
		return e.daemon.explain(ctx, err)
	}
	if err == nil || ctx.Err() != nil || !lostConnection.MatchString(err.Error()) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lostTimeout)
	defer cancel()
	if e.ping(ctx) == nil {
		return err
	}
	return fmt.Errorf("%w\n%s does not answer any more: look whether it is running, and what its log says", err, e.From)
}

// lostConnection matches how an engine's end looks from here.
var lostConnection = regexp.MustCompile(`Unavailable|EOF|connection re(set|fused)|broken pipe|connection is closing`)

// lostTimeout is how long an engine may take to show that it is there.
const lostTimeout = 3 * time.Second

// dialOptions maps BuildKit's connection schemes to their dialers. It calls them by name: their packages would register
// themselves only if imported for that effect.
func dialOptions(addr string, tls TLSFiles) ([]client.ClientOpt, error) {
	u, err := url.Parse(addr)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("builder %q is no address: write unix:///run/buildkit/buildkitd.sock, tcp://HOST:PORT or docker-container://NAME", addr)
	}
	helpers := map[string]func(*url.URL) (*connhelper.ConnectionHelper, error){
		"docker-container": dockercontainer.Helper,
		"podman-container": podmancontainer.Helper,
		"kube-pod":         kubepod.Helper,
		"ssh":              ssh.Helper,
	}
	if helper, ok := helpers[u.Scheme]; ok {
		h, err := helper(u)
		if err != nil {
			return nil, fmt.Errorf("builder %s: %w", addr, err)
		}
		return []client.ClientOpt{client.WithContextDialer(h.ContextDialer)}, nil
	}
	switch u.Scheme {
	case "unix":
		return nil, dialOnce(addr)
	case "tcp":
		if err := tls.Check(); err != nil {
			return nil, err
		}
		return tls.options(), nil
	case "npipe":
		return nil, nil
	}
	return nil, fmt.Errorf("builder %q: scheme %q is unknown: write unix://, tcp://, docker-container://, podman-container://, kube-pod:// or ssh://", addr, u.Scheme)
}

// dialOnce fails at once if the socket does not accept. gRPC would retry for seconds.
func dialOnce(addr string) error {
	c, err := net.Dial("unix", strings.TrimPrefix(addr, "unix://"))
	if err != nil {
		return fmt.Errorf("reach the builder: %w\nis buildkitd running? --builder private starts one", err)
	}
	return c.Close()
}
