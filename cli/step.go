package cli

import (
	"fmt"
	"io"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/pack"
)

// showStep shows a failed step as its author knows it: its lines of the Dockerfile, and the last that it printed.
func showStep(w io.Writer, step *pack.StepError) {
	if len(step.Lines) > 0 {
		fmt.Fprintf(w, "%s:\n", report.Escape(step.File))
	}
	for _, line := range step.Lines {
		mark := "   "
		if line.Failed {
			mark = ">>>"
		}
		fmt.Fprintf(w, "%5d | %s %s\n", line.Number, mark, report.Escape(line.Text))
	}
	if len(step.Tail) > 0 {
		fmt.Fprintf(w, "the last output of %s:\n", report.Escape(step.Step))
	}
	for _, line := range step.Tail {
		fmt.Fprintln(w, "  | "+report.Escape(line))
	}
}
