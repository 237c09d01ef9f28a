package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/scaffold"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// extend adds members of the interface to a manifest that is there.
func (f *initFlags) extend(cmd *cobra.Command, p *Process, manifest string) error {
	if other := otherFlag(cmd, append([]string{"smoke"}, membersOfInterface...)...); other != "" {
		return exit.Usagef("--%s is for a new manifest, but %s is there already", other, manifest)
	}
	j, err := job.Read(manifest, p.roots, p.Stdin)
	if err != nil {
		return err
	}
	if err := f.readMembers(); err != nil {
		return exit.Usage(err)
	}
	own, err := readOwn(p, j.Dir)
	if err != nil {
		return err
	}
	if err := duplicate(j.Manifest, &f.job); err != nil {
		return exit.Usage(err)
	}
	check := func(o scaffold.Options) error {
		_, err := extended(j, o)
		return err
	}
	if p.person() && !f.yes {
		if err := newInitAsker(p, check).members(cmd, &f.job, own, j.Manifest); err != nil {
			return err
		}
	}
	text, err := extended(j, f.job)
	if err != nil {
		return err
	}
	if string(text) == string(j.Manifest.Source.Text) {
		sayf(p.Stdout, "kept %s, to which nothing is added", manifest)
		return nil
	}
	if err := p.roots.ReplaceFile(j.Path, text); err != nil {
		return err
	}
	sayf(p.Stdout, "added to %s: %s", manifest, addedWords(&f.job))
	own.propose(p, seed.Parse(text))
	if f.smoke {
		return nil // the smoke file is written next
	}
	sayMadeUp(p, j.Dir, seed.Parse(text), namesOf(&f.job))
	sayf(p.Stdout, "next: seedpack lint %s", command.Quote(j.Dir))
	return nil
}

// sayMadeUp says for which of the names a case of the smoke file has no value. A run would get one that is made up.
func sayMadeUp(p *Process, dir string, m *seed.Manifest, names []string) {
	path := filepath.Join(dir, cases.File)
	if p.roots.Check(path) != nil {
		return
	}
	text, err := disk.ReadFile(path, disk.MaxJobText)
	if err != nil {
		return // there is none, or lint says what is wrong with it
	}
	trials, _ := cases.Read(path, text, m, func(string) string { return "" })
	var lacking []string
	for i := range trials {
		for _, name := range trials[i].MadeUpNames(m) {
			if slices.Contains(names, name) && !slices.Contains(lacking, name) {
				lacking = append(lacking, name)
			}
		}
	}
	if len(lacking) > 0 {
		sayf(p.Stdout, "%s has no value for %s: smoke makes one up, and a case that fails on it is inconclusive; give its cases one, as in %s",
			path, strings.Join(lacking, ", "), cases.ExampleOf(m, lacking))
	}
}

// namesOf returns the names of what a case may give a value for.
func namesOf(o *scaffold.Options) (all []string) {
	for _, x := range o.Inputs {
		all = append(all, x.Name)
	}
	for _, x := range o.JSONInputs {
		all = append(all, x.Name)
	}
	for _, x := range o.Mounts {
		all = append(all, x.Name)
	}
	for _, x := range o.Settings {
		all = append(all, x.Name)
	}
	return all
}

// extended returns the text of a manifest with more members. Ones that would make the job wrong are a mistake.
func extended(j *job.Job, o scaffold.Options) ([]byte, error) {
	text, err := scaffold.Add(j.Manifest.Source.Text, o)
	if err != nil {
		return nil, exit.Usagef("%s: %w", j.Path, err)
	}
	before, after := lint.Manifest(j.Path, j.Manifest, lint.Options{}), lint.Manifest(j.Path, seed.Parse(text), lint.Options{})
	return text, refuse(onlyNew(before, after))
}

