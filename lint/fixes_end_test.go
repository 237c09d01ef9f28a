package lint

import (
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// fixOnce applies the first fix of every diagnostic, unless it touches an earlier one.
func fixOnce(text []byte) (fixed []byte, again bool) {
	return diag.ApplyFixes(text, Manifest("it", seed.Parse(text), Options{}).Diagnostics)
}

// Fixes come to an end, solve their finding, and never make a manifest worse.
func TestFixesEnd(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		archive, _ := Explain(r.ID)
		text := data(txtar.Parse([]byte(archive)), "bad.json")
		before := Manifest("it", seed.Parse(text), Options{})
		rounds, again := 0, true
		for again && rounds < 10 {
			text, again = fixOnce(text)
			rounds++
		}
		after := Manifest("it", seed.Parse(text), Options{})
		if again {
			t.Errorf("%s: fixes do not end:\n%s", r.ID, text)
		}
		if b, a := before.Count(diag.Error)+before.Count(diag.Warning), after.Count(diag.Error)+after.Count(diag.Warning); a > b {
			t.Errorf("%s: %d errors and warnings have become %d: %s\n%s", r.ID, b, a, said(after), text)
		}
	}
}
