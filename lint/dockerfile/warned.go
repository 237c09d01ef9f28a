package dockerfile

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A Warning is one of BuildKit's, as a build or its parser gives it. Lines count from 1; 0 is none.
type Warning struct {
	Name, Text string
	First      int
	Last       int
}

// Warned are the warnings of a build in the report of its Dockerfile, in the words in which Check says the same, so that
// merged reports say it once.
func Warned(path string, text []byte, all []Warning) *diag.Report {
	report := &diag.Report{Path: path, Source: &seed.Source{Text: text}}
	for _, w := range all {
		first, last := max(1, w.First), max(1, w.First, w.Last)
		span := lines(report.Source, []parser.Range{{Start: parser.Position{Line: first}, End: parser.Position{Line: last}}})
		report.Add(diag.Diagnostic{Rule: &buildCheck.Rule, Severity: checkSeverity(w.Name), Span: &span, Message: checkMessage(w.Name, w.Text)})
	}
	report.Sort()
	return report
}

// checkSeverity is the rule's own, but where an image comes out that does not run where it says it does.
func checkSeverity(name string) diag.Severity {
	if name == linter.RuleInvalidBaseImagePlatform.Name {
		return diag.Warning
	}
	return diag.Unset
}

func checkMessage(name, text string) string {
	return fmt.Sprintf("%s (BuildKit's %s)", strings.TrimSuffix(text, "."), name)
}
