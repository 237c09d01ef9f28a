package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/schema/oracle"
	"github.com/seedpack/seedpack/seed"
)

var update = flag.Bool("update", false, "write what was got to testdata")

// sarifSchema returns the standard's schema, from the npm package @microsoft/jest-sarif (MIT).
func sarifSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	return oracle.Compile(t, text, (*jsonschema.Compiler).AssertFormat)
}

func validSARIF(t testing.TB, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return schema.Validate(doc)
}

// fixable returns sample with a fix.
func fixable() []*diag.Report {
	reports := sample()
	for i := range reports[0].Diagnostics {
		if d := &reports[0].Diagnostics[i]; d.Rule == ruleName {
			d.Fixes = []diag.Fix{{Title: "Write it in lower case", Edits: []diag.Edit{{Span: reports[0].Place(d), New: `"日本 my"`}}}}
		}
	}
	return reports
}

var sarifSample = SARIFOptions{
	Version: "1.2.3", ID: "seedpack/lint/a/",
	Help: func(r *diag.Rule) RuleHelp {
		return RuleHelp{"reason of " + r.ID, "text of " + r.ID, "**text** of " + r.ID, "https://example.com/rules#" + r.ID}
	},
	Locate:   func(path string) (string, bool) { return "jobs/" + path, strings.HasSuffix(path, ".json") },
	Failures: []Failure{{Path: "b/seed.manifest.json", Message: "the registry [does](http://x) not answer"}},
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile("testdata/"+name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got:\n%s\nwant, as in testdata/%s:\n%s", got, name, want)
	}
}

func TestSARIF(t *testing.T) {
	t.Parallel()
	schema := sarifSchema(t)
	var b bytes.Buffer
	if err := SARIF(&b, fixable(), sarifSample); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.sarif", b.Bytes())
	if err := validSARIF(t, schema, b.Bytes()); err != nil {
		t.Error(err)
	}
	for from, to := range map[string]string{
		`"level": "warning"`: `"level": "notice"`,
		`"startLine": 2`:     `"startLine": 0`,
		`unicodeCodePoints`:  `codePoints`,
		`a/seed.manifest`:    `a%zz/seed.manifest`,
		`"text": "label`:     `"txt": "label`,
	} {
		if broken := strings.Replace(b.String(), from, to, 1); broken == b.String() || validSARIF(t, schema, []byte(broken)) == nil {
			t.Errorf("with %s the log is valid, too: the schema looks at nothing", to)
		}
	}
}

func TestSARIFOfNothing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := SARIF(&b, []*diag.Report{nil, {Path: "a"}}, SARIFOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := validSARIF(t, sarifSchema(t), b.Bytes()); err != nil {
		t.Error(err)
	}
}

func TestSARIFAddresses(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"a/seed.manifest.json":           "a/seed.manifest.json",
		"a b/#1?/100%/é[x].json":         "a%20b/%231%3F/100%25/%C3%A9%5Bx%5D.json",
		"c:/x":                           "c%3A/x",
		"example.com:5000/a-seed:1@sha:": "example.com%3A5000/a-seed%3A1@sha%3A",
		"\xff\n":                         "%FF%0A",
		"/abs/a b.json":                  "file:///abs/a%20b.json",
		"":                               ".",
		"-":                              "-",
	} {
		s := &sarifWriter{}
		got, _ := s.locate(path)
		if got.URI != want {
			t.Errorf("%q: %s, want %s", path, got.URI, want)
		}
		if u, err := url.Parse(got.URI); err != nil || path != "" && strings.TrimPrefix(u.Path, "./") != path {
			t.Errorf("%q reads %v (%v)", path, u, err)
		}
	}
}

// prints returns the fingerprints of findings on a manifest and on a Dockerfile.
func prints(t *testing.T, manifest, dockerfile string) []string {
	t.Helper()
	m := &diag.Report{Path: "m", Source: seed.ParseJSON([]byte(manifest))}
	m.Add(diag.Diagnostic{Rule: ruleName, Pointer: "/a", Message: "one"})
	m.Add(diag.Diagnostic{Rule: ruleName, Pointer: "/a", Message: "two"})
	m.Add(diag.Diagnostic{Rule: ruleTag, Pointer: "/a", Message: "one"})
	d := &diag.Report{Path: "d", Source: &seed.Source{Text: []byte(dockerfile)}}
	at := strings.Index(dockerfile, "USER")
	d.Add(diag.Diagnostic{Rule: ruleName, Span: &seed.Span{Start: at, End: at + 4}, Message: "user"})
	var b bytes.Buffer
	if err := SARIF(&b, []*diag.Report{m, d}, SARIFOptions{}); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range log.Runs[0].Results {
		all = append(all, r.Prints["seedpack/v1"])
	}
	return all
}

