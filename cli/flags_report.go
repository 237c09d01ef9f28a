package cli

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/exit"
)

// A reportFlags says how reports are judged and printed, the same for all commands that have some.
type reportFlags struct {
	format, failOn string
	rules          []string
	verbose        bool
	files          reportFiles
	config         string
	set            *pflag.FlagSet // knows which flags are given
}

func (f *reportFlags) add(s *pflag.FlagSet) {
	f.set = s
	defer under(s, subjectReport)()
	s.StringVar(&f.format, "format", formatText, "how to print: text, json, sarif, github (workflow commands), junit or gitlab (Code Quality)")
	oneOf(s, "format", formats...)
	writtenVar(s, &f.files.sarif, "sarif-file", "write the findings to a file for code scanning, too")
	writtenVar(s, &f.files.junit, "junit-file", "write the findings to a file as the XML of JUnit, too")
	writtenVar(s, &f.files.gitlab, "gitlab-file", "write the findings to a file for GitLab's Code Quality, too")
	writtenVar(s, &f.files.html, "html", "write what came of it to a page for a browser, one FILE that loads nothing, too")
	s.StringVar(&f.failOn, "fail-on", "error", "least severity that makes the exit status 1: error, warning or notice")
	oneOf(s, "fail-on", "error", "warning", "notice")
	s.StringArrayVar(&f.rules, "rule", nil, "ID=SEVERITY: give a rule another severity: off, notice, warning or error")
	pathVar(s, &f.config, "config", "", policyPath, "the policy file, or none; default: the nearest "+policy.FileName+" beside the manifest or above")
	s.BoolVarP(&f.verbose, "verbose", "v", false, "show notices too")
}

// options returns how to print and how to judge. What is wrong in the flags, or in the file of --config, is a mistake in the
// command line.
func (f *reportFlags) options(p *Process) (*printer, *policy.Chooser, error) {
	if !slices.Contains(formats, f.format) {
		return nil, nil, exit.Usagef("--format %q must be text, json, sarif, github, junit or gitlab", f.format)
	}
	out := &printer{process: p, out: p.Stdout, format: f.format, verbose: f.verbose, files: f.files, began: time.Now()}
	policies, err := f.chooser(p)
	return out, policies, err
}

func (f *reportFlags) chooser(p *Process) (*policy.Chooser, error) {
	flags, err := f.policy()
	if err != nil {
		return nil, err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	c := &policy.Chooser{Flags: flags, None: f.config == "none", Finder: policy.Finder{Rules: ruleIDs(), May: p.roots.Check, Dir: cwd}, Roots: p.roots}
	if f.config != "" && !c.None {
		c.File, err = c.Finder.Open(f.config)
	}
	return c, policyError(err)
}

// policyError turns a mistake in a policy file into one in the command line.
func policyError(err error) error {
	var wrong *policy.Error
	if errors.As(err, &wrong) {
		return exit.Usage(err)
	}
	return err
}

// policy returns what --fail-on and --rule say. FailOn is Unset if the flag is not given.
func (f *reportFlags) policy() (diag.Policy, error) {
	var flags diag.Policy
	if err := flags.FailOn.UnmarshalText([]byte(f.failOn)); err != nil || flags.FailOn < diag.Notice {
		return flags, exit.Usagef("--fail-on %q must be error, warning or notice", f.failOn)
	}
	if !f.set.Changed("fail-on") {
		flags.FailOn = diag.Unset
	}
	known, set := ruleIDs(), map[string]diag.Severity{}
	for _, s := range f.rules {
		id, name, ok := strings.Cut(s, "=")
		if !ok {
			return flags, exit.Usagef("--rule %q must be ID=SEVERITY, as in --rule %s=off", s, cmp.Or(s, "title-form"))
		}
		var severity diag.Severity
		if err := severity.UnmarshalText([]byte(name)); err != nil {
			return flags, exit.Usagef("--rule %s: %w", s, err)
		}
		if !slices.Contains(known, id) {
			return flags, exit.Usagef("--rule %s: there is no rule %q: %s", s, id, nearestRule(id))
		}
		set[id] = severity
	}
	return flags.With(set), nil
}

func metadataVar(s *pflag.FlagSet, to *string) {
	defer under(s, subjectReport)()
	writtenVar(s, to, "metadata-file", "write to a file what --format json prints: names, digests, sizes, times, findings")
}
