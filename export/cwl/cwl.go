// Package cwl writes a job in the Common Workflow Language, version 1.2: as a CommandLineTool, or as an application package for
// platforms of Earth observation (OGC 20-089r1), which is a Workflow of one step.
package cwl

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

// Names of the files.
const (
	ToolFile    = "tool.cwl"
	PackageFile = "app-package.cwl"
)

// Tool is a CommandLineTool, for cwltool, Toil and others.
var Tool = &export.Target{
	Name:    "cwl",
	Summary: "Common Workflow Language 1.2: one CommandLineTool",
	Export:  func(j *export.Job) *export.Package { return write(j, false) },
}

// Application is an application package of the OGC.
var Application = &export.Target{
	Name:    "eoap",
	Summary: "Earth observation platforms: an OGC application package, a CWL Workflow of one step",
	Export:  func(j *export.Job) *export.Package { return write(j, true) },
}

// A writer makes one document.
type writer struct {
	*export.Job
	p        *export.Package
	explicit bool // ENTRYPOINT is written as baseCommand
	app      bool
	ids      map[string]string // of outputs, by kind and name
	step     string            // id of the workflow's step
}

func write(j *export.Job, app bool) *export.Package {
	w := &writer{Job: j, p: j.Package(), app: app, ids: map[string]string{}}
	w.explicit = j.Options.Entrypoint == "explicit" || app && j.Options.Entrypoint != "keep"
	w.nameOutputs()
	w.lose()
	tool := w.tool()
	if len(w.p.Refused) > 0 {
		return w.p
	}
	root := object{{"cwlVersion", "v1.2"}, {"$namespaces", object{{"s", "https://schema.org/"}, {"cwltool", "http://commonwl.org/cwltool#"}}}}
	root = append(root, w.metadata()...)
	file := ToolFile
	if app {
		file = PackageFile
		root = append(root, field{"$graph", []any{w.workflow(), tool}})
	} else {
		root = append(root, tool...)
	}
	w.p.Files = []export.File{{Name: file, Text: root.text()}}
	w.p.Run = func(dir string) string { return w.run(export.Quote(strings.TrimSuffix(dir, "/") + "/" + file)) }
	return w.p
}

// metadata is what catalogues read. There is no $schemas, since that would be fetched.
func (w *writer) metadata() object {
	job := &w.Manifest.Job
	out := object{{"s:softwareVersion", job.JobVersion}}
	if len(job.Tags) > 0 {
		out = append(out, field{"s:keywords", job.Tags})
	}
	author := object{{"class", "s:Person"}, {"s:name", job.Maintainer.Name}, {"s:email", job.Maintainer.Email}}
	if job.Maintainer.Organization != "" {
		author = append(author, field{"s:affiliation", object{{"class", "s:Organization"}, {"s:name", job.Maintainer.Organization}}})
	}
	return append(out, field{"s:author", []any{author}})
}

// id is a name as the last part of a URI.
func id(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
}

func (w *writer) toolID() string {
	if w.app {
		return id(w.Manifest.Job.Name) + "-tool"
	}
	return id(w.Manifest.Job.Name)
}

// label is the title, or the name. Platforms want one.
func (w *writer) label() string {
	if title := export.OneLine(w.Manifest.Job.Title); title != "" {
		return title
	}
	return w.Manifest.Job.Name
}

// doc is the description, and what the job's errors mean. Platforms want it, too.
func (w *writer) doc() string {
	lines := []string{w.Manifest.Job.Description}
	if strings.TrimSpace(lines[0]) == "" {
		lines[0] = w.label()
	}
	if len(w.Manifest.Job.Errors) > 0 {
		lines = append(lines, "", "Exit statuses:")
	}
	for _, e := range w.Manifest.Job.Errors {
		lines = append(lines, fmt.Sprintf("%d: %s", e.Code, export.ErrorText(e)))
	}
	return strings.Join(lines, "\n")
}

