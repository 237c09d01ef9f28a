package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/connhelper"
	"github.com/moby/buildkit/client/connhelper/dockercontainer"
	"github.com/moby/buildkit/client/connhelper/kubepod"
	"github.com/moby/buildkit/client/connhelper/podmancontainer"
	"github.com/moby/buildkit/client/connhelper/ssh"
)

// An Engine is a BuildKit to build with. It may be used by several builds at once.
type Engine struct {
	client *client.Client
	stop   func() error
	// From says in a few words where the engine was found.
	From string
}

// EngineOptions say where to look for an engine. The zero value starts a private one.
type EngineOptions struct {
	// Builder is the address of a BuildKit: unix://, tcp://, docker-container://, podman-container://, kube-pod:// or
	// ssh://. Empty starts a private buildkitd.
	Builder string
	// CacheDir is where the private daemon, its program and its build cache live. Required without Builder.
	CacheDir string
	// Log is told what takes long: one line each. Default: nobody.
	Log io.Writer
}

// connectTimeout bounds the first answer of an engine that is said to be there.
const connectTimeout = 15 * time.Second

// Connect finds or starts an engine and makes sure that it answers. The caller closes it, which stops what was started.
func Connect(ctx context.Context, opt EngineOptions) (*Engine, error) {
	if opt.Log == nil {
		opt.Log = io.Discard
	}
	if opt.Builder != "" {
		return dialEngine(ctx, opt.Builder)
	}
	d, err := startDaemon(ctx, opt)
	if err != nil {
		return nil, fmt.Errorf("start a private BuildKit: %w", err)
	}
	e, err := dialEngine(ctx, d.addr)
	if err != nil {
		return nil, errors.Join(err, d.stop())
	}
	e.From, e.stop = "a private buildkitd", d.stop
	return e, nil
}

// Close hangs up and stops what Connect started. It may be called once.
func (e *Engine) Close() error {
	err := e.client.Close()
	if e.stop != nil {
		err = errors.Join(err, e.stop())
	}
	return err
}

func dialEngine(ctx context.Context, addr string) (*Engine, error) {
	opts, err := dialOptions(addr)
	if err != nil {
		return nil, err
	}
	c, err := client.New(ctx, addr, opts...)
	if err != nil {
		return nil, fmt.Errorf("builder %s: %w", addr, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, fmt.Errorf("no answer within %s", connectTimeout))
	defer cancel()
	if _, err := c.ListWorkers(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, errors.Join(fmt.Errorf("reach the builder at %s: %w\n"+
			"is a BuildKit listening there? leave out --builder and BUILDKIT_HOST to have Seedpack start its own", addr, err), c.Close())
	}
	return &Engine{client: c, From: "the builder at " + addr}, nil
}

// dialOptions maps BuildKit's own connection schemes to their dialers. They are called by name, since their packages
// would register themselves only when imported for that effect.
func dialOptions(addr string) ([]client.ClientOpt, error) {
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
	case "tcp", "npipe":
		return nil, nil
	}
	return nil, fmt.Errorf("builder %q: scheme %q is unknown: write unix://, tcp://, docker-container://, podman-container://, kube-pod:// or ssh://", addr, u.Scheme)
}

// dialOnce fails at once where nothing listens: gRPC would try again for seconds.
func dialOnce(addr string) error {
	c, err := net.Dial("unix", strings.TrimPrefix(addr, "unix://"))
	if err != nil {
		return fmt.Errorf("reach the builder: %w\nis buildkitd running? leave out --builder and BUILDKIT_HOST to have Seedpack start its own", err)
	}
	return c.Close()
}
