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
	HeldRefused = "refused"
	HeldLeft    = "left"
	HeldMoved   = "moved"
)

// plan is made from what Pack would go by. It asks the registry nothing but what the name stands for. A name that is an
// image's with another manifest is a finding, as for Pack.
func (p *Pipeline) plan(ctx context.Context, r *Result, request *pack.Request, cases []cases.Case) (err error) {
	if r.Plan, err = p.makePlan(ctx, r, request, cases); err == nil && r.Plan.IfHeld == HeldRefused {
		err = p.conflictEarly(ctx, r, request.Label)
	}
	return err
}

func (p *Pipeline) makePlan(ctx context.Context, r *Result, request *pack.Request, cases []cases.Case) (*Plan, error) {
	plan := &Plan{Cases: []string{}, Tags: []string{}, Write: []PlannedFile{}}
	if request.Image == nil {
		plan.Build = &BuildPlan{Dockerfile: request.Dockerfile, Context: request.Context, Target: request.Target,
			Platforms: slices.Concat([]string{}, request.Platforms), BuildArgs: names(request.BuildArgs),
			BuildContexts: names(request.BuildContexts), Attestations: names(request.Options.Attest)}
	}
	for _, c := range cases {
		plan.Cases = append(plan.Cases, c.Name)
	}
	for _, o := range request.Outputs {
		plan.Write = append(plan.Write, PlannedFile{o.Type, o.Dest})
	}
	if p.opt.Publish == nil {
		return plan, nil
	}
	plan.Push, plan.Tags = repositoryOf(r.Name), append([]string{tagOf(r.Name)}, p.opt.Publish.Aliases...)
	var err error
	if p.opt.Publish.Preflight {
		plan.Held, err = p.opt.Remote.Held(ctx, r.Name)
	}
	if plan.Held != "" {
		plan.IfHeld = map[string]string{IfExistsSkip: HeldLeft, IfExistsOverwrite: HeldMoved}[p.opt.Publish.IfExists]
		if plan.IfHeld == "" {
			plan.IfHeld = HeldRefused
		}
	}
	return plan, err
}

// names lists the keys of a map in order; never nil.
func names(m map[string]string) []string {
	return slices.Concat([]string{}, slices.Sorted(maps.Keys(m)))
}
