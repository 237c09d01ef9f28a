package lint

import (
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
	for _, problem := range report.Source.Problems {
		d := diag.Diagnostic{Rule: syntaxRule(problem.Code), Span: &problem.Span, Message: problem.Message, Hint: problem.Hint}
		if problem.Fix != "" {
			d.Fixes = []diag.Fix{{Title: problem.Fix, Edits: problem.Edits, Unsafe: problem.Unsafe}}
		}
		report.Add(d)
	}
}
