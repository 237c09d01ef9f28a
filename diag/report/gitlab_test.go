package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// TestGitLab proves that the report has what GitLab reads, for files, images and checks that could not be made.
func TestGitLab(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := GitLab(&b, fixable(), GitLabOptions{Locate: sarifSample.Locate, Failures: sarifSample.Failures}); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.gitlab.json", b.Bytes())
	var empty bytes.Buffer
	if err := GitLab(&empty, []*diag.Report{nil, {Path: "a"}}, GitLabOptions{}); err != nil || empty.String() != "[]\n" {
		t.Errorf("of nothing: %v %q", err, empty.String())
	}
}

// TestGitLabPaths proves that GitLab gets paths from the root of the repository, and one for each finding.
func TestGitLabPaths(t *testing.T) {
	t.Parallel()
	g := &gitlabWriter{}
	for path, want := range map[string]string{"./a/b.json": "a/b.json", "a//b": "a/b", "": ".", "-": "-", "example.com/a:1": "example.com/a:1", "a\n::b": "a\\n::b"} {
		if got := g.locate(path); got != want {
			t.Errorf("%q: %q", path, got)
		}
	}
}

var ruleValue = &diag.Rule{ID: "some-value", Severity: diag.Error, Summary: "values should be right"}

// reportAt returns a report on a text with findings at members, or at lines of a Dockerfile. It keeps no values, as lint does.
func reportAt(path, text string, pointers ...seed.Pointer) *diag.Report {
	r := &diag.Report{Path: path, Source: seed.ParseJSON([]byte(text))}
	for _, p := range pointers {
		r.Diagnostics = append(r.Diagnostics, diag.Diagnostic{Rule: ruleValue, Pointer: p, Message: "is wrong"})
	}
	return r.DropDocument()
}

func reportLines(text string, lines ...string) *diag.Report {
	r := &diag.Report{Path: "Dockerfile", Source: &seed.Source{Text: []byte(text)}}
	from := 0
	for _, line := range lines {
		at := from + strings.Index(text[from:], line)
		r.Diagnostics = append(r.Diagnostics, diag.Diagnostic{Rule: ruleValue, Span: &seed.Span{Start: at, End: at + 1}, Message: "is wrong"})
		from = at + len(line)
	}
	return r
}

// printsOf returns the fingerprints of a report as GitLab and SARIF have them, which are the same.
func printsOf(t *testing.T, r *diag.Report) []string {
	t.Helper()
	var gitlab, sarif bytes.Buffer
	var issues []gitlabIssue
	var log sarifLog
	err := GitLab(&gitlab, []*diag.Report{r}, GitLabOptions{})
	if err == nil {
		err = SARIF(&sarif, []*diag.Report{r}, SARIFOptions{})
	}
	if err == nil {
		err = json.Unmarshal(gitlab.Bytes(), &issues)
	}
	if err == nil {
		err = json.Unmarshal(sarif.Bytes(), &log)
	}
	if err != nil || len(log.Runs[0].Results) != len(issues) {
		t.Fatal(err)
	}
	var all []string
	seen := map[string]bool{}
	for i, issue := range issues {
		if seen[issue.Fingerprint] || issue.Fingerprint != log.Runs[0].Results[i].Prints["seedpack/v1"] {
			t.Errorf("%s is there twice, or differs in SARIF", issue.Fingerprint)
		}
		seen[issue.Fingerprint] = true
		all = append(all, issue.Fingerprint)
	}
	return all
}

// TestFingerprintsStay proves that a finding keeps its fingerprint when lines move, when text around it changes, and when its
// element moves in its list. Others have other fingerprints.
func TestFingerprintsStay(t *testing.T) {
	t.Parallel()
	const b = `{"name": "b", "pattern": "*.b"}`
	before := reportAt("a.json", `{"files": [`+b+`], "tags": ["x"]}`, "/files/0/pattern", "/tags/0", "/title")
	after := reportAt("a.json", `{"title": "new",
		"files": [{"name": "a", "pattern": "*.a"},
		{"pattern": "*.b", "name": "b"}],
		"tags": ["w", "x"]}`, "/files/1/pattern", "/tags/1", "/title")
	was, is := printsOf(t, before), printsOf(t, after)
	for i := range was {
		if was[i] != is[i] {
			t.Errorf("finding %d was %s and is %s", i, was[i], is[i])
		}
	}
	other := printsOf(t, reportAt("a.json", `{"files": [{"name": "c", "pattern": "*.b"}], "tags": ["y"]}`, "/files/0/pattern", "/tags/0", "/titles"))
	elsewhere := printsOf(t, reportAt("b.json", `{"files": [`+b+`], "tags": ["x"]}`, "/files/0/pattern", "/tags/0", "/title"))
	for i := range was {
		if was[i] == other[i] || was[i] == elsewhere[i] {
			t.Errorf("finding %d is taken for another", i)
		}
	}
	first, moved := printsOf(t, reportLines("FROM a\nRUN x\nRUN x\n", "RUN x", "RUN x")), printsOf(t, reportLines("# more\n\nFROM a\nRUN  y\nRUN x\n\n  RUN x\n", "RUN x", "RUN x"))
	if first[0] != moved[0] || first[1] != moved[1] {
		t.Errorf("lines that moved: %q and %q", first, moved)
	}
	// Two outputs of one name, of which both are found: they differ, as printsOf checks.
	printsOf(t, reportAt("a.json", `{"files": [`+b+`, `+b+`]}`, "/files/0/pattern", "/files/1/pattern"))
}
