// Package openjd writes a job as a template of Open Job Description, for render farms. One job is one step with one task, which
// runs the launcher.
package openjd

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/seed"
)

//go:embed frame.bash
var frame string

//go:embed begin.bash
var begin string

//go:embed end.bash
var end string

// File is the name of the template.
const File = "template.json"

// Limits of specification 2023-09. Both implementations refuse what is beyond them.
const (
	maxParameters   = 50
	maxIdentifier   = 64
	maxJobName      = 128
	maxStepName     = 64
	maxDescription  = 2048
	maxText         = 1024
	maxRequirements = 50
	maxCapability   = 100
	maxData         = 1 << 20
)

// Seconds for the end of a job: from the notification to the end of all, and of the job between TERM and KILL.
const (
	notify = 30
	grace  = 10
)

// Target is Open Job Description.
var Target = &export.Target{
	Name:    "openjd",
	Summary: "Open Job Description 2023-09, for render farms: a job template",
	Export:  write,
}

type template struct {
	SpecificationVersion string      `json:"specificationVersion"`
	Name                 string      `json:"name"`
	Description          string      `json:"description"`
	ParameterDefinitions []parameter `json:"parameterDefinitions"`
	Steps                []step      `json:"steps"`
}

type parameter struct {
	Name          string    `json:"name"`
	Type          string    `json:"type"`
	Description   string    `json:"description"`
	ObjectType    string    `json:"objectType,omitempty"`
	DataFlow      string    `json:"dataFlow,omitempty"`
	Default       *string   `json:"default,omitempty"`
	AllowedValues []string  `json:"allowedValues,omitempty"`
	MinLength     int       `json:"minLength,omitempty"`
	UserInterface *userface `json:"userInterface,omitempty"`
}

type userface struct {
	Control    string `json:"control"`
	GroupLabel string `json:"groupLabel,omitempty"`
}

type step struct {
	Name             string        `json:"name"`
	HostRequirements requirements  `json:"hostRequirements"`
	StepEnvironments []environment `json:"stepEnvironments"`
	Script           script        `json:"script"`
}

type requirements struct {
	Amounts    []amount    `json:"amounts,omitempty"`
	Attributes []attribute `json:"attributes"`
}

type amount struct {
	Name string  `json:"name"`
	Min  float64 `json:"min"`
}

type attribute struct {
	Name  string   `json:"name"`
	AnyOf []string `json:"anyOf"`
}

type environment struct {
	Name   string `json:"name"`
	Script script `json:"script"`
}

type script struct {
	EmbeddedFiles []file  `json:"embeddedFiles"`
	Actions       actions `json:"actions"`
}

type file struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Filename string `json:"filename"`
	Data     string `json:"data"`
}

type actions struct {
	OnEnter *action `json:"onEnter,omitempty"`
	OnRun   *action `json:"onRun,omitempty"`
	OnExit  *action `json:"onExit,omitempty"`
}

type action struct {
	Command     string       `json:"command"`
	Args        []string     `json:"args"`
	Timeout     int64        `json:"timeout,omitempty"`
	Cancelation *cancelation `json:"cancelation,omitempty"`
}

type cancelation struct {
	Mode                  string `json:"mode"`
	NotifyPeriodInSeconds int    `json:"notifyPeriodInSeconds"`
}

// Frame is the frame of the launcher in a session.
func Frame() export.Frame { return export.Frame{Text: frame, Grace: grace} }

func write(j *export.Job) *export.Package {
	p := j.LauncherPackage()
	check(j, p)
	j.LoseMultipliers(p, j.Requirements.CPUs, j.Requirements.Mem, j.Requirements.Disk, j.Requirements.GPUs)
	j.LoseApptainer(p)
	t := template{SpecificationVersion: "jobtemplate-2023-09", Name: export.Cut(j.Job.Name, maxJobName), Description: description(j)}
	for _, each := range j.Given() {
		t.ParameterDefinitions = append(t.ParameterDefinitions, define(&each))
	}
	t.Steps = []step{oneStep(j)}
	for _, f := range t.Steps[0].Script.EmbeddedFiles {
		if len(f.Data) > maxData {
			p.Refuse(seed.AtJob, fmt.Sprintf("the launcher would have %d bytes, a template takes %d", len(f.Data), maxData))
		}
	}
	p.Files = []export.File{{Name: File, Text: text(t)}}
	p.Run = func(dir string) string { return run(j, export.Quote(strings.TrimSuffix(dir, "/")+"/"+File)) }
	return p
}

