package lint

import (
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

var syntaxRules = []*diag.Rule{&jsonSyntax, &jsonEncoding, &jsonDuplicate, &jsonNumber, &jsonSize}

var jsonSyntax = diag.Rule{
	ID:       "json-syntax",
	Severity: diag.Error,
	Summary:  "a manifest must be one JSON object",
	Spec:     "2 S-2-02",
}

var jsonEncoding = diag.Rule{
	ID:       "json-encoding",
	Severity: diag.Error,
	Summary:  "a manifest must be UTF-8 without a byte order mark",
	Spec:     "2 S-2-02",
}

var jsonDuplicate = diag.Rule{
	ID:       "json-duplicate",
	Severity: diag.Error,
	Summary:  "the members of an object must have different names",
	Spec:     "2 T-33",
}

var jsonNumber = diag.Rule{
	ID:       "json-number",
	Severity: diag.Error,
	Summary:  "a number must be finite when it is read",
	Spec:     "2 T-33",
}

var jsonSize = diag.Rule{
	ID:       "json-size",
	Severity: diag.Error,
	Summary:  "a manifest must be of a size and depth that readers take",
	Spec:     "2 S-2-02",
}

// syntaxRule returns the rule for a problem of the parser.
func syntaxRule(code string) *diag.Rule {
	switch code {
	case seed.CodeEncoding, seed.CodeByteOrder:
		return &jsonEncoding
	case seed.CodeDuplicate:
		return &jsonDuplicate
	case seed.CodeNumberRange:
		return &jsonNumber
	case seed.CodeTooLarge, seed.CodeDepth:
		return &jsonSize
	}
	return &jsonSyntax
}

func reportSyntax(report *diag.Report) {
	for _, problem := range oneOfQuotes(report.Source.Problems) {
		if writesNull(problem) { // no member may be null, so that this would put one error in the place of another
			problem.Fix, problem.Edits = "", nil
			problem.Hint = "JSON writes it null, but no member of a manifest may be null: write a value, or leave the member out"
		}
		d := diag.Diagnostic{Rule: syntaxRule(problem.Code), Span: &problem.Span, Message: problem.Message, Hint: problem.Hint}
		if problem.Fix != "" {
			d.Fixes = []diag.Fix{{Title: problem.Fix, Edits: problem.Edits, Unsafe: problem.Unsafe}}
		}
		report.Add(d)
	}
}

func writesNull(p seed.Problem) bool {
	return p.Code == seed.CodeValue && len(p.Edits) == 1 && p.Edits[0].New == "null"
}

// oneOfQuotes makes one problem of all strings in quotes of another kind that can be fixed: who writes one so writes all so.
func oneOfQuotes(problems []seed.Problem) []seed.Problem {
	out, first, count := make([]seed.Problem, 0, len(problems)), map[string]int{}, map[string]int{}
	for _, p := range problems {
		if p.Code != seed.CodeQuote || p.Fix == "" || p.Unsafe {
			out = append(out, p)
			continue
		}
		at, known := first[p.Message]
		if !known {
			at, first[p.Message] = len(out), len(out)
			out = append(out, p)
			out[at].Edits = slices.Clone(p.Edits) // the parser's own stay as they are
		} else {
			out[at].Edits = append(out[at].Edits, p.Edits...)
		}
		count[p.Message]++
	}
	for message, at := range first {
		switch n := count[message]; {
		case len(problems) >= seed.MaxProblems: // there are others, which were not recorded
			out[at].Message += fmt.Sprintf(" (the first of at least %d)", n)
		case n > 1:
			out[at].Message += fmt.Sprintf(" (the first of %d)", n)
		}
	}
	return out
}
