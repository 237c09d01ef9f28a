package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/verify/cases"
)

// name gives the image its reference, and makes the request for its build.
func (p *Pipeline) name(ctx context.Context, r *Result, m material, tried []cases.Case) (*pack.Request, error) {
	p.begin(r, StageName)
	reference, err := pack.Name(r.Manifest, p.opt.Registry)
	if err != nil {
		return nil, err
	}
	r.Name = reference
	return p.request(ctx, r, m, tried)
}

func (p *Pipeline) request(ctx context.Context, r *Result, m material, tried []cases.Case) (*pack.Request, error) {
	label, err := pack.EncodeLabel(r.Manifest.Source.Text)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", r.Path, err)
	}
	request := &pack.Request{
		Label: label, Remote: p.opt.Remote, Inputs: cases.Inputs(tried), Runs: slices.ContainsFunc(tried, func(c cases.Case) bool { return c.Skip == "" }), Roots: p.host.Roots,
		Progress: pack.Progress{Mode: p.opt.Progress, Writer: p.progressWriter(r.Job), Escape: report.Escape, Secrets: p.host.Secrets, Reached: p.reached(r)},
	}
	m.fill(request)
	if p.opt.Publish != nil || len(p.opt.Outputs) > 0 { // other images go nowhere
		if err := m.mark(ctx, request); err != nil {
			return nil, err
		}
	}
	if request.Epoch, err = epoch(epochGiven(p.buildOf(&r.Task).Args, p.host.Getenv)); err != nil {
		return nil, err
	}
	if p.opt.Publish != nil {
		request.Repository, request.Insecure = repositoryOf(r.Name), p.opt.Remote.Insecure
		request.PushTimeout = p.opt.Publish.Timeout
	}
	for _, o := range p.opt.Outputs {
		o.Name = r.Name
		request.Outputs = append(request.Outputs, o)
	}
	return request, nil
}

// repositoryOf returns a reference without its tag.
func repositoryOf(reference string) string { return reference[:strings.LastIndex(reference, ":")] }

// tagOf returns the tag of a reference.
func tagOf(reference string) string { return reference[strings.LastIndex(reference, ":")+1:] }