func TestFingerprintsStayWhenLinesMove(t *testing.T) {
	t.Parallel()
	before := prints(t, `{"a": 1}`, "FROM a\nUSER root\n")
	after := prints(t, "{\n\n  \"b\": 2,\n  \"a\": 3\n}", "# more\nFROM b\n\n  USER root\n")
	seen := map[string]bool{}
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("fingerprint %d was %s and is %s", i, before[i], after[i])
		}
		if seen[before[i]] || len(before[i]) != 32 {
			t.Errorf("fingerprint %d, %s, is another's, too, or short", i, before[i])
		}
		seen[before[i]] = true
	}
	if other := prints(t, `{"a": 1}`, "FROM a\nUSER nobody\n"); other[3] == before[3] {
		t.Error("a line of other text has the same fingerprint")
	}
}

func FuzzSARIF(f *testing.F) {
	schema := sarifSchema(f)
	for _, s := range append(hostile, "[a](http://b)", "../a b\\c", "a%zz", "//host/x", "{0}") {
		f.Add(s, s, s, `{"a": "`+s+`"}`)
	}
	f.Fuzz(func(t *testing.T, path, message, title, source string) {
		r := &diag.Report{Path: path, Source: seed.ParseJSON([]byte(source))}
		span := r.Source.Span("/a")
		r.Add(diag.Diagnostic{Rule: ruleName, Pointer: "/a", Message: message, Fixes: []diag.Fix{{Title: title, Edits: []diag.Edit{{Span: span, New: title}}}}})
		r.Add(diag.Diagnostic{Rule: ruleTag, Message: message, Hint: title})
		var b bytes.Buffer
		if err := SARIF(&b, []*diag.Report{r, {Path: message}}, SARIFOptions{ID: title, Failures: []Failure{{Path: path, Message: message}}}); err != nil {
			t.Fatal(err)
		}
		if err := validSARIF(t, schema, b.Bytes()); err != nil {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
		var log sarifLog
		if err := json.Unmarshal(b.Bytes(), &log); err != nil || len(log.Runs[0].Results) != 2 {
			t.Fatalf("%v\n%s", err, b.Bytes())
		}
		for _, r := range log.Runs[0].Results {
			if strings.Contains(r.Message.Text, "](") {
				t.Fatalf("%q may be a link", r.Message.Text)
			}
		}
	})
}

// GitHub refuses a log with too many results: the least severe are left out, and the log says so.
func TestSARIFCut(t *testing.T) {
	t.Parallel()
	r := &diag.Report{Path: "seed.manifest.json", Source: &seed.Source{Text: []byte("{}")}}
	for _, severity := range []diag.Severity{diag.Notice, diag.Warning, diag.Error} {
		rule := &diag.Rule{ID: "rule-" + severity.String(), Severity: severity}
		for range maxResults/2 - 1 {
			r.Diagnostics = append(r.Diagnostics, diag.Diagnostic{Rule: rule, Message: "is so"})
		}
	}
	var b bytes.Buffer
	if err := SARIF(&b, []*diag.Report{r}, SARIFOptions{}); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results     []struct{ Level string }
			Invocations []struct {
				Notifications []struct{ Message struct{ Text string } } `json:"toolExecutionNotifications"`
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, result := range log.Runs[0].Results {
		count[result.Level]++
	}
	if want := maxResults/2 - 1; count["error"] != want || count["warning"] != want || count["note"] != 2 {
		t.Errorf("there are %v", count)
	}
	want := "12497 more results are left out, the least severe: there may be 25000"
	if said := log.Runs[0].Invocations[0].Notifications; len(said) != 1 || said[0].Message.Text != want {
		t.Errorf("the log says %v, not %s", said, want)
	}
}
