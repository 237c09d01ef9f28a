package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/verify"
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
}

func (f *smokeFlags) registerSmoke(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.smokeMode, "smoke", smokeAuto, "auto, required (one case must come to a conclusion) or off")
	s.StringVar(&f.casesFile, "cases", "", "the smoke file, when it is not DIR/"+verify.CasesFile)
	s.DurationVar(&f.caseLimit, "smoke-timeout", 0, "end a case that runs longer; before the manifest's own timeout it is inconclusive (default 10m under CI)")
	s.DurationVar(&f.smokeBudget, "smoke-budget", 0, "time for all cases of a job on a platform; those after it are skipped")
	s.DurationVar(&f.grace, "grace", 10*time.Second, "between TERM and KILL for a job that runs past its timeout")
}

func (f *smokeFlags) readSmoke(getenv func(string) string) error {
	switch f.smokeMode {
	case smokeAuto, smokeRequired, smokeOff:
	default:
		return usagef("--smoke %q must be auto, required or off", f.smokeMode)
	}
	for name, d := range map[string]time.Duration{"smoke-timeout": f.caseLimit, "smoke-budget": f.smokeBudget, "grace": f.grace} {
		if d < 0 {
			return usagef("--%s %v must not be negative", name, d)
		}
	}
	if f.caseLimit == 0 && getenv("CI") != "" {
		f.caseLimit = ciCaseLimit
	}
	return nil
}

// casesPath is the smoke file of a job, and whether somebody named it, so that it has to be there.
func (f *smokeFlags) casesPath(j *job) (path string, named bool) {
	if f.casesFile != "" {
		return f.casesFile, true
	}
	return filepath.Join(j.dir, verify.CasesFile), false
}

func (r *packRun) smokeOptions(j *job, c *pack.Candidate) verify.Options {
	return verify.Options{
		Path: j.path, Grace: r.grace, Platform: c.Platform, Foreign: !c.Native(),
		Required: r.smokeMode == smokeRequired, Timeout: r.caseLimit, Budget: r.smokeBudget,
	}
}
