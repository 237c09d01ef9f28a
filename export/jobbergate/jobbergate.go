// Package jobbergate writes a job as an application of Jobbergate, which renders batch scripts of Slurm from templates, and
// publishes it.
package jobbergate

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/export/slurm"
	"github.com/seedpack/seedpack/seed"
)

// Names of the files. There is exactly one template, since the command line of Jobbergate makes each an entry point.
const (
	ConfigFile   = "jobbergate.yaml"
	WorkflowFile = "jobbergate.py"
	TemplateFile = "templates/" + template
	template     = "job.sh.j2"
)

// maxText is the longest text that the API takes.
const maxText = 255

// Target is Jobbergate.
var Target = &export.Target{
	Name:    "jobbergate",
	Summary: "Jobbergate: an application, with a template of a batch script for Slurm",
	Export:  write,
}

func write(j *export.Job) *export.Package {
	p := j.LauncherPackage()
	slurm.Lose(j, p)
	for _, each := range j.Parameters {
		if len(each.Name) > maxText {
			p.Refuse(each.Pointer, fmt.Sprintf("the parameter %s has %d characters, and Jobbergate takes %d", each.Name, len(each.Name), maxText))
		}
	}
	if n := len([]rune(j.Image.Reference)); n > maxText {
		p.Refuse(seed.AtJob, fmt.Sprintf("the reference of the image has %d characters, and Jobbergate takes %d", n, maxText))
	}
	p.Files = []export.File{
		{Name: ConfigFile, Text: config(j)},
		{Name: WorkflowFile, Text: workflow(j)},
		{Name: TemplateFile, Text: script(j)},
	}
	p.Run = func(dir string) string {
		name := j.Job.Name
		return fmt.Sprintf("jobbergate applications create --name %s --identifier %s --application-path %s\njobbergate job-scripts create --application-identifier %s", name, name, export.Quote(dir), name)
	}
	return p
}

// Variables are defaults that the server keeps with the template.
func Variables(j *export.Job) map[string]string {
	return map[string]string{export.ImageName: j.Image.Reference, export.RuntimeName: j.Options.Runtime}
}

// config is the file that the command line reads. JSON strings are strings of YAML, too.
func config(j *export.Job) string {
	return fmt.Sprintf(`jobbergate_config:
  default_template: %s
  output_directory: .
application_config:
  %s: %s
  %s: %s
`, template, export.ImageName, strconv.QuoteToASCII(j.Image.Reference), export.RuntimeName, j.Options.Runtime)
}

// workflow asks for the values. Text of the manifest stands in it only as literals of strings.
func workflow(j *export.Job) string {
	var b strings.Builder
	b.WriteString(`from jobbergate_cli.subapps.applications.application_base import JobbergateApplicationBase
from jobbergate_cli.subapps.applications.questions import Directory, File, Integer, List, Text


class JobbergateApplication(JobbergateApplicationBase):
    def mainflow(self, data=None):
        return [
`)
	for _, p := range j.Given() {
		if p.Kind != export.ImageReference && p.Kind != export.Runtime {
			b.WriteString("            " + question(&p) + ",\n")
		}
	}
	return b.String() + "        ]\n"
}

// question asks for one value. An optional one is text, since only that may be empty.
func question(p *export.Parameter) string {
	name, doc := strconv.Quote(p.Name), message(p)
	switch {
	case !p.Required:
		return fmt.Sprintf(`Text(%s, %s, default="")`, name, doc)
	case p.Kind == export.InputFile:
		return fmt.Sprintf("File(%s, %s, exists=True)", name, doc)
	case p.Kind == export.InputDirectory, p.Kind == export.Mount:
		return fmt.Sprintf("Directory(%s, %s, exists=True)", name, doc)
	case p.Kind == export.OutputDirectory:
		return fmt.Sprintf("Directory(%s, %s)", name, doc)
	case p.Kind == export.InputJSON && p.Type == "integer":
		return fmt.Sprintf("Integer(%s, %s)", name, doc)
	case p.Kind == export.InputJSON && p.Type == "boolean":
		return fmt.Sprintf(`List(%s, %s, choices=["true", "false"])`, name, doc)
	}
	return fmt.Sprintf("Text(%s, %s)", name, doc)
}

// message is a literal of Python. The library that asks formats it, so it has no braces.
func message(p *export.Parameter) string {
	doc := strings.NewReplacer("{", "(", "}", ")").Replace(p.Doc())
	return strconv.QuoteToASCII(export.Cut(p.Name+": "+doc, maxText))
}

// script is the template. Before the first command there are only fixed directives, since the server inserts its own there.
func script(j *export.Job) string {
	var b strings.Builder
	b.WriteString(slurm.Head(j))
	b.WriteString("set --\n")
	for _, p := range j.Given() {
		b.WriteString(assignment(&p))
	}
	b.WriteString("{% raw %}\n")
	b.WriteString(j.Launcher(slurm.Frame()) + export.Main)
	b.WriteString("{% endraw %}\n")
	return b.String()
}

// assignment passes one value on, if it is there, as an argument in single quotes. A JSON value may come as itself, and not as
// its text. A carriage return is written as an escape, since sbatch refuses scripts with line ends of Windows.
func assignment(p *export.Parameter) string {
	value := "data." + p.Name
	text := value + " | string"
	if p.Kind == export.InputJSON && p.Type != "string" {
		text = fmt.Sprintf("(%s if %s is string else %s | tojson) | string", value, value, value)
	}
	return fmt.Sprintf(`{%% if %s is defined and %s is not none %%}set -- "$@" '%s={{ %s | replace("'", "'\\''") | replace("\r", "'$'\\r''") }}'{%% endif %%}`+"\n", value, value, p.Name, text)
}
