package dockerfile

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A Warning is a warning of BuildKit, from a build or from its parser. Lines count from 1; 0 means no line.
type Warning struct {
	Name, Text string
	First      int
	Last       int
}

// WarningReport returns the warnings of a build as a report on its Dockerfile. It uses the words of Check, so that
// merged reports have each finding once.
func WarningReport(path string, text []byte, all []Warning) *diag.Report {
	report := &diag.Report{Path: path, Source: seed.TextSource(text)}
	for _, w := range all {
		first, last := max(1, w.First), max(1, w.First, w.Last)
		span := lines(report.Source, []parser.Range{{Start: parser.Position{Line: first}, End: parser.Position{Line: last}}})
		report.Add(diag.Diagnostic{Rule: &buildCheck.Rule, Span: &span, Message: checkMessage(w.Name, w.Text)})
	}
	report.Sort()
	return report
}

func checkMessage(name, text string) string {
	return fmt.Sprintf("%s (BuildKit's %s)", strings.TrimSuffix(text, "."), name)
}
