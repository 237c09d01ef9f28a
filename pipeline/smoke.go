package pipeline

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/migrate"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// try tries the image of each platform.
func (p *Pipeline) try(ctx context.Context, r *Result, candidates []*pack.Candidate, trials []cases.Case) error {
	for _, c := range p.opt.Smoke.choose(candidates) {
		opt := p.opt.Smoke.options(r.Job, c, p.host.Roots)
		opt.Secrets = p.host.Secrets
		smoked, err := verify.Smoke(ctx, c, c.Config, r.Manifest, trials, opt)
		if err != nil {
			return err
		}
		r.Smoked = append(r.Smoked, Smoked{c.Platform, smoked})
		hintOldVariable(smoked.Report, r.Dir)
		r.add(smoked.Report)
	}
	return nil
}

// hintOldVariable says of missing outputs where the job's code reads the output directory by its name before Seed 0.0.6.
func hintOldVariable(found *diag.Report, dir string) {
	for i := range found.Diagnostics {
		d := &found.Diagnostics[i]
		if d.Rule.ID != "output-missing" || dir == "" {
			continue
		}
		file, line, ok := migrate.FindOutputDir(os.DirFS(dir))
		if !ok {
			return
		}
		if d.Hint != "" {
			d.Hint += "; "
		}
		d.Hint += fmt.Sprintf("line %d of %s reads $JOB_OUTPUT_DIR, which is $%s now: seedpack migrate lists all such lines of an old job", line, file, seed.OutputDir)
	}
}

// checkPrograms reports candidates whose programs are for another platform. Nothing is run for that.
func checkPrograms(ctx context.Context, r *Result, candidates []*pack.Candidate) error {
	for _, c := range candidates {
		found, err := verify.Chain(ctx, c, c.Config, r.Manifest, r.Path, c.Platform)
		if err != nil {
			return err
		}
		r.add(found)
	}
	if r.fails() {
		return exit.Findings
	}
	return nil
}

// choose returns the candidates to try.
func (s *Smoke) choose(all []*pack.Candidate) []*pack.Candidate {
	if !s.OnePlatform || len(all) < 2 {
		return all
	}
	i := max(0, slices.IndexFunc(all, (*pack.Candidate).Native))
	return all[i : i+1]
}

func (s *Smoke) options(j *job.Job, c *pack.Candidate, roots disk.Roots) verify.Options {
	opt := verify.Options{
		Path: j.Path, Platform: c.Platform, Foreign: !c.Native(),
		Grace: s.Grace, Required: s.Required, Timeout: s.Timeout, Budget: s.Budget, Provides: s.Provides, Strict: s.Strict, Parallel: s.Parallel,
	}
	if !verify.KnownPlatform(c.Platform) {
		opt.Skip = "no engine runs programs for " + c.Platform
	}
	if s.Keep != nil {
		opt.Keep = s.Keep(j, c.Platform)
		opt.Keep.Roots = roots
	}
	return opt
}
