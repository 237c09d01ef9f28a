package dockerfile

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/material"
	"github.com/seedpack/seedpack/seed"
)

var update = flag.Bool("update", false, "write what is found into the archives")

func findings(path string, text []byte, m *seed.Manifest, rule string) string {
	report := Check(path, text, m)
	var b strings.Builder
	for _, d := range report.Diagnostics {
		if d.Rule.ID == rule || rule == "" {
			pos := report.Source.Position(report.Place(&d).Start)
			fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", path, pos.Line, pos.Column, d.Level(), d.Message, d.Rule.ID)
		}
	}
	return b.String()
}

// Every rule has an archive, and does what the archive says.
func TestRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{BuildArgSecret.ID: true} // see TestSecretArgsArchive
	for _, r := range Rules() {
		if seen[r.ID] {
			t.Errorf("%s: two rules have this ID", r.ID)
		}
		seen[r.ID] = true
		t.Run(r.ID, func(t *testing.T) { testArchive(t, r) })
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[strings.TrimSuffix(filepath.Base(f), ".txtar")] {
			t.Errorf("%s: there is no such rule", f)
		}
	}
}

func testArchive(t *testing.T, r *diag.Rule) {
	name := "testdata/" + r.ID + ".txtar"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	ar := txtar.Parse(text)
	if len(bytes.TrimSpace(ar.Comment)) == 0 || r.Summary == "" || r.Spec == "" {
		t.Error("the comment, the summary or the section is empty")
	}
	if explained, ok := Explain(r.ID); !ok || !*update && explained != string(text) {
		t.Error("Explain does not give the archive")
	}
	var m *seed.Manifest
	var want *txtar.File
	found := ""
	for i := range ar.Files {
		switch f := &ar.Files[i]; {
		case f.Name == seed.ManifestFile:
			m = seed.Parse(f.Data)
		case f.Name == "want":
			want = f
		case strings.HasPrefix(f.Name, "bad/"):
			found += findings(f.Name, f.Data, m, r.ID)
		default:
			if got := findings(f.Name, f.Data, m, r.ID); got != "" {
				t.Errorf("%s is reported:\n%s", f.Name, got)
			}
		}
	}
	if found == "" {
		t.Error("nothing is reported")
	}
	if *update {
		want.Data = []byte(found)
		if err := os.WriteFile(name, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if string(want.Data) != found {
		t.Errorf("got:\n%swant:\n%s", found, want.Data)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	words := `{"job": {"interface": {"command": "${IN} x"}}}`
	tests := []struct{ name, text, manifest, want string }{
		{"inherited entrypoint", "FROM a AS base\nENTRYPOINT /run\nFROM base\nUSER 1\n", words,
			"Dockerfile:2:1: error: shell-form ENTRYPOINT drops all arguments, and command has 2: write the exec form [dockerfile-entrypoint-shell]\n"},
		{"shell form without command", "FROM a\nUSER 1\nENTRYPOINT /run $IN\n", `{}`,
			"Dockerfile:3:1: warning: shell-form ENTRYPOINT takes no arguments and hands no signals on: write the exec form [dockerfile-entrypoint-shell]\n"},
		{"entrypoint resets the CMD below", "FROM scratch AS base\nCMD [\"/x\"]\nFROM base\nUSER 1\nENTRYPOINT []\n", `{}`,
			"Dockerfile:3:1: error: neither ENTRYPOINT nor CMD nor the manifest's command starts anything, and scratch brings nothing [dockerfile-nothing-to-run]\n"},
		{"unknown base", "FROM a\nUSER 1\n", `{}`, ""},
		{"another frontend", "# syntax=example.org/mine:1\nthis is no Dockerfile\n", `{}`, ""},
		{"the usual frontend", "# syntax=docker/dockerfile:1\nFROM\n", `{}`,
			"Dockerfile:2:1: error: this is not a Dockerfile: FROM requires either one or three arguments [dockerfile-syntax]\n"},
		{"merge conflict", "FROM a\n<<<<<<< HEAD\nUSER 1\n=======\nUSER 2\n>>>>>>> other\n", `{}`,
			"Dockerfile:2:1: error: <<<<<<< is a marker of a merge conflict [dockerfile-syntax]\nDockerfile:4:1: error: ======= is a marker of a merge conflict [dockerfile-syntax]\n" +
				"Dockerfile:6:1: error: >>>>>>> is a marker of a merge conflict [dockerfile-syntax]\n"},
		{"empty", "", `{}`, "Dockerfile:1:1: error: this is not a Dockerfile: file with no instructions [dockerfile-syntax]\n"},
		{"only arguments", "ARG A=1\n", `{}`, "Dockerfile:1:1: error: this is not a Dockerfile: there is no FROM [dockerfile-syntax]\n"},
		{"unescaped quotes", "FROM a\nUSER 1\nLABEL com.ngageoint.seed.manifest=\"{\"a\": 1}\"\n", `{}`,
			"Dockerfile:3:1: notice: LABEL com.ngageoint.seed.manifest is written by hand, and has to be kept in step with seed.manifest.json: seedpack sets it [dockerfile-label]\n" +
				"Dockerfile:3:1: error: LABEL com.ngageoint.seed.manifest is stored as no JSON: \"a\" is a name without quotes, names are written in double quotes [dockerfile-label-json]\n"},
		{"a line end in a label", "FROM a\nUSER 1\nLABEL com.ngageoint.seed.manifest=\"{\n  }\"\n", `{}`,
			"Dockerfile:4:1: error: this is not a Dockerfile: unknown instruction: }\" [dockerfile-syntax]\n"},
		{"a placeholder", "FROM a\nUSER 1\nLABEL com.ngageoint.seed.manifest=\"SEED_MANIFEST\"\n", `{}`,
			"Dockerfile:3:1: notice: LABEL com.ngageoint.seed.manifest is written by hand, and has to be kept in step with seed.manifest.json: seedpack sets it [dockerfile-label]\n" +
				"Dockerfile:3:1: warning: LABEL com.ngageoint.seed.manifest is \"SEED_MANIFEST\", which is no manifest: the file wins when building [dockerfile-label-manifest]\n"},
		{"a variable with an operator", "FROM a\nUSER 1\nLABEL com.ngageoint.seed.manifest=\"{\\\"a\\\": \\\"${IN/#/-d }\\\"}\"\n", `{}`,
			"Dockerfile:3:1: notice: LABEL com.ngageoint.seed.manifest is written by hand, and has to be kept in step with seed.manifest.json: seedpack sets it [dockerfile-label]\n" +
				"Dockerfile:3:1: error: LABEL com.ngageoint.seed.manifest has $IN unescaped, which the builder replaces by nothing: write \\$ [dockerfile-label-variable]\n"},
	}
	for _, tt := range tests {
		if got := findings("Dockerfile", []byte(tt.text), seed.Parse([]byte(tt.manifest)), ""); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.name, got, tt.want)
		}
	}
}

// Labels of real Dockerfiles are read as a builder stored them.
func TestLabels(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(material.Dir(t, "cases", "labels"), "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		ID     string
		Line   string `json:"raw_label_line"`
		Stored string
		Key    []string `json:"label_key"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Error("the collection has no labels")
	}
	for _, c := range cases {
		f, err := read([]byte("FROM scratch\n" + c.Line + "\n"))
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		labels := f.labels(f.final())
		if len(labels) != 1 || labels[0].key != c.Key[0] || labels[0].value != c.Stored {
			t.Errorf("%s: got %+v, want %q", c.ID, labels, c.Stored)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("FROM a\nENTRYPOINT /x\nLABEL com.ngageoint.seed.manifest=\"{\\\"a\\\": \\\"$IN\\\"}\"\n")
	f.Add("# syntax=x\n# escape=`\nFROM scratch AS b\nFROM b\nCMD [\"a\"]\n")
	m := seed.Parse([]byte(`{"job": {"interface": {"command": "${IN} x"}}}`))
	f.Fuzz(func(t *testing.T, text string) {
		report := Check("Dockerfile", []byte(text), m)
		for _, d := range report.Diagnostics {
			if s := report.Place(&d); s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Errorf("%q: %s at %v", text, d.Message, s)
			}
		}
	})
}

// A mistake that the parser names no line of, or in words of Go, is at its line and in words.
func TestSyntaxErrorPlaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# syntax=docker/dockerfile:1\n# escape=x\nFROM a\n":           "f:2:1: error: this is not a Dockerfile: invalid escape token 'x' does not match ` or \\ [dockerfile-syntax]\n",
		"# escape=`\n# syntax=docker/dockerfile:1\n# Escape=`\nFROM a": "f:3:1: error: this is not a Dockerfile: only one escape parser directive can be used [dockerfile-syntax]\n",
		"FROM a\nHEALTHCHECK --retries=x CMD true\n":                   "f:2:1: error: this is not a Dockerfile: \"x\" must be a whole number [dockerfile-syntax]\n",
	} {
		if got := findings("f", []byte(text), nil, Syntax.ID); got != want {
			t.Errorf("%q:\n%s, want\n%s", text, got, want)
		}
	}
}