// text writes the template. Characters of HTML stay as they are.
func text(t template) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(t); err != nil {
		panic(err) // all values are ours
	}
	return b.String()
}

// check refuses what no template can hold.
func check(j *export.Job, p *export.Package) {
	given := j.Given()
	if len(given) > maxParameters {
		p.Refuse(seed.AtJob.Member("interface"), fmt.Sprintf("the job has %d parameters, and a template takes %d", len(given), maxParameters))
	}
	for _, each := range given {
		if len(each.Name) > maxIdentifier {
			p.Refuse(each.Pointer, fmt.Sprintf("the parameter %s has %d characters, and a template takes %d", each.Name, len(each.Name), maxIdentifier))
		}
		if n := len([]rune(each.Default)); n > maxText {
			p.Refuse(each.Pointer, fmt.Sprintf("the default of %s has %d characters, and a template takes %d", each.Name, n, maxText))
		}
	}
	amounts := amounts(j)
	if len(amounts) >= maxRequirements {
		p.Refuse(seed.AtScalar, fmt.Sprintf("the job has %d requirements, and a template takes %d", len(amounts)+1, maxRequirements))
	}
	seen := map[string]bool{}
	for _, a := range j.Requirements.Others {
		name := capability(a.Name)
		if len(name) > maxCapability {
			p.Refuse(a.Pointer, fmt.Sprintf("the requirement %s has %d characters, and a template takes %d", name, len(name), maxCapability))
		}
		if seen[name] {
			p.Refuse(a.Pointer, fmt.Sprintf("%q and another resource would both be %s: rename one", a.Name, name))
		}
		seen[name] = true
	}
}

// description says all that a template has no member for. It is not a format string.
func description(j *export.Job) string {
	job := &j.Job
	lines := []string{job.Title, job.Description, fmt.Sprintf("Seed job %s %s, package %s", job.Name, job.JobVersion, job.PackageVersion)}
	if job.Maintainer.Name != "" {
		lines = append(lines, fmt.Sprintf("Maintainer: %s, %s", job.Maintainer.Name, job.Maintainer.Email))
	}
	if len(job.Tags) > 0 {
		lines = append(lines, "Tags: "+strings.Join(job.Tags, ", "))
	}
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			return ' '
		}
		return r
	}, strings.Join(lines, "\n"))
	return export.Cut(clean, maxDescription)
}

// define turns a parameter into one of the template. Numbers and truth values that are optional are text, since only text has an
// empty default.
func define(p *export.Parameter) parameter {
	out := parameter{Name: p.Name, Type: "STRING", Description: export.Cut(p.Doc(), maxDescription), AllowedValues: slices.Clone(p.Choices)}
	if !p.Required {
		out.Default = &p.Default
	}
	path := func(kind, flow string) {
		out.Type, out.ObjectType, out.DataFlow = "PATH", kind, flow
		if p.Required {
			out.MinLength = 1
		}
	}
	switch p.Kind {
	case export.ImageReference:
		out.MinLength = 1
		out.UserInterface = &userface{"LINE_EDIT", "Container"}
	case export.Runtime:
		out.UserInterface = &userface{"DROPDOWN_LIST", "Container"}
	case export.InputFile:
		path("FILE", "IN")
	case export.InputDirectory:
		path("DIRECTORY", "IN")
	case export.OutputDirectory:
		path("DIRECTORY", "OUT")
	case export.Mount:
		path("DIRECTORY", "IN")
		if p.Writable {
			out.DataFlow = "INOUT"
		}
	case export.InputJSON:
		defineJSON(p, &out)
	}
	return out
}

