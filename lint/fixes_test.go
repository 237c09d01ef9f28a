package lint

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Fixes of any text come to an end. After each round the text has no more faults than before, and only the places of
// fixes have changed.
func FuzzFixes(f *testing.F) {
	for _, r := range Rules() {
		archive, _ := Explain(r.ID)
		f.Add(data(txtar.Parse([]byte(archive)), "bad.json"))
	}
	broken, err := filepath.Glob("testdata/broken/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(broken, "testdata/minimal.json", "testdata/complete.json") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) { fixAll(t, text) })
}

// fixAll applies fixes until none is left. A round applies only fixes that do not touch each other, so there may be as
// many rounds as bytes.
func fixAll(t *testing.T, text []byte) {
	before := Manifest("it", seed.Parse(text), Options{})
	for round := 0; ; round++ {
		mended, changed := diag.ApplyFixes(text, before.Diagnostics)
		if !changed {
			return
		}
		if round > len(text)+20 {
			t.Fatalf("fixes do not end: %q", text)
		}
		after := Manifest("it", seed.Parse(mended), Options{})
		// If brackets do not match, the parser may read the fixed text in another way.
		if b, a := len(before.Source.Problems), len(after.Source.Problems); a > b && !before.Source.Incomplete() {
			t.Fatalf("%d problems become %d:\n%q\n%s%q\n%s", b, a, text, said(before), mended, said(after))
		}
		checkUntouched(t, text, mended, before.Diagnostics)
		text, before = mended, after
	}
}

// checkUntouched checks that text outside the fixes is still there, in the same order.
func checkUntouched(t *testing.T, text, mended []byte, diagnostics []diag.Diagnostic) {
	t.Helper()
	var edits []diag.Edit
	for i := range diagnostics {
		for _, fix := range diagnostics[i].Fixes[:min(1, len(diagnostics[i].Fixes))] {
			edits = append(edits, fix.Edits...)
		}
	}
	slices.SortFunc(edits, func(a, b diag.Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	at, rest := 0, mended
	for i, e := range edits {
		if e.Span.Start < at {
			at = max(at, e.Span.End)
			continue
		}
		found := bytes.Index(rest, text[at:e.Span.Start])
		if found < 0 || i == 0 && found > 0 {
			t.Fatalf("%q is gone from %q, mended to %q", text[at:e.Span.Start], text, mended)
		}
		rest, at = rest[found+e.Span.Start-at:], e.Span.End
	}
	if !bytes.HasSuffix(rest, text[at:]) {
		t.Fatalf("%q is gone from the end of %q, mended to %q", text[at:], text, mended)
	}
}
