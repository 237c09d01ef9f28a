package diag

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/seed"
)

// A Report holds the findings of one stage on one file.
type Report struct {
	// Path is the file as the user named it, or the reference of the image whose label was read.
	Path   string
	Source *seed.Source
	// Diagnostics are in the order of discovery until Sort is called.
	Diagnostics []Diagnostic
	// Most is how many findings of a kind it holds. Default: MaxFindings.
	Most int

	counts map[countKey]int // of what Add was given, since the last Sort
}

// MaxFindings is how many findings of a rule with one severity a report holds. The others are counted: nobody reads
// thousands, and a hostile file must not fill memory or log. Findings without a fix, with an unsafe one and with a safe one
// count separately, so that none hides another that can be fixed.
const MaxFindings = 200

type countKey struct {
	rule  *Rule
	level Severity
	fix   fixKind
}

type fixKind byte

const (
	withoutFix fixKind = iota
	withUnsafe
	withSafe
)

func fixKindOf(d *Diagnostic) fixKind {
	switch {
	case len(d.Fixes) == 0:
		return withoutFix
	case d.Fixes[0].Unsafe:
		return withUnsafe
	}
	return withSafe
}

// Add appends a diagnostic, or counts it if there are MaxFindings of its kind.
func (r *Report) Add(d Diagnostic) {
	if r.counts == nil {
		r.counts = map[countKey]int{}
	}
	key := countKey{d.Rule, d.Level(), fixKindOf(&d)}
	if r.counts[key]++; r.counts[key] <= r.most() {
		r.Diagnostics = append(r.Diagnostics, d)
	}
}

func (r *Report) most() int { return cmp.Or(r.Most, MaxFindings) }

// AddMore counts findings of a rule that were not made.
func (r *Report) AddMore(rule *Rule, n int) {
	if r.counts == nil {
		r.counts = map[countKey]int{}
	}
	r.counts[countKey{rule, rule.Severity, withoutFix}] += n
}

// tellMore adds a diagnostic for each rule and severity of which there are more than the report holds. Its place is that of the
// last one that it holds.
func (r *Report) tellMore() {
	type kind struct {
		rule  *Rule
		level Severity
	}
	hidden := map[kind]int{}
	for key, n := range r.counts {
		if n > r.most() {
			hidden[kind{key.rule, key.level}] += n - r.most()
		}
	}
	for of, n := range hidden {
		more := Diagnostic{Rule: of.rule, Severity: of.level, Message: fmt.Sprintf("%d more findings of this kind are not shown", n)}
		for i := range r.Diagnostics {
			if d := &r.Diagnostics[i]; d.Rule == of.rule && d.Level() == of.level {
				more.Pointer, more.Key, more.Span = d.Pointer, d.Key, d.Span
			}
		}
		r.Diagnostics = append(r.Diagnostics, more)
	}
	r.counts = nil
}

// Place returns the place of the diagnostic in r.Source, or the zero Span without a source.
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

// Count returns the number of diagnostics with this severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for i := range r.Diagnostics {
		if r.Diagnostics[i].Level() == s {
			n++
		}
	}
	return n
}

// Sort orders the diagnostics by offset, rule and message, and drops duplicates. It says how many there are beyond those
// that are held. The same input thus always prints the same bytes.
func (r *Report) Sort() {
	r.tellMore()
	slices.SortStableFunc(r.Diagnostics, func(a, b Diagnostic) int {
		pa, pb := r.Place(&a), r.Place(&b)
		return cmp.Or(cmp.Compare(pa.Start, pb.Start), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Message, b.Message))
	})
	r.Diagnostics = slices.CompactFunc(r.Diagnostics, func(a, b Diagnostic) bool {
		return a.Rule.ID == b.Rule.ID && a.Message == b.Message && r.Place(&a) == r.Place(&b)
	})
}

// DropDocument stores the place of every diagnostic and drops the parsed document. The text and its lines stay if there
// is a diagnostic to show. Reports of many files thus fit into memory. It returns r.
func (r *Report) DropDocument() *Report {
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

// Merge joins reports on the same path. It keeps the order of first appearance and sorts each report.
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
