package main

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/pack"
)

// buildWarnings are what a build has against the Dockerfile, in its report. The linter found some of it before, in the same
// words; what depends on arguments and base images only a build can tell.
func buildWarnings(file dockerfileText, warnings []pack.Warning) *diag.Report {
	var all []dockerfile.Warning
	for _, w := range warnings {
		name := w.Name
		if name == "" {
			name = "build"
		}
		text := strings.Join(strings.Fields(w.Text), " ")
		all = append(all, dockerfile.Warning{Name: name, Text: text, First: w.First, Last: w.Last})
	}
	return dockerfile.WarningReport(file.Path, file.text, all)
}

// showStep shows a failed step as its author knows it: its lines of the Dockerfile, and what it said last.
func (p *program) showStep(step *pack.StepError) {
	if len(step.Lines) > 0 {
		fmt.Fprintf(p.stderr, "%s:\n", report.Escape(step.File))
	}
	for _, line := range step.Lines {
		mark := "   "
		if line.Failed {
			mark = ">>>"
		}
		fmt.Fprintf(p.stderr, "%5d | %s %s\n", line.Number, mark, report.Escape(line.Text))
	}
	if len(step.Tail) > 0 {
		fmt.Fprintf(p.stderr, "the last output of %s:\n", report.Escape(step.Step))
	}
	for _, line := range step.Tail {
		fmt.Fprintln(p.stderr, "  | "+report.Escape(line))
	}
}
