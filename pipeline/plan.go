package pipeline

import (
	"context"
	"maps"
	"slices"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/verify/cases"
)

// What becomes of a name that is another image's, in a Plan.
const (
	HeldSame    = "same"    // it was built from the same sources
	HeldRefused = "refused" // unless what is built is the same
	HeldMoved   = "moved"
)

// plan says what Pack would do with a request. It asks the registry nothing but what the name stands for. A name that is
// held by an image with another manifest is a finding, as for Pack. The publisher is nil if nothing would be published.
func (r *Result) plan(ctx context.Context, request *pack.Request, trials []cases.Case, pub *publisher) error {
	r.Plan = newPlan(request, trials)
	if r.Plan.Build != nil && r.Build != nil {
		r.Plan.Build.From = r.Build.From
	}
	if pub == nil {
		return nil
	}
	r.Plan.Push, r.Plan.Tags = repositoryOf(r.Name), append([]string{tagOf(r.Name)}, pub.Aliases...)
	r.Plan.AttestSmoke = pub.AttestSmoke
	if !pub.Preflight {
		return nil
	}
	held, err := pub.open(ctx, r.Name)
	if err != nil {
		return err
	}
	if held == nil {
		return pub.checkPredecessor(ctx, r, request)
	}
	defer held.Close()
	r.Plan.Held, r.Plan.IfHeld = held.Digest, HeldMoved
	if pub.IfExists == IfExistsOverwrite {
		return nil
	}
	r.Plan.IfHeld = HeldRefused
	same, err := pub.judge(ctx, r, held, request)
	if same {
		r.Plan.IfHeld = HeldSame
	}
	return err
}

// planNodes says which node would build what. Only several nodes are asked: what one has to do is plain.
func (p *Pipeline) planNodes(ctx context.Context, r *Result, request *pack.Request) error {
	if r.Plan.Build == nil || p.host.Nodes == nil || !p.host.Nodes() {
		return nil
	}
	builder, err := p.host.Engine(ctx)
	if err != nil {
		return err
	}
	shares, err := builder.Assign(ctx, request.Platforms, false)
	for _, s := range shares {
		r.Plan.Build.Nodes = append(r.Plan.Build.Nodes, NodePlan{s.Node(), slices.Concat([]string{}, s.Platforms)})
	}
	return err
}

// newPlan has what is done on this machine.
func newPlan(request *pack.Request, trials []cases.Case) *Plan {
	plan := &Plan{Cases: []string{}, Tags: []string{}, Write: []PlannedFile{}}
	if request.Image == nil {
		plan.Build = &BuildPlan{Dockerfile: request.Dockerfile, Context: request.Context, Target: request.Target,
			Platforms: slices.Concat([]string{}, request.Platforms), BuildArgs: names(request.BuildArgs),
			BuildContexts: names(request.BuildContexts), Attestations: names(request.Options.Attest)}
	}
	for _, c := range trials {
		plan.Cases = append(plan.Cases, c.Name)
	}
	for _, o := range request.Outputs {
		plan.Write = append(plan.Write, PlannedFile{o.Type, o.Dest})
	}
	return plan
}

// names lists the keys of a map in order; never nil.
func names(m map[string]string) []string {
	return slices.Concat([]string{}, slices.Sorted(maps.Keys(m)))
}
