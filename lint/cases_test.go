package lint

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// collection holds manifests of other projects, with the findings that a person listed.
const collection = "testdata/collection"

// A manifestCase is one manifest of the collection.
type manifestCase struct {
	ID       string
	Valid    bool
	Findings []listed
}

// A listed finding begins with its place in words, then a colon: "job.errors.1.name: …".
type listed struct {
	Severity, Code string
	Line           int
	Message        string
}

func manifestCases(t testing.TB) (cases []manifestCase) {
	t.Helper()
	index, err := os.ReadFile(filepath.Join(collection, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(index, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func (c manifestCase) lint(t testing.TB) *diag.Report {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(collection, c.ID+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return Manifest(c.ID, seed.Parse(text), Options{})
}

// codeRules maps the collection's names of findings to our rules and severities.
var codeRules = map[string]struct {
	rules    []string
	severity diag.Severity
}{
	"resources-recommended":   {[]string{"resources-recommended", "resources-missing"}, diag.Warning},
	"pattern":                 {[]string{"seed-version"}, diag.Error},
	"media-type-unregistered": {[]string{"media-type-unregistered"}, diag.Notice},
	"normalised":              {[]string{"variable-normal-form"}, diag.Notice},
	"mount-system-path":       {[]string{"mount-path-system"}, diag.Warning},
	"media-type-syntax":       {[]string{"media-type"}, diag.Error},
	"env-collision":           {[]string{"variable-unique"}, diag.Error},
	"command-variable":        {[]string{"command-undeclared"}, diag.Warning},
	"duplicate-error-name":    {[]string{"error-name-unique"}, diag.Error},
	"duplicate-mount-name":    {[]string{"mount-name-unique"}, diag.Error},
	"json":                    {[]string{"json-syntax"}, diag.Error},
	"required":                {[]string{"member-missing", "resources-scalar"}, diag.Error},
	"unknown-member":          {[]string{"member-unknown"}, diag.Error},
	"media-type-top":          {[]string{"media-type-unregistered"}, diag.Notice},
}

// quiet reports whether a listed finding is not reported on purpose: a name in another spelling than its variable if no other
// name is like it, and a media type that is in use.
func (f listed) quiet() bool {
	return f.Code == "normalised" || f.Code == "media-type-unregistered" && strings.Contains(f.Message, "image/x-hdf5-image")
}

// otherLines are lines of syntax problems. The collection lists the line where a parser stops; these are the lines of
// the fault.
var otherLines = map[string]int{"028": 2, "029": 1}

// Each manifest gets the right verdict, and each listed finding is found: by its rule, with its severity, at its member
// and line.
func TestCases(t *testing.T) {
	t.Parallel()
	warnings, notices, valid := 0, 0, 0
	for _, c := range manifestCases(t) {
		report := c.lint(t)
		if got := report.Count(diag.Error) == 0; got != c.Valid {
			t.Errorf("%s: valid is %v, want %v:\n%s", c.ID, got, c.Valid, said(report))
		}
		for _, f := range c.Findings {
			if line, ok := otherLines[c.ID]; ok {
				f.Line = line
			}
			if found(report, f) == f.quiet() {
				t.Errorf("%s:%d: %s (%s) is not found:\n%s", c.ID, f.Line, f.Message, f.Code, said(report))
			}
		}
		if c.Valid {
			valid++
			warnings += report.Count(diag.Warning)
			notices += report.Count(diag.Notice)
		}
	}
	// On average: users turn off a linter that warns too often.
	const mostWarnings, mostNotices = 0.8, 1.5
	each := func(n int) float64 { return float64(n) / float64(valid) }
	t.Logf("%.2f warnings and %.2f notices on each of %d valid manifests", each(warnings), each(notices), valid)
	if valid == 0 || each(warnings) > mostWarnings || each(notices) > mostNotices {
		t.Errorf("%.2f warnings and %.2f notices on each of %d valid manifests", each(warnings), each(notices), valid)
	}
}

// found reports whether a report has a listed finding.
func found(report *diag.Report, f listed) bool {
	want := codeRules[f.Code]
	at, anywhere := f.pointer()
	return slices.ContainsFunc(report.Diagnostics, func(d diag.Diagnostic) bool {
		return slices.Contains(want.rules, d.Rule.ID) && d.Level() == want.severity && (anywhere || d.Pointer == at) &&
			report.Source.Position(report.Place(&d).Start).Line == f.Line &&
			!slices.ContainsFunc(f.words(), func(word string) bool { return !strings.Contains(d.Message, word) })
	})
}

// pointer returns the member that a finding is about. A parser's finding is about no member, and anywhere is true.
func (f listed) pointer() (at seed.Pointer, anywhere bool) {
	place, _, ok := strings.Cut(f.Message, ": ")
	switch {
	case !ok:
		return "", true
	case place == "(root)":
		return "", false
	}
	return seed.Pointer("/" + strings.ReplaceAll(place, ".", "/")), false
}

var (
	listedVariable = regexp.MustCompile(`\$\w+`)
	listedMissing  = regexp.MustCompile(`: (\w+) is required$`)
	listedNames    = regexp.MustCompile(`SHOULD populate (.+)$`)
)

// words returns what the message must contain. They distinguish two findings on one line.
func (f listed) words() (words []string) {
	words = listedVariable.FindAllString(f.Message, -1)
	for _, expr := range []*regexp.Regexp{listedMissing, listedNames} {
		if m := expr.FindStringSubmatch(f.Message); m != nil {
			for name := range strings.SplitSeq(m[1], ", ") {
				words = append(words, fmt.Sprintf("%q", name))
			}
		}
	}
	return words
}

// The documents explain each difference from the collection.
func TestCasesDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/collection.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range manifestCases(t) {
		for _, f := range c.Findings {
			ours, ok := codeRules[f.Code]
			if !ok {
				t.Errorf("%s: %q has no rule", c.ID, f.Code)
			}
			row := fmt.Sprintf("| `%s`, %s | `%s`, %s |", f.Code, article(f.Severity), ours.rules[0], article(ours.severity.String()))
			if f.Severity != ours.severity.String() && !strings.Contains(string(text), row) {
				t.Errorf("docs/collection.md has no row %q", row)
			}
			if line, other := otherLines[c.ID]; other && !strings.Contains(string(text), fmt.Sprintf("| %s: line %d | line %d |", c.ID, f.Line, line)) {
				t.Errorf("docs/collection.md does not say why %s:%d is on line %d", c.ID, f.Line, line)
			}
		}
	}
}

func article(severity string) string {
	if severity == "error" {
		return "an error"
	}
	return "a " + severity
}
