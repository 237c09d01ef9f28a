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

// Prepare does once what the first manifest would wait for. A caller that has to find and read files first may do both at the same
// time.
func Prepare() { schema.Prepare() }

// Manifest runs all stages on a manifest: syntax, schema and rules. The report is sorted, and has the path.
func Manifest(path string, m *seed.Manifest, opt Options) *diag.Report {
	return manifestMost(path, m, opt, diag.MaxFindings)
}

// manifestMost is Manifest for a report that holds a number of findings of a kind.
func manifestMost(path string, m *seed.Manifest, opt Options, most int) *diag.Report {
	report := &diag.Report{Path: path, Source: m.Source, Most: most}
	reportSyntax(report)
	if shape := shapeOf(path, m, opt); shape != nil {
		report.Add(*shape)
		report.Sort()
		return report
	}
	judge(report, m, opt)
	report.Sort()
	return report
}

// judge runs the schema and the rules. A member with a wrong name is reported, and judged as the one that it was meant to
// be.
func judge(report *diag.Report, m *seed.Manifest, opt Options) {
	violations, beyond := schema.ManifestMost(m.Source)
	const deepest = 5 // as deep as such members can lie within each other
	for range deepest {
		names := renamable(m.Source, violations)
		if len(names) == 0 {
			break
		}
		reportSchema(report, m, slices.DeleteFunc(violations, func(v schema.Violation) bool { return !v.Key || names[v.Pointer] == "" }))
		m = m.Renamed(names)
		violations, beyond = schema.ManifestMost(m.Source)
	}
	reportSchema(report, m, violations)
	for keyword, n := range beyond.Counts {
		report.AddMore(schemaRule(&schema.Violation{Keyword: keyword}), n)
	}
	runRules(report, m, opt, violations, beyond.Values)
}

// A place is where a rule has a finding.
type place struct {
	rule *diag.Rule
	span seed.Span
}

func runRules(report *diag.Report, m *seed.Manifest, opt Options, violations []schema.Violation, broken map[seed.Pointer]bool) {
	misnamed, replaced := map[seed.Pointer]bool{}, map[seed.Pointer]bool{}
	if broken == nil {
		broken = map[seed.Pointer]bool{}
	}
	for _, v := range violations {
		if v.Key {
			misnamed[v.Pointer.Parent()] = true
			for _, name := range []string{v.Meant, v.Replaces} {
				replaced[v.Pointer.Parent().Member(name)] = name != ""
			}
		} else {
			broken[v.Pointer] = true
		}
	}
	p := Pass{Manifest: m, Job: &m.Job, Source: m.Source, Registry: opt.Registry, invalid: broken, misnamed: misnamed, replaced: replaced}
	for _, r := range rules {
		p.rule = r
		r.Check(&p)
	}
	seen := map[place]bool{}
	for _, d := range p.found {
		at := place{d.Rule, report.Place(d)}
		if d.Span == nil {
			at.span = m.Source.Span(d.Pointer)
		}
		if !seen[at] { // what a rule says twice of one place has one cause
			report.Add(written(m, *d))
		}
		seen[at] = true
	}
}
