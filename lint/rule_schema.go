package lint

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/seed"
)

var schemaRules = []*diag.Rule{&seedVersion, &memberUnknown, &memberMissing, &memberType, &memberValue}

var seedVersion = diag.Rule{
	ID:       "seed-version",
	Severity: diag.Error,
	Summary:  "seedVersion must be a version of the standard that is known here",
	Spec:     "2.1 S-2.1-05 T-01",
}

var memberUnknown = diag.Rule{
	ID:       "member-unknown",
	Severity: diag.Error,
	Summary:  "objects must have no members but those of the standard",
	Spec:     "2.1.1 S-2.1.1-21",
}

var memberMissing = diag.Rule{
	ID:       "member-missing",
	Severity: diag.Error,
	Summary:  "required members must be there",
	Spec:     "2.1 S-2.1-02",
}

var memberType = diag.Rule{
	ID:       "member-type",
	Severity: diag.Error,
	Summary:  "members must have the JSON type that the standard gives them",
	Spec:     "1.2 S-1.2-03",
}

var memberValue = diag.Rule{
	ID:       "member-value",
	Severity: diag.Error,
	Summary:  "values must have the form that the standard gives them",
	Spec:     "2.1.1 S-2.1.1-01 T-14 T-22",
}

// schemaRule returns the rule of a violation.
func schemaRule(v *schema.Violation) *diag.Rule {
	switch {
	case v.Keyword == "additionalProperties":
		return &memberUnknown
	case v.Keyword == "required":
		return &memberMissing
	case v.Pointer == "/seedVersion":
		return &seedVersion
	case v.Keyword == "type":
		return &memberType
	}
	return &memberValue
}

// reportSchema adds the violations of the schema. A value of a wrong type gets no finding on its form. A missing member
// gets no finding if it is there under another name, or if a part of the text could not be read.
func reportSchema(report *diag.Report, violations []schema.Violation) {
	wrongType, renamed := map[seed.Pointer]bool{}, map[seed.Pointer]bool{}
	meant := map[seed.Pointer]bool{}
	for _, v := range violations {
		wrongType[v.Pointer] = wrongType[v.Pointer] || v.Keyword == "type"
		if v.Meant != "" {
			meant[v.Pointer.Parent().Member(v.Meant)] = true
		}
	}
	torn := report.Source.Incomplete()
	for i := range violations {
		v := &violations[i]
		if wrongType[v.Pointer] && (v.Keyword == "enum" || v.Keyword == "pattern") {
			continue
		}
		if v.Keyword == "required" && (torn || meant[v.Pointer.Member(v.Member)]) {
			continue
		}
		d := diag.Diagnostic{Rule: schemaRule(v), Pointer: v.Pointer, Key: v.Key, Message: v.Message, Hint: v.Hint}
		if rest, ok := strings.CutPrefix(v.Message, "is "); ok {
			d.Message = subject(report.Source, v.Pointer) + " is " + rest
		}
		if d.Rule != &seedVersion {
			d.Fixes = schemaFixes(report.Source, v, renamed)
		}
		report.Add(d)
	}
}

// subject returns a phrase for the value at a pointer.
func subject(src *seed.Source, at seed.Pointer) string {
	switch {
	case at == "":
		return "the manifest"
	case src.Kind(at.Parent()) == "array":
		return "an element of " + at.Parent().Base()
	}
	return at.Base()
}

// suggestion matches the one value in a hint of the schema.
var suggestion = regexp.MustCompile(`^(?:did you mean|write) ("(?:[^"\\]|\\.)*")\??$`)

// schemaFixes returns the hint as a fix. It gives no two members the same name: renamed has the names that are taken.
func schemaFixes(src *seed.Source, v *schema.Violation, renamed map[seed.Pointer]bool) []diag.Fix {
	if v.Keyword == "type" {
		return unquote(src, v)
	}
	m := suggestion.FindStringSubmatch(v.Hint)
	if m == nil {
		return nil
	}
	value, err := strconv.Unquote(m[1])
	span := src.Span(v.Pointer)
	if v.Key {
		span = src.KeySpan(v.Pointer)
	}
	if err != nil {
		return nil
	}
	if v.Key {
		name := v.Pointer.Parent().Member(value)
		if src.Has(name) || renamed[name] {
			return nil
		}
		renamed[name] = true
	}
	return []diag.Fix{{Title: "Write " + value, Edits: []diag.Edit{{Span: span, New: encode(value)}}}}
}

// unquote removes the quotes of a number or boolean that is written as a string.
func unquote(src *seed.Source, v *schema.Violation) []diag.Fix {
	var text string
	if json.Unmarshal(src.Raw(v.Pointer), &text) != nil {
		return nil
	}
	_, notInteger := strconv.ParseInt(text, 10, 64)
	_, notNumber := strconv.ParseFloat(text, 64)
	fits := false
	switch {
	case !json.Valid([]byte(text)):
	case strings.HasSuffix(v.Message, "must be an integer"):
		fits = notInteger == nil
	case strings.HasSuffix(v.Message, "must be a number"):
		fits = notNumber == nil
	case strings.HasSuffix(v.Message, "must be a boolean"):
		fits = text == "true" || text == "false"
	}
	if fits {
		return []diag.Fix{{Title: "Write it without quotes", Edits: []diag.Edit{{Span: src.Span(v.Pointer), New: text}}}}
	}
	return nil
}
