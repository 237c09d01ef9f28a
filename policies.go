package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/exit"
)

// A policies knows the policy of each manifest: that of the nearest .seedpack.yaml, and of the flags, which win.
type policies struct {
	flags  diag.Policy // FailOn is Unset where the flag is not given
	finder policy.Finder
	file   *policy.File // of --config; nil where it is not given
	none   bool         // --config none
}

// policies reads the flags. What is wrong in them or in the file of --config is a mistake in the command line.
func (f *reportFlags) policies(p *program) (*policies, error) {
	if !slices.Contains(formats, f.format) {
		return nil, exit.Usagef("--format %q must be text, json, sarif, github or junit", f.format)
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	all := &policies{none: f.config == "none", finder: policy.Finder{Rules: ruleIDs(), May: p.roots.Check, Dir: cwd}}
	if err := all.flags.FailOn.UnmarshalText([]byte(f.failOn)); err != nil || all.flags.FailOn < diag.Notice {
		return nil, exit.Usagef("--fail-on %q must be error, warning or notice", f.failOn)
	}
	if !f.cmd.Flags().Changed("fail-on") {
		all.flags.FailOn = diag.Unset
	}
	set := map[string]diag.Severity{}
	for _, s := range f.rules {
		id, name, _ := strings.Cut(s, "=")
		var severity diag.Severity
		if err := severity.UnmarshalText([]byte(name)); err != nil {
			return nil, exit.Usagef("--rule %s: %w", s, err)
		}
		if !slices.Contains(all.finder.Rules, id) {
			return nil, exit.Usagef("--rule %s: there is no rule %q: %s", s, id, nearestRule(id))
		}
		set[id] = severity
	}
	all.flags = all.flags.With(set)
	if f.config == "" || all.none {
		return all, nil
	}
	all.file, err = all.finder.Open(f.config)
	return all, policyError(err)
}

// nearestRule says what to do about a rule that does not exist.
func nearestRule(id string) string {
	if near := diag.Nearest(id, ruleIDs()); near != "" {
		return "did you mean " + near + "?"
	}
	return "seedpack rules lists them"
}

func ruleIDs() (all []string) {
	for _, r := range allRules() {
		all = append(all, r.ID)
	}
	return all
}

// policyError makes what is wrong in a policy file a mistake in the command line.
func policyError(err error) error {
	var wrong *policy.Error
	if errors.As(err, &wrong) {
		return exit.Usage(err)
	}
	return err
}

// of is the policy of a manifest, or of an image, which is judged as one in the working directory. It holds for all that is
// found on the way of its job.
func (ps *policies) of(path string) (diag.Policy, error) {
	if ps.none {
		return ps.flags, nil
	}
	abs, isFile, err := absolute(path)
	if err != nil {
		return diag.Policy{}, err
	}
	file := ps.file
	if file == nil {
		if file, err = ps.finder.Find(filepath.Dir(abs)); err != nil {
			return diag.Policy{}, policyError(err)
		}
	}
	if file == nil {
		return ps.flags, nil
	}
	name := path
	if isFile {
		if name, err = relativeTo(file.Path, abs); err != nil {
			return diag.Policy{}, err
		}
	}
	found, err := file.For(name)
	if err != nil {
		return diag.Policy{}, err
	}
	if ps.flags.FailOn != diag.Unset {
		found.FailOn = ps.flags.FailOn
	}
	if len(ps.flags.Rules) > 0 {
		found = found.With(ps.flags.Rules)
	}
	return found, nil
}

// absolute is the path of a file; what is none stands in the working directory.
func absolute(path string) (abs string, isFile bool, err error) {
	if _, err := os.Stat(path); err != nil {
		abs, err = filepath.Abs("-")
		return abs, false, err
	}
	abs, err = filepath.Abs(path)
	return abs, true, err
}

// relativeTo is a path as the patterns of a policy file see it.
func relativeTo(file, path string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(filepath.Dir(abs), path)
	return filepath.ToSlash(rel), err
}

// each is the policies of manifests, in their order.
func (ps *policies) each(paths []string) ([]diag.Policy, error) {
	all := make([]diag.Policy, len(paths))
	for i, path := range paths {
		var err error
		if all[i], err = ps.of(path); err != nil {
			return nil, err
		}
	}
	return all, nil
}
