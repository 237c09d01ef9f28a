package diag

import (
	"cmp"
	"slices"
)

// ApplyFixes applies the first fix of each diagnostic and leaves all other bytes as they are. If two fixes touch each
// other, it applies the first; the other is found again in the result. It returns text itself if nothing changed.
func ApplyFixes(text []byte, diagnostics []Diagnostic) (mended []byte, changed bool) {
	var edits []Edit
	for i := range diagnostics {
		if fixes := diagnostics[i].Fixes; len(fixes) > 0 && fits(edits, fixes[0].Edits, len(text)) {
			edits = append(edits, fixes[0].Edits...)
		}
	}
	if len(edits) == 0 {
		return text, false
	}
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	at := 0
	for _, e := range edits {
		mended = append(append(mended, text[at:e.Span.Start]...), e.New...)
		at = e.Span.End
	}
	return append(mended, text[at:]...), true
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
