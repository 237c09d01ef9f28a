// Package lint finds what is wrong with a Seed manifest: in its syntax, by its schema, and by rules that no schema can
// express, such as what an image reference allows.
//
// It reads only the text of the manifest. Rules have severities; diag.Policy decides what these mean for a run.
package lint

import (
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/seed"
)

// Options are what a manifest is judged by, besides its own text. The zero value has no registry.
type Options struct {
	// Registry is HOST[/NAMESPACE]. It counts for the length of the whole reference. Default: none.
	Registry string
}

// Manifest runs all stages on a manifest: syntax, schema and rules. The report is sorted, and has the path.
func Manifest(path string, m *seed.Manifest, opt Options) *diag.Report {
	report := &diag.Report{Path: path, Source: m.Source}
	reportSyntax(report)
	violations := schema.Manifest(m.Source)
	reportSchema(report, violations)
	runRules(report, m, opt, violations)
	report.Sort()
	return report
}

func runRules(report *diag.Report, m *seed.Manifest, opt Options, violations []schema.Violation) {
	broken, misnamed := map[seed.Pointer]bool{}, map[seed.Pointer]bool{}
	for _, v := range violations {
		if v.Key {
			misnamed[v.Pointer.Parent()] = true
		} else {
			broken[v.Pointer] = true
		}
	}
	p := Pass{Manifest: m, Job: &m.Job, Source: m.Source, Registry: opt.Registry, invalid: broken, misnamed: misnamed}
	for _, r := range rules {
		p.rule = r
		r.Check(&p)
	}
	for _, d := range p.found {
		if !hasSyntaxProblem(report, d) {
			report.Add(*d)
		}
	}
}

// hasSyntaxProblem reports whether a diagnostic is about a string with a syntax problem. That problem is reported
// first.
func hasSyntaxProblem(report *diag.Report, d *diag.Diagnostic) bool {
	if len(report.Source.Problems) == 0 || report.Source.Kind(d.Pointer) != "string" {
		return false
	}
	place := report.Source.Span(d.Pointer)
	return slices.ContainsFunc(report.Source.Problems, func(p seed.Problem) bool {
		within := place.Start <= p.Span.Start && p.Span.End <= place.End
		return within && (p.Code == seed.CodeString || p.Code == seed.CodeEncoding || p.Code == seed.CodeUnclosed)
	})
}
