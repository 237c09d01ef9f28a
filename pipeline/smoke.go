package pipeline

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

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

// try tries the image of each platform. Nodes work side by side, and each tries one image after the other.
func (p *Pipeline) try(ctx context.Context, r *Result, candidates []*pack.Candidate, trials []cases.Case) error {
	chosen := p.opt.Smoke.choose(candidates)
	smoked := make([]Smoked, len(chosen))
	nodes, ctx := errgroup.WithContext(ctx)
	for _, node := range nodesOf(chosen) {
		nodes.Go(func() error {
			for i, c := range chosen {
				if c.Node != node {
					continue
				}
				opt := p.opt.Smoke.options(r.Job, c.Platform, c.Native(), p.host.Roots)
				opt.Secrets = p.host.Secrets
				result, err := verify.Smoke(ctx, c, c.Config, r.Manifest, trials, opt)
				if err != nil {
					return err
				}
				smoked[i] = Smoked{c.Platform, result}
			}
			return nil
		})
	}
	if err := nodes.Wait(); err != nil {
		return err
	}
	namePlatforms(smoked)
	r.Smoked = append(r.Smoked, smoked...)
	for _, s := range smoked {
		hintOldVariable(s.Report, r.Dir)
		r.add(s.Report, s.Unmet)
	}
	return nil
}

// nodesOf returns the nodes of candidates, each once.
func nodesOf(all []*pack.Candidate) (nodes []string) {
	for _, c := range all {
		if !slices.Contains(nodes, c.Node) {
			nodes = append(nodes, c.Node)
		}
	}
	return nodes
}

// namePlatforms adds to findings the platform that they are about, unless all platforms have them alike.
func namePlatforms(smoked []Smoked) {
	type finding struct {
		rule    *diag.Rule
		pointer seed.Pointer
		message string
	}
	found := map[finding]int{}
	each := func(do func(platform string, d *diag.Diagnostic)) {
		for _, s := range smoked {
			for _, report := range []*diag.Report{s.Report, s.Unmet} {
				for i := 0; report != nil && i < len(report.Diagnostics); i++ {
					do(s.Platform, &report.Diagnostics[i])
				}
			}
		}
	}
	each(func(_ string, d *diag.Diagnostic) { found[finding{d.Rule, d.Pointer, d.Message}]++ })
	each(func(platform string, d *diag.Diagnostic) {
		if found[finding{d.Rule, d.Pointer, d.Message}] < len(smoked) && !strings.Contains(d.Message, platform) {
			d.Message += fmt.Sprintf(" (on %s)", platform)
		}
	})
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

// options returns those of verify for an image. Native says that its platform is that of the machine that runs it.
func (s *Smoke) options(j *job.Job, platform string, native bool, roots disk.Roots) verify.Options {
	opt := verify.Options{
		Path: j.Path, Platform: platform, Foreign: !native,
		Grace: s.Grace, Required: s.Required, Timeout: s.Timeout, Budget: s.Budget, Provides: s.Provides, Strict: s.Strict, Parallel: s.Parallel,
		Repeat: s.Repeat, Update: s.Update,
	}
	if !verify.KnownPlatform(platform) {
		opt.Skip = "no engine runs programs for " + platform
	}
	if s.Keep != nil {
		opt.Keep = s.Keep(j, platform)
		opt.Keep.Roots = roots
	}
	return opt
}
