package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/verify/cases"
)

// A plan is what --dry-run says would be done. Values of build arguments and secrets are not in it.
type plan struct {
	Build *buildPlan    `json:"build,omitempty"` // nil for an image that was built elsewhere
	Cases []string      `json:"cases"`           // smoke cases to run
	Push  string        `json:"push,omitempty"`  // repository; empty when nothing is pushed
	Tags  []string      `json:"tags"`
	Held  string        `json:"held,omitempty"` // digest that the name has now
	Write []plannedFile `json:"write"`
	// IfHeld is what becomes of the name where another image has it: refused, left or moved.
	IfHeld string `json:"ifHeld,omitempty"`
}

type buildPlan struct {
	Dockerfile    string   `json:"dockerfile"`
	Context       string   `json:"context"`
	Target        string   `json:"target,omitempty"`
	Platforms     []string `json:"platforms"`     // empty: the builder's own
	BuildArgs     []string `json:"buildArgs"`     // names
	BuildContexts []string `json:"buildContexts"` // names
	Attestations  []string `json:"attestations"`
}

type plannedFile struct {
	Type string `json:"type"`
	Dest string `json:"dest"`
}

// heldRefused is what becomes of a name that is another image's, unless --if-exists says otherwise.
const heldRefused = "refused"

// plan is made from what pack would go by, and asks the registry nothing but what the name stands for. That the name is
// an image's of another manifest is a finding, as it would be for pack.
func (r *packRun) plan(ctx context.Context, result *packed, request *pack.Request, reference string, cases []cases.Case) (err error) {
	if result.Plan, err = r.makePlan(ctx, result.job, request, reference, cases); err == nil && result.Plan.IfHeld == heldRefused {
		err = r.conflictEarly(ctx, result, reference, request.Label)
	}
	return err
}

func (r *packRun) makePlan(ctx context.Context, j *task, request *pack.Request, reference string, cases []cases.Case) (*plan, error) {
	p := &plan{Cases: []string{}, Tags: []string{}, Write: []plannedFile{}}
	if j.image == nil {
		p.Build = &buildPlan{Dockerfile: request.Dockerfile, Context: request.Context, Target: request.Target,
			Platforms: slices.Concat([]string{}, request.Platforms), BuildArgs: slices.Concat([]string{}, slices.Sorted(maps.Keys(request.BuildArgs))),
			BuildContexts: slices.Concat([]string{}, slices.Sorted(maps.Keys(request.BuildContexts))),
			Attestations:  slices.Concat([]string{}, slices.Sorted(maps.Keys(request.Options.Attest)))}
	}
	for _, c := range cases {
		p.Cases = append(p.Cases, c.Name)
	}
	for _, o := range request.Outputs {
		p.Write = append(p.Write, plannedFile{o.Type, o.Dest})
	}
	if !r.push {
		return p, nil
	}
	colon := strings.LastIndex(reference, ":")
	p.Push, p.Tags = reference[:colon], append([]string{reference[colon+1:]}, r.aliases...)
	var err error
	if r.preflightFirst {
		p.Held, err = r.remote.Held(ctx, reference)
	}
	if p.Held != "" {
		p.IfHeld = map[string]string{ifExistsSkip: "left", ifExistsOverwrite: "moved"}[r.ifExists]
		if p.IfHeld == "" {
			p.IfHeld = heldRefused
		}
	}
	return p, err
}

// text is the plan for people, a line for each thing that would be done.
func (p *plan) text(name string) string {
	lines := []string{name + ": nothing is done; this would be"}
	add := func(what, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("  %-6s", what)+fmt.Sprintf(format, args...))
	}
	if b := p.Build; b != nil {
		on := "the builder's own platform"
		if len(b.Platforms) > 0 {
			on = strings.Join(b.Platforms, ", ")
		}
		with := ""
		if len(b.Attestations) > 0 {
			with = ", with " + strings.Join(b.Attestations, " and ")
		}
		add("build", "%s in %s for %s%s", b.Dockerfile, b.Context, on, with)
	}
	for _, c := range p.Cases {
		add("run", "%s", c)
	}
	for _, w := range p.Write {
		add("write", "%s to %s", w.Type, w.Dest)
	}
	if p.Push != "" {
		add("push", "%s, by digest", p.Push)
	}
	for i, t := range p.Tags {
		held := ""
		if i == 0 && p.Held != "" {
			held = fmt.Sprintf(", which names %s now: %s", p.Held, p.ifAnother())
		}
		add("tag", "%s:%s%s", p.Push, t, held)
	}
	return strings.Join(lines, "\n")
}

func (p *plan) ifAnother() string {
	switch p.IfHeld {
	case "left":
		return "that stays, since --if-exists is skip"
	case "moved":
		return "it moves, since --if-exists is overwrite"
	}
	return "the same image is fine, another one is refused"
}
