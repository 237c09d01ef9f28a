package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

var (
	ruleName  = &diag.Rule{ID: "image-name-lowercase", Severity: diag.Error, Summary: "names are lower case", Spec: "1.1 S-1.1-01", Doc: "A registry takes no other."}
	ruleTitle = &diag.Rule{ID: "job-title", Severity: diag.Warning, Summary: "titles are short"}
	ruleTag   = &diag.Rule{ID: "tag-twice", Severity: diag.Notice, Summary: "tags stand once"}
)

const manifest = "{\n\t\"job\": {\"name\": \"日本 My\", \"title\": \"\",\n\t\t\"tags\": [\"a\", \"a\"]}\n}\n"

func sample() []*diag.Report {
	r := &diag.Report{Path: "a/seed.manifest.json", Source: seed.ParseJSON([]byte(manifest)), Diagnostics: []diag.Diagnostic{
		{Rule: ruleTitle, Pointer: "/job", Message: `member "description" is missing`},
		{Rule: ruleName, Pointer: "/job/name", Message: `name "My" has capitals, it should have none`, Hint: "write it in lower case"},
		{Rule: ruleTitle, Pointer: "/job/title", Key: true, Message: "title is empty"},
		{Rule: ruleTag, Pointer: "/job/tags/1", Message: `tag "a" stands twice`},
	}}
	image := &diag.Report{Path: "example.com/a-1.0.0-seed:1.0.0", Diagnostics: []diag.Diagnostic{{Rule: ruleTag, Severity: diag.Error, Message: "label is missing"}}}
	return []*diag.Report{r, nil, image}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		opt  TextOptions
		want string
	}{
		{"for logs", TextOptions{}, `a/seed.manifest.json:2:9: warning: member "description" is missing [job-title]
a/seed.manifest.json:2:18: error: name "My" has capitals, it should have none [image-name-lowercase]
  hint: write it in lower case
a/seed.manifest.json:2:27: warning: title is empty [job-title]
example.com/a-1.0.0-seed:1.0.0: error: label is missing [tag-twice]
2 errors, 2 warnings, 1 notice (--verbose shows it)
`},
		{"for people", TextOptions{Excerpt: true, Verbose: true}, `a/seed.manifest.json:2:9: warning: member "description" is missing [job-title]
   2 |     "job": {"name": "日本 My", "title": "",
     |            ^
a/seed.manifest.json:2:18: error: name "My" has capitals, it should have none [image-name-lowercase]
   2 |     "job": {"name": "日本 My", "title": "",
     |                     ^~~~~~~~~
  hint: write it in lower case
a/seed.manifest.json:2:27: warning: title is empty [job-title]
   2 |     "job": {"name": "日本 My", "title": "",
     |                                ^~~~~~~
a/seed.manifest.json:3:17: notice: tag "a" stands twice [tag-twice]
   3 |         "tags": ["a", "a"]}
     |                       ^~~
example.com/a-1.0.0-seed:1.0.0: error: label is missing [tag-twice]
2 errors, 2 warnings, 1 notice
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := text(t, sample(), tt.opt); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func text(t *testing.T, reports []*diag.Report, opt TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := Text(&b, reports, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextOfFixes(t *testing.T) {
	t.Parallel()
	r := sample()[0]
	r.Diagnostics = r.Diagnostics[1:3]
	for i, title := range []string{"Write it in lower case", "Écrire un titre"} {
		d := &r.Diagnostics[i]
		d.Fixes = []diag.Fix{{Title: title, Edits: []diag.Edit{{Span: r.Place(d)}}}}
	}
	want := `a/seed.manifest.json:2:18: error: name "My" has capitals, it should have none [image-name-lowercase]
  hint: write it in lower case (lint --fix)
a/seed.manifest.json:2:27: warning: title is empty [job-title]
  fix: écrire un titre (lint --fix)
`
	if got := text(t, []*diag.Report{r}, TextOptions{FixedBy: "lint --fix", NoSummary: true}); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := text(t, []*diag.Report{r}, TextOptions{NoSummary: true}); got != strings.ReplaceAll(want, " (lint --fix)", "") {
		t.Errorf("without a command: %s", got)
	}
	if e := New([]*diag.Report{r}).Reports[0].Diagnostics[1]; e.Advice() != "écrire un titre" || len(e.Fixes) != 1 {
		t.Errorf("%+v", e)
	}
}

func TestTextColours(t *testing.T) {
	t.Parallel()
	got := text(t, sample()[:1], TextOptions{Colour: true, NoSummary: true})
	want := "\x1b[1ma/seed.manifest.json:2:9:\x1b[0m \x1b[1;33mwarning:\x1b[0m member \"description\" is missing \x1b[2m[job-title]\x1b[0m\n"
	if first, _, _ := strings.Cut(got, "\n"); first+"\n" != want {
		t.Errorf("got %q, want %q", first, want)
	}
}

func TestTextOfNothing(t *testing.T) {
	t.Parallel()
	if got := text(t, []*diag.Report{{Path: "a"}}, TextOptions{}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestExcerptOfALongLine(t *testing.T) {
	t.Parallel()
	line := `{"a": "` + strings.Repeat("x", 300) + `", "b": "` + strings.Repeat("本", 100) + `"}`
	r := &diag.Report{Path: "m", Source: seed.ParseJSON([]byte(line))}
	r.Add(diag.Diagnostic{Rule: ruleName, Pointer: "/b", Key: true, Message: "m"})
	r.Add(diag.Diagnostic{Rule: ruleName, Pointer: "/a", Message: "m"})
	got := text(t, []*diag.Report{r}, TextOptions{Excerpt: true, Width: 60, NoSummary: true})
	want := `m:1:311: error: m [image-name-lowercase]
   1 | …xxxxxxxxxxxxxxxxxxxxxxxxxx", "b": "本本本本本本本本本本本…
     |                               ^~~
m:1:7: error: m [image-name-lowercase]
   1 | {"a": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
     |       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := JSON(&b, sample()[1:]); err != nil {
		t.Fatal(err)
	}
	want := `{
  "schemaVersion": 1,
  "reports": [
    {
      "path": "example.com/a-1.0.0-seed:1.0.0",
      "diagnostics": [
        {
          "rule": "tag-twice",
          "severity": "error",
          "pointer": "",
          "line": 0,
          "column": 0,
          "endLine": 0,
          "endColumn": 0,
          "message": "label is missing",
          "hint": "",
          "fixes": []
        }
      ]
    }
  ],
  "errors": 1,
  "warnings": 0,
  "notices": 0
}
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestDocumentPlaces(t *testing.T) {
	t.Parallel()
	d := New(sample()).Reports[0].Diagnostics[1]
	if d.Line != 2 || d.Column != 18 || d.EndLine != 2 || d.EndColumn != 25 || d.Pointer != "/job/name" {
		t.Errorf("got %+v", d)
	}
}

// A Document can be embedded, with more members around its own.
func TestDocumentEmbeds(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := Encode(&b, struct {
		Document
		Images []string `json:"images"`
	}{New(nil), []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b.Bytes(), &m); err != nil || len(m) != 6 || m["schemaVersion"] != 1.0 {
		t.Errorf("got %s (%v)", b.Bytes(), err)
	}
}

// No text of a manifest's author may become a command of the runner.
func FuzzWriters(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, s, s, `{"a": "`+s+`"}`)
	}
	f.Fuzz(func(t *testing.T, path, message, hint, source string) {
		r := &diag.Report{Path: path, Source: seed.ParseJSON([]byte(source))}
		r.Add(diag.Diagnostic{Rule: ruleName, Pointer: "/a", Message: message, Hint: hint})
		r.Add(diag.Diagnostic{Rule: ruleTag, Message: message})
		reports := []*diag.Report{r}
		for name, write := range writers {
			var b bytes.Buffer
			if err := write(&b, reports); err != nil {
				t.Fatal(err)
			}
			for _, line := range lines(b.String()) {
				if c := runnerCommand(line); c != "" {
					t.Fatalf("%s wrote the command %s: %q", name, c, line)
				}
			}
		}
	})
}

var writers = map[string]func(*bytes.Buffer, []*diag.Report) error{
	"text": func(b *bytes.Buffer, r []*diag.Report) error {
		return Text(b, r, TextOptions{Excerpt: true, Verbose: true})
	},
	"colour": func(b *bytes.Buffer, r []*diag.Report) error {
		return Text(b, r, TextOptions{Excerpt: true, Colour: true})
	},
	"json":  func(b *bytes.Buffer, r []*diag.Report) error { return JSON(b, r) },
	"sarif": func(b *bytes.Buffer, r []*diag.Report) error { return SARIF(b, r, SARIFOptions{}) },
	"junit": func(b *bytes.Buffer, r []*diag.Report) error { return JUnit(b, r, JUnitOptions{}) },
}
