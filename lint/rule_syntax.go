package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/schema"
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
	for _, problem := range foldRepeated(report.Source.Problems) {
		problem = inPlace(report.Source, problem)
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

// inPlace adapts the fix of a problem to what belongs in its place: only text is put in quotes.
func inPlace(src *seed.Source, p seed.Problem) seed.Problem {
	if p.Code != seed.CodeValue && p.Code != seed.CodeNumber || p.Fix != "" && p.Fix != quoteTitle {
		return p
	}
	at, ok := src.PointerAt(p.Span)
	if hint := schema.AmountHint(src, at, string(src.Text[p.Span.Start:p.Span.End])); ok && hint != "" {
		p.Fix, p.Edits, p.Hint = "", nil, hint
		return p
	}
	if p.Fix == "" {
		return p
	}
	kind := schema.Kind(at)
	if !ok || kind == "" || kind == "string" {
		return p
	}
	p.Fix, p.Edits, p.Hint = "", nil, at.Base()+" must be "+withArticle(kind)
	if truth := schema.Truth(string(src.Text[p.Span.Start:p.Span.End])); kind == "boolean" && truth != "" {
		p.Hint, p.Fix, p.Unsafe = "JSON writes it "+truth, "Write it "+truth, true
		p.Edits = []seed.Edit{{Span: p.Span, New: truth}}
	}
	return p
}

// quoteTitle is the title of the parser's fix for text without quotes.
const quoteTitle = "Put it in double quotes"

func withArticle(kind string) string {
	if strings.IndexByte("aeiou", kind[0]) >= 0 {
		return "an " + kind
	}
	return "a " + kind
}

// repeated returns what all problems of one cause share: who writes one so writes all so. It is empty for a problem that
// stands for itself.
func repeated(p seed.Problem) string {
	switch {
	case p.Code == seed.CodeQuote && p.Fix != "" && !p.Unsafe:
		return p.Message
	case strings.HasPrefix(p.Message, "control character "):
		return p.Message
	case p.Code == seed.CodeComment && p.Fix != "":
		return p.Code
	case p.Code == seed.CodeName && p.Fix == quoteTitle, p.Code == seed.CodeEncoding && strings.HasSuffix(p.Message, "JSON is UTF-8"):
		return p.Code
	}
	return ""
}

// habit returns what problems share whose fix is safe: they are a habit of the author, such as a comma after each last element, if
// there are several. It is empty for a problem without such a fix.
func habit(p seed.Problem) string {
	switch {
	case p.Fix == "" || p.Unsafe || p.Code == seed.CodeBlank || p.Code == seed.CodeDuplicate || len(p.Edits) == 0:
		return ""
	case strings.HasPrefix(p.Message, "a comma before "):
		return "a comma before"
	}
	return p.Message
}

// habits returns the habits of an author who has at least three problems of one.
func habits(problems []seed.Problem) map[string]bool {
	const least = 3
	if len(problems) < least {
		return nil
	}
	count, found := map[string]int{}, map[string]bool{}
	for _, p := range problems {
		if h := habit(p); h != "" {
			if count[h]++; count[h] == least {
				found[h] = true
			}
		}
	}
	return found
}

// foldRepeated makes one problem of all that have the same cause: strings in quotes of another kind, names without quotes, comments,
// bytes that are no UTF-8, and habits.
func foldRepeated(problems []seed.Problem) []seed.Problem {
	out, first, count := make([]seed.Problem, 0, len(problems)), map[string]int{}, map[string]int{}
	several := habits(problems)
	for _, p := range problems {
		key := repeated(p)
		if h := habit(p); key == "" && several[h] {
			key = h
		}
		if key == "" {
			out = append(out, p)
			continue
		}
		at, known := first[key]
		if !known {
			at, first[key] = len(out), len(out)
			out = append(out, p)
			out[at].Edits = slices.Clone(p.Edits) // the parser's own stay as they are
		} else {
			out[at].Edits = append(out[at].Edits, p.Edits...)
		}
		count[key]++
	}
	for key, at := range first {
		slices.SortStableFunc(out[at].Edits, func(a, b seed.Edit) int {
			return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
		})
		switch n := count[key]; {
		case len(problems) >= seed.MaxProblems: // there are others, which were not recorded
			out[at].Message += fmt.Sprintf(" (the first of at least %d)", n)
		case n > 1:
			out[at].Message += fmt.Sprintf(" (the first of %d)", n)
		}
		if key == seed.CodeComment && count[key] > 1 {
			out[at].Fix = "Remove the comments"
		}
	}
	return out
}
