package diag

import (
	"cmp"
	"slices"

	"github.com/seedpack/seedpack/seed"
)

// A Report is all that one stage says about one file.
type Report struct {
	// Path is the file as its user named it, or the reference of the image that a label was read from.
	Path   string
	Source *seed.Source
	// Diagnostics are in the order they were found until Sort is called.
	Diagnostics []Diagnostic
}

// Add appends a diagnostic.
func (r *Report) Add(d Diagnostic) { r.Diagnostics = append(r.Diagnostics, d) }

// Place is where in r.Source the diagnostic stands. Without a source it is the zero Span.
func (r *Report) Place(d *Diagnostic) seed.Span {
	switch {
	case d.Span != nil:
		return *d.Span
	case r.Source == nil:
		return seed.Span{}
	case d.Key:
		return r.Source.KeySpan(d.Pointer)
	}
	return r.Source.Span(d.Pointer)
}

// Count is the number of diagnostics of exactly the given severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for i := range r.Diagnostics {
		if r.Diagnostics[i].Level() == s {
			n++
		}
	}
	return n
}

// Sort orders the diagnostics by offset, rule and message and drops those that say the same twice, so that one
// input always prints the same bytes.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Diagnostics, func(a, b Diagnostic) int {
		pa, pb := r.Place(&a), r.Place(&b)
		return cmp.Or(cmp.Compare(pa.Start, pb.Start), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Message, b.Message))
	})
	r.Diagnostics = slices.CompactFunc(r.Diagnostics, func(a, b Diagnostic) bool {
		return a.Rule.ID == b.Rule.ID && a.Message == b.Message && r.Place(&a) == r.Place(&b)
	})
}

// Settle gives every diagnostic its place for good and lets go of the parsed document. Of the source the text and its lines
// stay where there is a diagnostic to show, and nothing elsewhere, so that reports of many files fit into memory. It
// returns r.
func (r *Report) Settle() *Report {
	for i := range r.Diagnostics {
		d := &r.Diagnostics[i]
		place := r.Place(d)
		d.Span = &place
	}
	switch {
	case len(r.Diagnostics) == 0:
		r.Source = nil
	case r.Source != nil:
		r.Source = r.Source.WithoutValues()
	}
	return r
}

// Merge joins reports about one path into one, keeps the order of first appearance and sorts each.
func Merge(reports ...*Report) []*Report {
	var out []*Report
	at := map[string]*Report{}
	for _, r := range reports {
		if r == nil {
			continue
		}
		m, ok := at[r.Path]
		if !ok {
			m = &Report{Path: r.Path, Source: r.Source}
			at[r.Path] = m
			out = append(out, m)
		}
		if m.Source == nil {
			m.Source = r.Source
		}
		m.Diagnostics = append(m.Diagnostics, r.Diagnostics...)
	}
	for _, r := range out {
		r.Sort()
	}
	return out
}
