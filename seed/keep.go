package seed

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// Keeps reports whether all values of a text are the same after some edits, apart from those that the edits touch. After
// is the text with the edits, which do not overlap. It is how a fix shows that it changes nothing but what it names.
func (s *Source) Keeps(after *Source, edits []Edit) bool {
	k := keeper{slices.SortedStableFunc(slices.Values(edits), func(a, b Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })}
	if s.root == nil {
		return k.covers(Span{0, len(s.Text)})
	}
	return after.root != nil && k.keeps(s.root, after.root)
}

// A keeper has edits in the order of the text. There may be as many as the text has bytes.
type keeper struct{ edits []Edit }

// from returns the edits that end at or after an offset.
func (k keeper) from(offset int) []Edit {
	return k.edits[sort.Search(len(k.edits), func(i int) bool { return k.edits[i].Span.End >= offset }):]
}

// covers reports whether an edit replaces all of a span.
func (k keeper) covers(at Span) bool {
	rest := k.from(at.End)
	return len(rest) > 0 && rest[0].Span.Start <= at.Start
}

// touched reports whether an edit changes text within a span, or at its ends if those are not certain.
func (k keeper) touched(at Span, uncertain bool) bool {
	for _, e := range k.from(at.Start) {
		switch {
		case e.Span.Start > at.End:
			return false
		case uncertain, e.Span.Start < at.End && at.Start < e.Span.End:
			return true
		}
	}
	return false
}

func (k keeper) keeps(before, after *node) bool {
	uncertain := before.flawed || before.kind == kindBroken
	if before.kind != kindObject && before.kind != kindArray {
		return k.touched(before.span, uncertain) || before.kind == after.kind && before.text == after.text ||
			after.kind == kindArray && len(after.children) == 1 && k.touched(before.span, true) && k.keeps(before, after.children[0])
	}
	if before.kind != after.kind {
		return k.touched(before.span, true)
	}
	next := 0
	for _, b := range before.children {
		if k.removed(b) {
			continue
		}
		if next == len(after.children) {
			return false
		}
		a := after.children[next]
		if b.member && a.name != b.name && !k.touched(b.key, true) || !k.keeps(b, a) {
			return false
		}
		next++
	}
	for _, a := range after.children[next:] {
		if !k.added(before, a) {
			return false
		}
	}
	return true
}

// removed reports whether an edit takes an element out, with its name.
func (k keeper) removed(n *node) bool {
	at := n.span
	if n.member {
		at.Start = n.key.Start
	}
	for _, e := range k.from(at.End) {
		switch {
		case e.Span.Start > at.Start:
			return false
		case e.New == "":
			return true
		}
	}
	return false
}

// added reports whether an edit within a container wrote a new element.
func (k keeper) added(container, n *node) bool {
	for _, e := range k.from(container.span.Start) {
		inside := container.span.Start <= e.Span.Start && e.Span.End <= container.span.End
		switch {
		case e.Span.Start > container.span.End:
			return false
		case inside && (!n.member || strings.Contains(e.New, n.name)) && e.New != "":
			return true
		}
	}
	return false
}