func defineJSON(p *export.Parameter, out *parameter) {
	switch p.Type {
	case "integer":
		if p.Required {
			out.Type = "INT"
		}
	case "number":
		if p.Required {
			out.Type = "FLOAT"
		}
	case "boolean":
		if !p.Required {
			out.AllowedValues = append(out.AllowedValues, "")
		}
	case "array", "object":
		out.UserInterface = &userface{Control: "MULTILINE_EDIT"}
		if p.Required {
			out.MinLength = 1
		}
	}
}

func oneStep(j *export.Job) step {
	args := []string{"{{Task.File.Run}}", "--session", "{{Session.WorkingDirectory}}"}
	for _, p := range j.Given() {
		args = append(args, p.Name+"={{Param."+p.Name+"}}")
	}
	onRun := &action{Command: "bash", Args: args, Timeout: max(j.Job.Timeout, 0), Cancelation: &cancelation{"NOTIFY_THEN_TERMINATE", notify}}
	text := func(name, filename, data string) []file {
		return []file{{name, "TEXT", filename, "#!/bin/bash\n" + data}}
	}
	container := environment{Name: "Container", Script: script{
		EmbeddedFiles: append(text("Begin", "begin.sh", j.Base(Frame())+begin), text("End", "end.sh", end)...),
		Actions: actions{
			OnEnter: &action{Command: "bash", Args: []string{"{{Env.File.Begin}}", "{{Session.WorkingDirectory}}", "{{Param.SeedImage}}", "{{Param.SeedRuntime}}"}},
			OnExit:  &action{Command: "bash", Args: []string{"{{Env.File.End}}", "{{Session.WorkingDirectory}}"}, Timeout: 60},
		}}}
	return step{Name: export.Cut(j.Job.Name, maxStepName), HostRequirements: hostRequirements(j), StepEnvironments: []environment{container},
		Script: script{EmbeddedFiles: text("Run", "run.sh", j.Launcher(Frame())+export.Main), Actions: actions{OnRun: onRun}}}
}

func hostRequirements(j *export.Job) requirements {
	r := requirements{Amounts: amounts(j), Attributes: []attribute{{"attr.worker.os.family", []string{"linux"}}}}
	var arches []string
	for _, platform := range j.Image.Platforms {
		arch, known := map[string]string{"linux/amd64": "x86_64", "linux/arm64": "arm64", "linux/arm64/v8": "arm64"}[platform]
		if !known {
			return r
		}
		arches = append(arches, arch)
	}
	if slices.Sort(arches); len(arches) > 0 {
		r.Attributes = append(r.Attributes, attribute{"attr.worker.cpu.arch", slices.Compact(arches)})
	}
	return r
}

func amounts(j *export.Job) []amount {
	r := &j.Requirements
	all := []amount{{"amount.worker.vcpu", max(1, r.CPUs.Value)}}
	add := func(name string, value float64) {
		if value > 0 {
			all = append(all, amount{name, value})
		}
	}
	add("amount.worker.memory", r.Mem.Value)
	add("amount.worker.disk.scratch", float64((r.Disk.Ceil()+1023)/1024))
	add("amount.worker.gpu", float64(r.GPUs.Ceil()))
	for _, a := range r.Others {
		add(capability(a.Name), a.Value)
	}
	return all
}

// capability is the name of a resource that Open Job Description does not know. A host without it does not get the job.
func capability(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, name)
	return "amount.seed." + export.Identifier(name)
}

// run returns the command that runs the template on this machine.
func run(j *export.Job, file string) string {
	env, args := "", []string{"--step", export.Cut(j.Job.Name, maxStepName)}
	for _, p := range j.Parameters {
		switch {
		case p.Kind == export.Secret:
			env += p.Variable + "=… "
		case p.Required:
			args = append(args, "-p", p.Name+"="+p.Example())
		}
	}
	return fmt.Sprintf("openjd check %s\n%sopenjd run %s %s", file, env, file, strings.Join(args, " "))
}