// onlyNew returns what was found only afterwards.
func onlyNew(before, after *diag.Report) *diag.Report {
	known := map[string]int{}
	for i := range before.Diagnostics {
		known[before.Diagnostics[i].Rule.ID]++
	}
	found := &diag.Report{Path: after.Path, Source: after.Source}
	for i := range after.Diagnostics {
		if id := after.Diagnostics[i].Rule.ID; known[id] > 0 {
			known[id]--
			continue
		}
		found.Diagnostics = append(found.Diagnostics, after.Diagnostics[i])
	}
	return found
}

// addedWords lists what was added, for people.
func addedWords(o *scaffold.Options) string {
	var all []string
	for _, x := range o.Inputs {
		all = append(all, "input "+x.Name)
	}
	for _, x := range o.JSONInputs {
		all = append(all, "JSON input "+x.Name)
	}
	for _, x := range o.Outputs {
		all = append(all, "output "+x.Name)
	}
	for _, x := range o.JSONOutputs {
		all = append(all, "JSON output "+x.Name)
	}
	for _, x := range o.Mounts {
		all = append(all, "mount "+x.Name)
	}
	for _, x := range o.Settings {
		all = append(all, "setting "+x.Name)
	}
	return strings.Join(all, ", ")
}

// readMembers reads the flags whose values have a syntax of their own.
func (f *initFlags) readMembers() error {
	var errs []error
	for _, of := range []struct {
		flag  string
		specs []string
	}{{"input", f.inputs}, {"json-input", f.jsonInputs}, {"output", f.outputs}, {"json-output", f.jsonOutput}, {"setting", f.settings}, {"mount", f.mounts}} {
		for _, spec := range of.specs {
			with := f.job
			if why := addMember(&with, of.flag, spec); why != "" {
				errs = append(errs, fmt.Errorf("--%s %q %s", of.flag, spec, why))
			} else if err := duplicate(&seed.Manifest{}, &with); err != nil {
				errs = append(errs, fmt.Errorf("--%s %q: %w", of.flag, spec, err))
			}
			f.job = with
		}
	}
	return errors.Join(errs...)
}

// addMember reads the value of a flag, or an answer to the question about it. It returns what the value must be, if it is wrong.
func addMember(o *scaffold.Options, flag, spec string) (why string) {
	name, value, given := strings.Cut(spec, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	kind := "string"
	if given && strings.HasPrefix(flag, "json-") {
		if kind = value; !slices.Contains(jsonTypes, kind) {
			return "must be NAME or NAME=TYPE, with one of the types " + strings.Join(jsonTypes, ", ")
		}
	}
	switch flag {
	case "input":
		in := seed.InputFile{Name: name, Required: true}
		if given {
			in.MediaTypes = strings.Split(value, ",")
		}
		if name == "" {
			return "must be NAME or NAME=MEDIATYPE"
		}
		o.Inputs = append(o.Inputs, in)
	case "json-input":
		if name == "" {
			return "must be NAME or NAME=TYPE"
		}
		o.JSONInputs = append(o.JSONInputs, seed.InputJSON{Name: name, Type: kind, Required: true})
	case "output":
		if name == "" || value == "" {
			return "must be NAME=PATTERN, as in RESULT=*.csv"
		}
		o.Outputs = append(o.Outputs, seed.OutputFile{Name: name, Pattern: value, MediaType: lint.MediaType(value), Required: true})
	case "json-output":
		if name == "" {
			return "must be NAME or NAME=TYPE"
		}
		o.JSONOutputs = append(o.JSONOutputs, seed.OutputJSON{Name: name, Type: kind, Required: true})
	case "setting":
		if name == "" || given && value != "secret" {
			return "must be NAME or NAME=secret; its value is for smoke runs and executors"
		}
		o.Settings = append(o.Settings, seed.Setting{Name: name, Secret: given})
	case "mount":
		path, mode, hasMode := strings.Cut(value, ":")
		if name == "" || path == "" || hasMode && mode != "rw" && mode != "ro" {
			return "must be NAME=PATH or NAME=PATH:rw, as in MODELS=/models"
		}
		o.Mounts = append(o.Mounts, seed.Mount{Name: name, Path: path, Mode: mode})
	}
	return ""
}

var jsonTypes = []string{"array", "boolean", "integer", "number", "object", "string"}