func (w *writer) tool() object {
	out := object{{"class", "CommandLineTool"}, {"id", w.toolID()}, {"label", w.label()}, {"doc", w.doc()}}
	base, arguments := w.command()
	if len(base) > 0 {
		out = append(out, field{"baseCommand", base})
	}
	out = append(out, field{"arguments", arguments}, field{"requirements", w.requirements()})
	if hints := w.hints(); len(hints) > 0 {
		out = append(out, field{"hints", hints})
	}
	out = append(out, field{"inputs", w.inputs()}, field{"outputs", w.outputs()})
	if codes := w.codes(); len(codes) > 0 {
		out = append(out, field{"permanentFailCodes", codes})
	}
	return out
}

// codes are those that errors declare.
func (w *writer) codes() (codes []int64) {
	seen := map[int64]bool{}
	for _, e := range w.Manifest.Job.Errors {
		if e.Code >= 1 && e.Code <= 255 && !seen[e.Code] {
			codes, seen[e.Code] = append(codes, e.Code), true
		}
	}
	return codes
}

// command returns baseCommand and arguments.
func (w *writer) command() (base []string, arguments []any) {
	arguments = []any{}
	c, err := command.Parse(w.Manifest.Job.Interface.Command)
	if err == nil && len(c.Refused) > 0 {
		err = c.Refused[0]
	}
	if err != nil {
		w.p.Refuse(seed.AtCommand, err.Error())
		return nil, arguments
	}
	words := c.Words
	tree := c.Tree()
	if w.explicit {
		var taken int
		base, taken = w.program(c)
		words, tree = words[taken:], tree[taken:]
	}
	for i, word := range words {
		if word.Literal && !strings.ContainsAny(word.Text, `$\`) {
			arguments = append(arguments, word.Text)
		} else {
			arguments = append(arguments, call("seedCommand", tree[i:i+1], variable("inputs"), variable("runtime")))
		}
	}
	return base, arguments
}

// program returns what starts the job on platforms that replace ENTRYPOINT, and how many words of the command are in it.
func (w *writer) program(c *command.Command) (base []string, taken int) {
	start := w.Image.Start
	empty := len(c.Words) == 0
	switch {
	case start != nil && len(start.Entrypoint) > 0 && empty:
		return append(append([]string(nil), start.Entrypoint...), start.Cmd...), 0
	case start != nil && len(start.Entrypoint) > 0:
		return start.Entrypoint, 0
	case start != nil && empty && len(start.Cmd) > 0:
		return start.Cmd, 0
	case start == nil:
		w.p.Refuse(seed.AtJob, "the image's ENTRYPOINT is not known, and platforms replace it: export the published image, or write an ENTRYPOINT or FROM scratch in the Dockerfile")
		return nil, 0
	case empty:
		w.p.Refuse(seed.AtJob, "the image has neither ENTRYPOINT nor CMD, and the manifest has no command: there is nothing to run")
		return nil, 0
	case !c.Words[0].Literal:
		w.p.Refuse(seed.AtCommand, "the image has no ENTRYPOINT, so the first word of the command is the program: it must not have variables")
		return nil, 0
	}
	return []string{c.Words[0].Text}, 1
}

// requirements are what the tool needs. All are standard.
func (w *writer) requirements() object {
	out := object{
		{"DockerRequirement", object{{"dockerPull", w.Image.Reference}}},
		{"InlineJavascriptRequirement", object{{"expressionLib", []any{expandJS, jobJS + "\n" + w.variables()}}}},
		{"LoadListingRequirement", object{{"loadListing", "shallow_listing"}}},
		{"EnvVarRequirement", object{{"envDef", w.environment()}}},
	}
	if mounts := w.mounts(); len(mounts) > 0 {
		out = append(out, field{"InitialWorkDirRequirement", object{{"listing", mounts}}})
	}
	if resources := w.resources(); len(resources) > 0 {
		out = append(out, field{"ResourceRequirement", resources})
	}
	if w.Manifest.Job.Timeout > 0 {
		out = append(out, field{"ToolTimeLimit", object{{"timelimit", w.Manifest.Job.Timeout}}})
	}
	if w.Options.Network {
		out = append(out, field{"NetworkAccess", object{{"networkAccess", true}}})
	}
	return out
}

// variables are data for the functions of job.js.
func (w *writer) variables() string {
	var all []any
	for _, p := range w.Parameters {
		switch p.Kind {
		case export.OutputDirectory:
			all = append(all, object{{"name", p.Variable}, {"outdir", true}})
		case export.InputFile, export.InputDirectory:
			all = append(all, object{{"name", p.Variable}, {"input", p.Name}, {"path", true}})
		case export.InputJSON, export.Setting, export.Secret:
			all = append(all, object{{"name", p.Variable}, {"input", p.Name}})
		}
	}
	for _, a := range w.Requirements.All {
		all = append(all, object{{"name", a.Variable()}, {"amount", amount(a)}})
	}
	return "var seedVariables = " + literal(all) + ";\n"
}

func amount(a export.Amount) object {
	return object{{"value", a.Value}, {"multiplier", a.Multiplier}}
}

// environment defines all variables. One that is absent is empty, since CWL cannot unset one.
func (w *writer) environment() []any {
	all := []any{}
	define := func(name string) {
		all = append(all, object{{"envName", name}, {"envValue", call("seedValue", name, variable("inputs"), variable("runtime"))}})
	}
	for _, p := range w.Parameters {
		if p.Variable != "" {
			define(p.Variable)
		}
	}
	for _, a := range w.Requirements.All {
		define(a.Variable())
	}
	return all
}

func (w *writer) mounts() (all []any) {
	for _, p := range w.Parameters {
		if p.Kind == export.Mount {
			all = append(all, object{{"entry", "$(inputs." + p.Name + ")"}, {"entryname", text(p.Path)}, {"writable", p.Writable}})
		}
	}
	return all
}

func (w *writer) resources() (out object) {
	add := func(name string, a export.Amount) {
		switch {
		case a.Multiplier > 0:
			out = append(out, field{name, call("seedWhole", amount(a), variable("inputs"))})
		case name != "coresMin" && a.Value > 0:
			out = append(out, field{name, a.Ceil()})
		case a.Value > 0:
			out = append(out, field{name, a.Value})
		}
	}
	add("coresMin", w.Requirements.CPUs)
	add("ramMin", w.Requirements.Mem)
	add("outdirMin", w.Requirements.Disk)
	return out
}

// hints are extensions that cwltool knows. Others leave them out.
func (w *writer) hints() (out object) {
	var secrets []string
	for _, p := range w.Parameters {
		if p.Kind == export.Secret {
			secrets = append(secrets, p.Name)
		}
	}
	if len(secrets) > 0 {
		out = append(out, field{"cwltool:Secrets", object{{"secrets", secrets}}})
	}
	if n := w.Requirements.GPUs.Ceil(); n > 0 {
		out = append(out, field{"cwltool:CUDARequirement", object{{"cudaVersionMin", "1.0"}, {"cudaComputeCapability", "1.0"}, {"cudaDeviceCountMin", n}, {"cudaDeviceCountMax", n}}})
	}
	return out
}

// inputs are the parameters but those of the launcher.
func (w *writer) inputs() object {
	out := object{}
	for _, p := range w.Parameters {
		kind := w.inputType(&p)
		if kind == "" {
			continue
		}
		if !p.Required {
			kind += "?"
		}
		out = append(out, field{p.Name, object{{"type", kind}, {"label", p.Name}, {"doc", p.Doc()}}})
	}
	return out
}

func (w *writer) inputType(p *export.Parameter) string {
	switch p.Kind {
	case export.InputFile:
		return "File"
	case export.InputDirectory, export.Mount:
		return "Directory"
	case export.Setting, export.Secret:
		return "string"
	case export.InputJSON:
		switch p.Type {
		case "integer":
			return "long"
		case "number":
			return "double"
		case "boolean":
			return "boolean"
		}
		return "string" // arrays and objects are JSON text
	}
	return ""
}
