package export

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/seed"
)

//go:embed launcher/base.bash
var launcherBase string

//go:embed launcher/run.bash
var launcherRun string

// directives are for shellcheck. The words of the command are unquoted on purpose, as in the manifest.
const directives = `# shellcheck disable=SC1001,SC1003,SC1010,SC1012,SC1078,SC1079,SC1083,SC2026,SC2034,SC2046,SC2088,SC2140,SC2145,SC2154,SC2086,SC2206,SC2016,SC2089,SC2090,SC2317,SC2329,SC2030,SC2031,SC2035,SC2119,SC2120
`

// A Frame is what differs between the systems that run the launcher.
type Frame struct {
	// Text is Bash that defines say_failure, say_status, say_done and seed_filter, and filter_lines if that is "yes".
	Text string
	// Grace is how many seconds a job has between TERM and KILL when the launcher is told to end.
	Grace int
}

// Base returns the part of the launcher that finds a container runtime and pulls the image. It runs nothing.
func (j *Job) Base(f Frame) string {
	return directives + f.Text + launcherBase + "\n" + j.constants(f)
}

// Launcher returns a script for Bash 4.2 or newer that runs the job: it maps values to the container, ends it on a signal and
// on time, checks outputs, and names errors. Its arguments are NAME=VALUE. It never evaluates a value. The script lacks its
// first line, "#!/bin/bash".
func (j *Job) Launcher(f Frame) string {
	var b strings.Builder
	b.WriteString(j.about())
	b.WriteString(j.Base(f))
	b.WriteString(launcherRun)
	b.WriteString("\n# --- This job ---\n\n")
	b.WriteString(j.names())
	b.WriteString(j.values())
	b.WriteString(j.words())
	b.WriteString(j.errors())
	b.WriteString(j.outputs())
	return b.String()
}

// about describes the job in comments. They are part of a template in some systems, so braces are left out.
func (j *Job) about() string {
	job := &j.Job
	lines := []string{"The Seed job " + job.Name + " " + job.JobVersion + ", package " + job.PackageVersion, job.Title, job.Description}
	if who := strings.Join(slices.DeleteFunc([]string{job.Maintainer.Name, job.Maintainer.Organization, job.Maintainer.Email}, func(s string) bool { return s == "" }), ", "); who != "" {
		lines = append(lines, "Maintainer: "+who)
	}
	for _, a := range j.Requirements.Others {
		lines = append(lines, fmt.Sprintf("It needs %s of the resource %s", Decimal(a.Value), a.Name))
	}
	var b strings.Builder
	for _, l := range lines {
		if l = OneLine(l); l != "" {
			b.WriteString("#: " + strings.NewReplacer("{", "(", "}", ")").Replace(l) + "\n")
		}
	}
	return b.String()
}

// constants are what the launcher knows about the job besides its values.
func (j *Job) constants(f Frame) string {
	r := &j.Requirements
	keep, network, workdir, words := "", "none", "", "some"
	var entrypoint []string
	if j.declares(125) || j.declares(126) || j.declares(127) {
		keep = "yes"
	}
	if j.Options.Network {
		network = "default"
	}
	if s := j.Image.Start; s != nil {
		workdir = s.WorkingDir
		for _, word := range s.Entrypoint {
			entrypoint = append(entrypoint, Quote(word))
		}
		if len(s.Cmd) == 0 {
			words = ""
		}
	}
	if strings.TrimSpace(j.Job.Interface.Command) == "" {
		words = ""
	}
	var b strings.Builder
	set := func(name, value string) {
		fmt.Fprintf(&b, "%s=%s\n", name, Quote(value))
	}
	set("seed_image", j.Image.Reference)
	set("seed_runtime", j.Options.Runtime)
	set("seed_network", network)
	set("seed_workdir", workdir)
	set("seed_words", words)
	set("keep", keep)
	fmt.Fprintf(&b, "seed_entrypoint=(%s)\n", strings.Join(entrypoint, " "))
	fmt.Fprintf(&b, "seed_timeout=%d\nseed_grace=%d\nseed_gpus=%d\n", max(j.Job.Timeout, 0), f.Grace, r.GPUs.Ceil())
	fmt.Fprintf(&b, "seed_memory=(%s)\nseed_shared=(%s)\n", r.Mem.factors(), r.SharedMem.factors())
	return b.String()
}

