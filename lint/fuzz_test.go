package lint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// No text makes the linter panic, every diagnostic has its place in the text, and no fix adds faults.
func FuzzManifest(f *testing.F) {
	for _, r := range Rules() {
		text, _ := Explain(r.ID)
		f.Add(string(data(txtar.Parse([]byte(text)), "bad.json")))
	}
	for _, file := range []string{"testdata/minimal.json", "testdata/complete.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		report := Manifest("it", seed.Parse([]byte(text)), Options{})
		for i := range report.Diagnostics {
			d := &report.Diagnostics[i]
			if s := report.Place(d); s.Start < 0 || s.End < s.Start || s.End > len(text) {
				t.Errorf("%s is at %v of %d bytes", d.Rule.ID, s, len(text))
			}
			fuzzFixes(t, text, d, len(report.Source.Problems))
		}
	})
}

func fuzzFixes(t *testing.T, text string, d *diag.Diagnostic, problems int) {
	if problems > 0 {
		return // the parser's test checks fixes of syntax
	}
	for _, fix := range d.Fixes {
		fixed := apply([]byte(text), fix.Edits)
		if after := seed.Parse(fixed).Source; len(after.Problems) > 0 {
			t.Errorf("%s: %q leaves %s", d.Rule.ID, fix.Title, after.Problems[0].Message)
		}
	}
}

func BenchmarkManifest(b *testing.B) {
	text, err := os.ReadFile("testdata/complete.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Manifest("it", seed.Parse(text), Options{})
	}
}

// BenchmarkCases lints every manifest of the collection.
func BenchmarkCases(b *testing.B) {
	files, err := filepath.Glob(filepath.Join(collection, "0*.json"))
	if err != nil {
		b.Fatal(err)
	}
	var texts [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, text)
	}
	for i := 0; b.Loop(); i++ {
		Manifest("it", seed.Parse(texts[i%len(texts)]), Options{})
	}
}
