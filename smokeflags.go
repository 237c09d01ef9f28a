package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// What --smoke says.
const (
	smokeAuto     = "auto"     // every case that can be tried; made-up values prove nothing and stop nothing
	smokeRequired = "required" // one case at least has to come to a conclusion, on each platform
	smokeOff      = "off"      // nothing is run
)

// ciCaseLimit bounds each case where nobody watches: timeouts of manifests are for real data.
const ciCaseLimit = 10 * time.Minute

// A smokeFlags is the part of the command line that is about the smoke run.
type smokeFlags struct {
	smokeMode, casesFile          string
	grace, caseLimit, smokeBudget time.Duration
	keepDir                       string
	keepFailed, strictResources   bool
	provides                      []string
}

func (f *smokeFlags) registerSmoke(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.smokeMode, "smoke", smokeAuto, "auto, required (one case must come to a conclusion) or off")
	s.StringVar(&f.casesFile, "cases", "", "the smoke file, when it is not "+cases.File+" beside the manifest")
	s.DurationVar(&f.caseLimit, "smoke-timeout", 0, "end a case that runs longer; before the manifest's own timeout it is inconclusive (default 10m under CI)")
	s.DurationVar(&f.smokeBudget, "smoke-budget", 0, "time for all cases of a job on a platform; those after it are skipped")
	s.StringVar(&f.keepDir, "keep-outputs", "", "directory for what each case leaves behind: DIR/JOB/PLATFORM/CASE/outputs, and what it printed")
	s.BoolVar(&f.keepFailed, "keep-failed", false, "with --keep-outputs: only of cases that did not pass")
	s.StringSliceVar(&f.provides, "provides", nil, "resources of the engine's machine beside cpus, mem, disk and sharedMem, such as gpus")
	s.BoolVar(&f.strictResources, "strict-resources", false, "refuse jobs with resources that the machine is not said to have")
	s.DurationVar(&f.grace, "grace", 10*time.Second, "between TERM and KILL for a job that runs past its timeout")
}

func (f *smokeFlags) readSmoke(getenv func(string) string) error {
	switch f.smokeMode {
	case smokeAuto, smokeRequired, smokeOff:
	default:
		return exit.Usagef("--smoke %q must be auto, required or off", f.smokeMode)
	}
	for name, d := range map[string]time.Duration{"smoke-timeout": f.caseLimit, "smoke-budget": f.smokeBudget, "grace": f.grace} {
		if d < 0 {
			return exit.Usagef("--%s %v must not be negative", name, d)
		}
	}
	if f.keepFailed && f.keepDir == "" {
		return exit.Usagef("--keep-failed needs --keep-outputs DIR: where should they go?")
	}
	if f.caseLimit == 0 && getenv("CI") != "" {
		f.caseLimit = ciCaseLimit
	}
	return nil
}

// casesPath is the smoke file of a job, and whether somebody named it, so that it has to be there.
func (f *smokeFlags) casesPath(j *task) (path string, named bool) {
	if f.casesFile != "" {
		return f.casesFile, true
	}
	return filepath.Join(j.Dir, cases.File), false
}

func (r *packRun) smokeOptions(j *task, c *pack.Candidate) verify.Options {
	opt := verify.Options{
		Path: j.Path, Grace: r.grace, Platform: c.Platform, Foreign: !c.Native(),
		Required: r.smokeMode == smokeRequired, Timeout: r.caseLimit, Budget: r.smokeBudget,
		Provides: r.provides, Strict: r.strictResources,
	}
	switch {
	case r.single != nil:
		r.single.options(&opt)
	case r.keepDir != "":
		dir := filepath.Join(r.keepDir, verify.HostName(j.Manifest.Job.Name), strings.ReplaceAll(c.Platform, "/", "-"))
		opt.Keep = &verify.Keeping{Dir: dir, OnlyFailed: r.keepFailed}
	}
	return opt
}

// checkKept refuses jobs whose outputs would come to lie in one directory.
func (r *packRun) checkKept(jobs []*task) error {
	if r.keepDir == "" {
		return nil
	}
	places := map[string]string{}
	for _, j := range jobs {
		place := verify.HostName(j.Manifest.Job.Name)
		if other, ok := places[place]; ok {
			return exit.Usagef("--keep-outputs %s: the outputs of %s and %s would both lie in %s: give each a directory of its own, one call at a time", r.keepDir, other, j.Path, filepath.Join(r.keepDir, place))
		}
		places[place] = j.Path
	}
	return nil
}

// sayKept says where outputs are, and what of them is missing.
func (r *packRun) sayKept(p *packed) {
	for _, s := range p.smokes {
		for _, c := range s.result.Cases {
			if c.Kept == nil {
				continue
			}
			fmt.Fprintf(r.program.stderr, "kept %d files, %s, in %s\n", c.Kept.Files, units.BytesSize(float64(c.Kept.Bytes)), report.Escape(c.Kept.Dir))
			for _, why := range c.Kept.LeftOut {
				fmt.Fprintln(r.program.stderr, "  not kept: "+report.Escape(why))
			}
		}
	}
}
