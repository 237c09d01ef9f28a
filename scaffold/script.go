package scaffold

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/lint/glob"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// script is the file name of the placeholder for the job's program.
const script = "job.sh"

// script returns a program that reads every input and writes every output. The job can thus be tried before its program
// exists.
func (o *Options) script() string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Stands in for the job itself: put your own program here. What goes in and out stands in the variables below,\n" +
		"# and in the arguments as the manifest's command gives them.\nset -eu\n")
	for _, in := range o.Inputs {
		fmt.Fprintf(&b, "\necho \"%s is $%s\"\n", in.Name, seed.Variable(in.Name))
	}
	for _, in := range o.JSONInputs {
		fmt.Fprintf(&b, "\necho \"%s is $%s\"\n", in.Name, seed.Variable(in.Name))
	}
	for _, s := range o.Settings {
		if !s.Secret {
			fmt.Fprintf(&b, "\necho \"%s is $%s\"\n", s.Name, seed.Variable(s.Name))
		}
	}
	for _, m := range o.Mounts {
		fmt.Fprintf(&b, "\nls %s\n", command.SingleQuote(m.Path))
	}
	for _, out := range o.Outputs {
		b.WriteString(o.write(out))
	}
	b.WriteString(o.writeJSON())
	if !o.HasInterface() {
		b.WriteString("\necho \"nothing to do yet\"\n")
	}
	return b.String()
}

// write returns the lines that make a file for an output: a copy of an input of the same type, or a sample.
func (o *Options) write(out seed.OutputFile) string {
	name := fileName(out)
	var b strings.Builder
	fmt.Fprintf(&b, "\n# %s\n", out.Name)
	if dir := path.Dir(name); dir != "." {
		fmt.Fprintf(&b, "mkdir -p %s\n", inOutputDir(dir))
	}
	for _, in := range o.Inputs {
		if out.MediaType != "" && slices.Contains(in.MediaTypes, out.MediaType) {
			fmt.Fprintf(&b, "cat \"$%s\" >%s\n", seed.Variable(in.Name), inOutputDir(name))
			return b.String()
		}
	}
	fmt.Fprintf(&b, "printf %s >%s\n", format(cases.Sample(out.MediaType)), inOutputDir(name))
	return b.String()
}

// writeJSON returns the lines that make the file of JSON outputs.
func (o *Options) writeJSON() string {
	if len(o.JSONOutputs) == 0 {
		return ""
	}
	var members []string
	for _, out := range o.JSONOutputs {
		members = append(members, quoteJSON(out.Name)+": "+cases.SampleJSON(out.Type))
	}
	return "\n# the JSON outputs\nprintf " + format([]byte("{"+strings.Join(members, ", ")+"}\n")) + " >" + inOutputDir(seed.OutputsFile) + "\n"
}

// fileName returns a name that the pattern of an output matches. It has the output's name if possible.
func fileName(out seed.OutputFile) string {
	dir, _ := path.Split(out.Pattern)
	for _, like := range []string{dir + strings.ToLower(out.Name) + "*", dir + "*" + strings.ToLower(out.Name) + "*", out.Pattern} {
		if name, ok := glob.Overlap(out.Pattern, like); ok {
			return name
		}
	}
	return strings.ToLower(out.Name) // the linter refuses such a pattern
}

func inOutputDir(name string) string { return `"$` + seed.OutputDir + `"/` + command.SingleQuote(name) }

// format returns a quoted format with which printf prints exactly these bytes. Bytes that are not text are octal, which
// every printf supports.
func format(content []byte) string {
	text := utf8.Valid(content)
	var b strings.Builder
	for _, c := range content {
		switch {
		case c == '%':
			b.WriteString("%%")
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\'':
			b.WriteString(`'\''`)
		case c < ' ' || c == 0x7f || c >= utf8.RuneSelf && !text:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return "'" + b.String() + "'"
}