// factors are the value and the multiplier of an amount.
func (a Amount) factors() string {
	return Decimal(min(max(a.Value, 0), maxAmount)) + " " + Decimal(max(a.Multiplier, 0))
}

func (j *Job) declares(code int64) bool {
	return slices.ContainsFunc(j.Job.Errors, func(e seed.Error) bool { return e.Code == code })
}

func (j *Job) names() string {
	var all, required []string
	for _, p := range j.Given() {
		all = append(all, p.Name)
		if p.Required {
			required = append(required, p.Name)
		}
	}
	return fmt.Sprintf("names=(%s)\nrequired=(%s)\n\n", strings.Join(all, " "), strings.Join(required, " "))
}

// values gives the job its inputs, settings, mounts and amounts.
func (j *Job) values() string {
	var b strings.Builder
	b.WriteString("job_values() {\n")
	for _, p := range j.Parameters {
		need := "optional"
		if p.Required {
			need = "required"
		}
		switch p.Kind {
		case InputFile:
			fmt.Fprintf(&b, "  input_file %s %s %s\n", p.Name, p.Variable, need)
		case InputDirectory:
			fmt.Fprintf(&b, "  input_directory %s %s %s\n", p.Name, p.Variable, need)
		case InputJSON:
			fmt.Fprintf(&b, "  input_json %s %s %s %s\n", p.Name, p.Variable, need, Quote(p.Type))
		case Setting:
			fmt.Fprintf(&b, "  setting %s %s\n", p.Name, p.Variable)
		case Secret:
			fmt.Fprintf(&b, "  secret %s\n", p.Variable)
		case Mount:
			mode := "ro"
			if p.Writable {
				mode = "rw"
			}
			fmt.Fprintf(&b, "  mount_directory %s %s %s\n", p.Name, Quote(p.Path), mode)
		}
	}
	for _, a := range j.Requirements.All {
		if a.Multiplier > 0 {
			fmt.Fprintf(&b, "  allocated %s %s %s\n", a.Variable(), Decimal(a.Value), Decimal(a.Multiplier))
		} else {
			fmt.Fprintf(&b, "  put %s %s\n", a.Variable(), seed.Allocated(a.Value))
		}
	}
	return b.String() + "  :\n}\n\n"
}

// words are those of the command, for Bash to expand. Variables have v_ in front, so that none of the host's can be meant.
func (j *Job) words() string {
	text, err := command.Bash(j.Job.Interface.Command, "v_", "$seed_nothing")
	if err != nil {
		// The linter has refused the manifest, or the target will.
		text = ""
	}
	if text != "" {
		text = " " + text
	}
	return "job_words() {\n  set_words" + text + "\n}\n\n"
}

// errors names the exit statuses that the manifest declares. Of several with one code the first counts.
func (j *Job) errors() string {
	var b strings.Builder
	b.WriteString("error_meaning() {\n  case $1 in\n")
	seen := map[int64]bool{}
	for _, e := range j.Job.Errors {
		if e.Code >= 1 && e.Code <= 255 && !seen[e.Code] {
			fmt.Fprintf(&b, "  %d) meaning=%s ;;\n", e.Code, Quote(ErrorText(e)))
			seen[e.Code] = true
		}
	}
	return b.String() + "  *) ;;\n  esac\n}\n\n"
}

// ErrorText returns what an error means, in one line: NAME: TITLE - DESCRIPTION.
func ErrorText(e seed.Error) string {
	text := OneLine(e.Name)
	if title := OneLine(e.Title); title != "" {
		text += ": " + title
	}
	if description := OneLine(e.Description); description != "" {
		text += " - " + description
	}
	return text
}

// outputs checks what the job must have written.
func (j *Job) outputs() string {
	var b strings.Builder
	b.WriteString("job_outputs() {\n")
	for _, o := range j.Job.Interface.Outputs.Files {
		need, count := "optional", "single"
		if o.Required {
			need = "required"
		}
		if o.Multiple {
			count = "multiple"
		}
		word, _ := glob.Bash(o.Pattern)
		line := fmt.Sprintf("  output %s %s %s %s %s", Quote(OneLine(o.Name)), need, count, Quote(OneLine(o.Pattern)), word)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, o := range j.Job.Interface.Outputs.JSON {
		if o.Required {
			b.WriteString("  outputs_json\n")
			break
		}
	}
	return b.String() + "  :\n}\n\n"
}

// Main is the last line of a launcher that gets its values as arguments.
const Main = "main \"$@\"\n"
