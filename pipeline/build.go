package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
)

// build builds the image and asks the gate, in one session of the engine. What passes is exported: pushed by its digest,
// without a name, and written next to the final places of its outputs.
func (p *Pipeline) build(ctx context.Context, r *Result, m material, request *pack.Request, gate func(context.Context, []*pack.Candidate) error) error {
	p.begin(r, StageBuild)
	builder, err := p.host.Engine(ctx)
	if err != nil {
		return err
	}
	if r.holder != nil {
		if err := r.setAside(ctx, builder, request); err != nil {
			return err
		}
	}
	r.add(m.describe(request))
	built, err := p.buildAndPush(ctx, r, builder, *request, gate)
	found, err := m.explain(built.Warnings, err)
	r.add(found)
	var step *FailedStep
	if errors.As(err, &step) && !r.fails() {
		return step.Step // the job's policy does not mind the finding, but there is no image
	}
	if err != nil {
		return err
	}
	r.Built = built
	if r.fails() {
		return exit.Findings
	}
	return nil
}

// pushPauses are the pauses before a push is tried again, plus up to 50 % at random. BuildKit itself has tried several times
// before each.
var pushPauses = [...]time.Duration{2 * time.Second, 6 * time.Second}

// buildAndPush builds again if the push breaks off; what was built before comes from the cache. It asks the gate again, too,
// since another session may build something else.
func (p *Pipeline) buildAndPush(ctx context.Context, r *Result, e *engine.Builder, request pack.Request, gate func(context.Context, []*pack.Candidate) error) (*pack.Result, error) {
	before := *r
	for try := 0; ; try++ {
		built, err := pack.Build(ctx, e, request, gate)
		var broken *pack.PushError
		if !errors.As(err, &broken) || !broken.Passing || try == len(pushPauses) {
			return built, err
		}
		// The engine may report a refusal in the registry's own words alone. Preflight knows it for what it is.
		if refused := p.opt.Remote.Preflight(ctx, request.Repository); registry.IsRefused(refused) || registry.IsFull(refused) {
			return built, refused
		}
		pause := pushPauses[try] + rand.N(pushPauses[try]/2)
		p.warn("%v: trying again in %s", err, pause.Round(time.Second))
		if err := wait(ctx, pause); err != nil {
			return built, err
		}
		r.Reports, r.Smoked = before.Reports, before.Smoked
		p.begin(r, StageBuild)
	}
}

// warn prints a warning on the log of the host.
func (p *Pipeline) warn(format string, args ...any) {
	fmt.Fprintln(p.host.Log, "seedpack: "+report.EscapeLines(fmt.Sprintf(format, args...)))
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
