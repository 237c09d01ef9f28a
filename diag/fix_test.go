package diag

import (
	"testing"

	"github.com/seedpack/seedpack/seed"
)

func fixed(start, end int, text string) Fix {
	return Fix{Edits: []Edit{{Span: seed.Span{Start: start, End: end}, New: text}}}
}

func TestApplyFixes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fixes []Fix
		want  string
	}{
		{"nothing", []Fix{{}}, "abcdef"},
		{"replace", []Fix{fixed(1, 2, "XY")}, "aXYcdef"},
		{"out of order", []Fix{fixed(4, 5, "E"), fixed(0, 1, "A")}, "AbcdEf"},
		{"insert and take away", []Fix{fixed(0, 0, ">"), fixed(5, 6, "")}, ">abcde"},
		{"the first of two that touch", []Fix{fixed(1, 3, "X"), fixed(3, 4, "Y")}, "aXdef"},
		{"beyond the text", []Fix{fixed(5, 7, "X"), fixed(-1, 0, "X"), fixed(3, 2, "X")}, "abcdef"},
	} {
		got, applied := ApplyFixes([]byte("abcdef"), c.fixes)
		if string(got) != c.want || len(applied) > 0 != (c.want != "abcdef") {
			t.Errorf("%s: %q, %v; want %q", c.name, got, applied, c.want)
		}
	}
}
