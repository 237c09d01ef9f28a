package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Words that --builder takes in addition to addresses and names of buildx builders.
const (
	builderPrivate = "private" // a buildkitd that we start
	builderDocker  = "docker"  // the Docker Engine; docker:CONTEXT is the one of a context
)

// A Way is one way to find an engine, and what was found there.
type Way struct {
	Way    string `json:"way"`    // what names the engine
	Answer string `json:"answer"` // what was found, in one line
	Taken  bool   `json:"taken"`
}

// named returns the nodes of a builder by its address or name.
func (o *Options) named(builder string) ([]*node, error) {
	place, isContext := strings.CutPrefix(builder, builderDocker+":")
	opt := *o
	switch {
	case strings.Contains(builder, "://"):
		return oneNode(builder, func(ctx context.Context) (*Engine, error) { return dialEngine(ctx, builder, opt.TLS) }), nil
	case builder == builderPrivate:
		nodes := oneNode(builder, func(ctx context.Context) (*Engine, error) { return startPrivate(ctx, opt) })
		nodes[0].private = true
		return nodes, nil
	case builder == builderDocker:
		return oneNode(builder, func(ctx context.Context) (*Engine, error) { return dialDocker(ctx, opt.docker(), "") }), nil
	case isContext:
		return oneNode(builder, func(ctx context.Context) (*Engine, error) { return dialDocker(ctx, opt.docker(), place) }), nil
	}
	return buildxNodes(opt, builder)
}

func oneNode(name string, dial func(context.Context) (*Engine, error)) []*node {
	return []*node{{name: name, from: name, dial: dial}}
}

// connectNamed connects to a builder that the user names.
func connectNamed(ctx context.Context, opt Options, text string) (*Builder, error) {
	nodes, err := namedNodes(opt, text)
	if err != nil {
		return nil, err
	}
	return newBuilder(ctx, nodes)
}

// connectFound connects to the first engine that it finds. It tries what the environment names, the current builder of
// buildx, the Docker Engine, and a private daemon. If an engine is named but does not answer, that is an error: the
// user wants that one.
func connectFound(ctx context.Context, opt Options) (*Builder, []Way, error) {
	var seen []Way
	note := func(way, answer string, taken bool) { seen = append(seen, Way{way, answer, taken}) }
	for _, name := range []string{"SEEDPACK_BUILDER", "BUILDKIT_HOST", "BUILDX_BUILDER"} {
		value := strings.TrimSpace(opt.env(name))
		if value == "" {
			note(name, "not set", false)
			continue
		}
		b, err := connectVariable(ctx, opt, name, value)
		note(name, wayAnswer(b, err), err == nil)
		if err != nil {
			err = fmt.Errorf("%s=%s: %w", name, value, err)
		}
		return b, seen, err
	}
	const buildx = "the current buildx builder"
	builder, err := opt.buildx().current()
	if err != nil {
		note(buildx, err.Error(), false)
		return nil, seen, err
	}
	if builder != nil {
		b, err := connectBuildx(ctx, opt, builder)
		note(buildx, wayAnswer(b, err), err == nil)
		return b, seen, err
	}
	note(buildx, "none is chosen", false)
	b, err := newBuilder(ctx, oneNode(builderDocker, func(ctx context.Context) (*Engine, error) { return dialDocker(ctx, opt.docker(), "") }))
	note("the Docker Engine", wayAnswer(b, err), err == nil)
	if err == nil || ctx.Err() != nil {
		return b, seen, err
	}
	b, private := connectNamed(ctx, opt, builderPrivate)
	note("a private buildkitd", wayAnswer(b, private), private == nil)
	if private != nil {
		return nil, seen, errors.Join(private, fmt.Errorf("and no other engine was found: %w", err))
	}
	return b, seen, nil
}

// connectVariable connects to what an environment variable names. BUILDX_BUILDER holds a name, as for buildx.
func connectVariable(ctx context.Context, opt Options, name, value string) (*Builder, error) {
	if name != "BUILDX_BUILDER" {
		return connectNamed(ctx, opt, value)
	}
	nodes, err := buildxNodes(opt, value)
	if err != nil {
		return nil, err
	}
	return newBuilder(ctx, nodes)
}

// connectBuildx connects to a builder of buildx.
func connectBuildx(ctx context.Context, opt Options, b *buildxBuilder) (*Builder, error) {
	nodes, err := b.nodes(opt)
	if err != nil {
		return nil, err
	}
	return newBuilder(ctx, nodes)
}

// Several reports whether the options name several nodes. It connects to none. If that cannot be read, Connect says why.
func Several(opt Options) bool {
	text := opt.Builder
	for _, name := range []string{"SEEDPACK_BUILDER", "BUILDKIT_HOST", "BUILDX_BUILDER"} {
		if text == "" {
			text = strings.TrimSpace(opt.env(name))
		}
	}
	if text != "" {
		nodes, err := namedNodes(opt, text)
		return err == nil && len(nodes) > 1
	}
	b, err := opt.buildx().current()
	return err == nil && b != nil && len(b.Nodes) > 1
}

func wayAnswer(b *Builder, err error) string {
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return first
	}
	return b.From
}

// startPrivate starts a private daemon and connects to it.
func startPrivate(ctx context.Context, opt Options) (*Engine, error) {
	d, err := startDaemon(ctx, opt)
	if err != nil {
		return nil, fmt.Errorf("start a private BuildKit: %w", err)
	}
	e, err := awaitDaemon(ctx, d.exited, opt.Log, func() (*Engine, error) { return dialEngine(ctx, d.addr, TLSFiles{}) })
	if err != nil {
		return nil, errors.Join(d.explain(ctx, err), d.stop())
	}
	e.From, e.stop, e.daemon = "a private buildkitd", d.stop, d
	return e, nil
}

// awaitDaemon dials a daemon of our own again if it does not answer. On a busy machine it may take long to start, and as long as it
// runs there is reason to wait.
func awaitDaemon(ctx context.Context, exited <-chan struct{}, log io.Writer, dial func() (*Engine, error)) (*Engine, error) {
	begin := time.Now()
	for {
		e, err := dial()
		waited := time.Since(begin)
		if !errors.Is(err, errNoAnswer) || ctx.Err() != nil || waited >= daemonAnswer {
			return e, err
		}
		select {
		case <-exited:
			return nil, err
		default:
		}
		fmt.Fprintf(log, "seedpack: the private buildkitd has not answered for %s: the machine may be busy, waiting\n", waited.Round(time.Second))
	}
}

func (o *Options) env(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}
