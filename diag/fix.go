package diag

import (
	"cmp"
	"slices"
	"sort"
)

// ApplyFixes applies fixes and leaves all other bytes as they are. If two fixes touch each other, it applies the first; the
// other is found again in the result. Applied has the indices of the fixes that it applied. If there are none, fixed is text
// itself.
func ApplyFixes(text []byte, fixes []Fix) (fixed []byte, applied []int) {
	var edits []Edit // sorted
	for i := range fixes {
		if fits(edits, fixes[i].Edits, len(text)) {
			edits = merge(edits, fixes[i].Edits)
			applied = append(applied, i)
		}
	}
	if len(applied) == 0 {
		return text, nil
	}
	at := 0
	for _, e := range edits {
		fixed = append(append(fixed, text[at:e.Span.Start]...), e.New...)
		at = e.Span.End
	}
	return append(fixed, text[at:]...), applied
}

// fits reports whether a fix lies within the text and touches no edit that was accepted before. Those are sorted. One fix may
// have as many edits as the text has bytes.
func fits(made, fix []Edit, size int) bool {
	for _, f := range fix {
		if f.Span.Start < 0 || f.Span.End < f.Span.Start || f.Span.End > size {
			return false
		}
		// The edits before n begin at or before the end of f. They do not touch each other, so the last one ends last.
		n := sort.Search(len(made), func(i int) bool { return made[i].Span.Start > f.Span.End })
		if n > 0 && made[n-1].Span.End >= f.Span.Start {
			return false
		}
	}
	return len(fix) > 0
}

// merge adds the edits of a fix to sorted ones.
func merge(made, fix []Edit) []Edit {
	byStart := func(a, b Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) }
	sorted := slices.SortedStableFunc(slices.Values(fix), byStart)
	if len(made) == 0 || byStart(made[len(made)-1], sorted[0]) < 0 {
		return append(made, sorted...)
	}
	made = append(made, sorted...)
	slices.SortStableFunc(made, byStart)
	return made
}
