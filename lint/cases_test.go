package lint

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/seedpack/seedpack/lint/diag"
	"github.com/seedpack/seedpack/lint/internal/material"
	"github.com/seedpack/seedpack/lint/seed"
)

// A manifestCase is a manifest from elsewhere, with what was found in it by hand.
type manifestCase struct {
	ID       string
	Valid    bool
	Findings []struct {
		Severity, Code string
		Line           int
		Message        string
	}
}

func manifestCases(t *testing.T) (dir string, cases []manifestCase) {
	dir = material.Dir(t, "cases", "manifests")
	index, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(index, &cases); err != nil {
		t.Fatal(err)
	}
	return dir, cases
}

func lintCase(t *testing.T, dir string, c manifestCase) *diag.Report {
	text, err := os.ReadFile(filepath.Join(dir, c.ID, seed.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	return Manifest(c.ID, seed.Parse(text), Options{})
}

// codes are the rules that find what the collection has under other names.
var codeRules = map[string]string{
	"resources-recommended": "resources-recommended", "pattern": "seed-version", "media-type-unregistered": "media-type-unregistered",
	"normalised": "variable-normal-form", "mount-system-path": "mount-path-system", "media-type-syntax": "media-type",
	"env-collision": "variable-unique", "command-variable": "command-undeclared", "duplicate-error-name": "error-name-unique",
	"duplicate-mount-name": "mount-name-unique", "json": "json-syntax", "required": "member-missing", "unknown-member": "member-unknown",
	"media-type-top": "media-type-unregistered", // an unregistered type is a notice (T-18)
}

// otherLines are the lines of syntax problems that the collection has where a parser stops, and not where the fault is.
var otherLines = map[string]int{
	"028": 2, // the comma that is too many, not the brace after it
	"029": 1, // the brace that is not closed, not the end of the text
}

// Manifests get the verdict they should, and all that is known about them is found on its line.
func TestCases(t *testing.T) {
	dir, cases := manifestCases(t)
	warnings, valid := 0, 0
	for _, c := range cases {
		report := lintCase(t, dir, c)
		if got := report.Count(diag.Error) == 0; got != c.Valid {
			t.Errorf("%s: valid is %v, want %v: %v", c.ID, got, c.Valid, report.Diagnostics)
		}
		for _, f := range c.Findings {
			line := f.Line
			if other, ok := otherLines[c.ID]; ok {
				line = other
			}
			if !found(report, f.Code, line) {
				t.Errorf("%s:%d: %s (%s) is not found", c.ID, f.Line, f.Message, f.Code)
			}
		}
		if c.Valid {
			valid++
			warnings += report.Count(diag.Warning)
		}
	}
	const most = 2 // warnings on a valid manifest, on average: a linter that cries wolf is turned off
	t.Logf("%d warnings on %d valid manifests", warnings, valid)
	if warnings > most*valid {
		t.Errorf("%d warnings on %d valid manifests", warnings, valid)
	}
}

func found(report *diag.Report, code string, line int) bool {
	for i := range report.Diagnostics {
		d := &report.Diagnostics[i]
		same := d.Rule.ID == codeRules[code] ||
			code == "resources-recommended" && d.Rule.ID == "resources-missing" ||
			code == "required" && d.Rule.ID == "resources-scalar"
		if same && report.Source.Position(report.Place(d).Start).Line == line {
			return true
		}
	}
	return false
}
