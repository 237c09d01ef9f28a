package diag

import (
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func fixed(start, end int, text string) Diagnostic {
	return Diagnostic{Fixes: []Fix{{Edits: []Edit{{Span: seed.Span{Start: start, End: end}, New: text}}}}}
}

func TestApplyFixes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		ds   []Diagnostic
		want string
	}{
		{"nothing", []Diagnostic{{}}, "abcdef"},
		{"replace", []Diagnostic{fixed(1, 2, "XY")}, "aXYcdef"},
		{"out of order", []Diagnostic{fixed(4, 5, "E"), fixed(0, 1, "A")}, "AbcdEf"},
		{"insert and take away", []Diagnostic{fixed(0, 0, ">"), fixed(5, 6, "")}, ">abcde"},
		{"the first of two that touch", []Diagnostic{fixed(1, 3, "X"), fixed(3, 4, "Y")}, "aXdef"},
		{"beyond the text", []Diagnostic{fixed(5, 7, "X"), fixed(-1, 0, "X"), fixed(3, 2, "X")}, "abcdef"},
	} {
		got, changed := ApplyFixes([]byte("abcdef"), c.ds)
		if string(got) != c.want || changed != (c.want != "abcdef") {
			t.Errorf("%s: %q, %v; want %q", c.name, got, changed, c.want)
		}
	}
}
