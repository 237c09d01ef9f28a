package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// connectNamed connects to a builder by its address or name.
func connectNamed(ctx context.Context, opt Options, builder string) (*Engine, error) {
	context, isContext := strings.CutPrefix(builder, builderDocker+":")
	switch {
	case strings.Contains(builder, "://"):
		return dialEngine(ctx, builder, opt.TLS)
	case builder == builderPrivate:
		return startPrivate(ctx, opt)
	case builder == builderDocker:
		return dialDocker(ctx, opt.docker(), "")
	case isContext:
		return dialDocker(ctx, opt.docker(), context)
	}
	return dialBuilder(ctx, opt, builder)
}

// connectFound connects to the first engine that it finds. It tries what the environment names, the current builder of
// buildx, the Docker Engine, and a private daemon. If an engine is named but does not answer, that is an error: the
// user wants that one.
func connectFound(ctx context.Context, opt Options) (*Engine, []Way, error) {
	var seen []Way
	note := func(way, answer string, taken bool) { seen = append(seen, Way{way, answer, taken}) }
	for _, name := range []string{"SEEDPACK_BUILDER", "BUILDKIT_HOST", "BUILDX_BUILDER"} {
		value := opt.env(name)
		if value == "" {
			note(name, "not set", false)
			continue
		}
		connect := connectNamed
		if name == "BUILDX_BUILDER" {
			connect = dialBuilder
		}
		e, err := connect(ctx, opt, value)
		note(name, wayAnswer(e, err), err == nil)
		if err != nil {
			err = fmt.Errorf("%s=%s: %w", name, value, err)
		}
		return e, seen, err
	}
	const buildx = "the current buildx builder"
	builder, err := opt.buildx().current()
	if err != nil {
		note(buildx, err.Error(), false)
		return nil, seen, err
	}
	if builder != nil {
		e, err := dialNode(ctx, opt, builder)
		note(buildx, wayAnswer(e, err), err == nil)
		return e, seen, err
	}
	note(buildx, "none is chosen", false)
	e, err := dialDocker(ctx, opt.docker(), "")
	note("the Docker Engine", wayAnswer(e, err), err == nil)
	if err == nil || ctx.Err() != nil {
		return e, seen, err
	}
	e, private := startPrivate(ctx, opt)
	note("a private buildkitd", wayAnswer(e, private), private == nil)
	if private != nil {
		return nil, seen, errors.Join(private, fmt.Errorf("and no other engine was found: %w", err))
	}
	return e, seen, nil
}

func wayAnswer(e *Engine, err error) string {
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return first
	}
	return e.From
}

// startPrivate starts a private daemon and connects to it.
func startPrivate(ctx context.Context, opt Options) (*Engine, error) {
	d, err := startDaemon(ctx, opt)
	if err != nil {
		return nil, fmt.Errorf("start a private BuildKit: %w", err)
	}
	e, err := dialEngine(ctx, d.addr, TLSFiles{})
	if err != nil {
		return nil, errors.Join(d.explain(ctx, err), d.stop())
	}
	e.From, e.stop, e.daemon = "a private buildkitd", d.stop, d
	return e, nil
}

func (o *Options) env(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}
