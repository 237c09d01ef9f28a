package diag

import (
	"cmp"
	"slices"
)

// ApplyFixes applies fixes and leaves all other bytes as they are. If two fixes touch each other, it applies the first; the
// other is found again in the result. Applied has the indices of the fixes that it applied. If there are none, fixed is text
// itself.
func ApplyFixes(text []byte, fixes []Fix) (fixed []byte, applied []int) {
	var edits []Edit
	for i := range fixes {
		if fits(edits, fixes[i].Edits, len(text)) {
			edits = append(edits, fixes[i].Edits...)
			applied = append(applied, i)
		}
	}
	if len(applied) == 0 {
		return text, nil
	}
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	at := 0
	for _, e := range edits {
		fixed = append(append(fixed, text[at:e.Span.Start]...), e.New...)
		at = e.Span.End
	}
	return append(fixed, text[at:]...), applied
}

// fits reports whether a fix lies within the text and touches no edit that was accepted before.
func fits(made, fix []Edit, size int) bool {
	for _, f := range fix {
		if f.Span.Start < 0 || f.Span.End < f.Span.Start || f.Span.End > size {
			return false
		}
		for _, m := range made {
			if f.Span.Start <= m.Span.End && m.Span.Start <= f.Span.End {
				return false
			}
		}
	}
	return len(fix) > 0
}
