package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// What --smoke says.
const (
	smokeAuto     = "auto"     // every case that can be tried; made-up values prove nothing and stop nothing
	smokeRequired = "required" // one case at least has to come to a conclusion, on each platform
	smokeOff      = "off"      // nothing is run
)

// ciCaseLimit bounds each case in CI. Timeouts of manifests are for real data.
const ciCaseLimit = 10 * time.Minute

// A smokeFlags says how images are tried.
type smokeFlags struct {
	mode, file           string
	grace, limit, budget time.Duration
	keepDir              string
	keepFailed, strict   bool
	provides             []string
}

func (f *smokeFlags) add(s *pflag.FlagSet) {
	defer under(s, subjectSmoke)()
	s.StringVar(&f.mode, "smoke", smokeAuto, "auto, required (one case must come to a conclusion) or off")
	oneOf(s, "smoke", smokeAuto, smokeRequired, smokeOff)
	pathVar(s, &f.file, "cases", "", wholePath, "the smoke file, when it is not "+cases.File+" beside the manifest")
	s.DurationVar(&f.limit, "smoke-timeout", 0, "end a case that runs longer; before the manifest's own timeout it is inconclusive (default 10m under CI)")
	s.DurationVar(&f.budget, "smoke-budget", 0, "time for all cases of a job on a platform; those after it are skipped")
	pathVar(s, &f.keepDir, "keep-outputs", "", wholePath, "directory for what each case leaves behind: DIR/JOB/PLATFORM/CASE/outputs, and what it printed")
	s.BoolVar(&f.keepFailed, "keep-failed", false, "with --keep-outputs: only of cases that did not pass")
	s.StringSliceVar(&f.provides, "provides", nil, "resources of the engine's machine beside cpus, mem, disk and sharedMem, such as gpus")
	s.BoolVar(&f.strict, "strict-resources", false, "refuse jobs with resources that the machine is not said to have")
	s.DurationVar(&f.grace, "grace", 10*time.Second, "between TERM and KILL for a job that runs past its timeout")
}

// caseFlags are those that are about smoke cases, and not about runs in general.
var caseFlags = []string{"smoke", "cases", "smoke-timeout", "smoke-budget", "keep-outputs", "keep-failed", "parallel"}

func (f *smokeFlags) options(getenv func(string) string) (pipeline.Smoke, error) {
	s := pipeline.Smoke{Off: f.mode == smokeOff, Required: f.mode == smokeRequired, File: f.file,
		Grace: f.grace, Timeout: f.limit, Budget: f.budget, Provides: f.provides, Strict: f.strict}
	switch f.mode {
	case smokeAuto, smokeRequired, smokeOff:
	default:
		return s, exit.Usagef("--smoke %q must be auto, required or off", f.mode)
	}
	for name, d := range map[string]time.Duration{"smoke-timeout": f.limit, "smoke-budget": f.budget, "grace": f.grace} {
		if d < 0 {
			return s, exit.Usagef("--%s %v must not be negative", name, d)
		}
	}
	if f.keepFailed && f.keepDir == "" {
		return s, exit.Usagef("--keep-failed needs --keep-outputs DIR: where should they go?")
	}
	if f.limit == 0 && getenv("CI") != "" {
		s.Timeout = ciCaseLimit
	}
	if f.keepDir != "" {
		s.Keep = func(j *job.Job, platform string) *verify.Keeping {
			return &verify.Keeping{Top: f.keepDir, Dir: filepath.Join(verify.HostName(j.Manifest.Job.Name), strings.ReplaceAll(platform, "/", "-")), OnlyFailed: f.keepFailed}
		}
	}
	return s, nil
}

// checkKept refuses jobs whose outputs would be kept in one directory.
func (f *smokeFlags) checkKept(tasks []pipeline.Task) error {
	if f.keepDir == "" {
		return nil
	}
	paths := map[string]string{}
	for _, t := range tasks {
		if t.Manifest == nil {
			continue // it is not tried
		}
		place := verify.HostName(t.Manifest.Job.Name)
		if other, ok := paths[place]; ok {
			return exit.Usagef("--keep-outputs %s: the outputs of %s and %s would both lie in %s: give each a directory of its own, one call at a time", f.keepDir, other, t.Path, filepath.Join(f.keepDir, place))
		}
		paths[place] = t.Path
	}
	return nil
}

// checkKeepDir makes sure that outputs can be kept.
func (f *smokeFlags) checkKeepDir(roots disk.Roots) error {
	if f.keepDir == "" || f.mode == smokeOff {
		return nil
	}
	if err := roots.CheckDirectory(f.keepDir); err != nil {
		return fmt.Errorf("--keep-outputs: %w", err)
	}
	return nil
}
