package seed

import "strings"

// Keeps reports whether all values of a text are the same after some edits, apart from those that the edits touch. After
// is the text with the edits. It is how a fix shows that it changes nothing but what it names.
func (s *Source) Keeps(after *Source, edits []Edit) bool {
	if s.root == nil {
		return covers(edits, Span{0, len(s.Text)})
	}
	return after.root != nil && keeper{edits}.keeps(s.root, after.root)
}

type keeper struct{ edits []Edit }

func covers(edits []Edit, at Span) bool {
	for _, e := range edits {
		if e.Span.Start <= at.Start && at.End <= e.Span.End {
			return true
		}
	}
	return false
}

// touched reports whether an edit changes text within a span, or at its ends if those are not certain.
func (k keeper) touched(at Span, uncertain bool) bool {
	for _, e := range k.edits {
		switch {
		case e.Span.Start < at.End && at.Start < e.Span.End:
			return true
		case uncertain && e.Span.Start <= at.End && at.Start <= e.Span.End:
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
	for _, e := range k.edits {
		if e.New == "" && e.Span.Start <= at.Start && at.End <= e.Span.End {
			return true
		}
	}
	return false
}

// added reports whether an edit within a container wrote a new element.
func (k keeper) added(container, n *node) bool {
	for _, e := range k.edits {
		inside := container.span.Start <= e.Span.Start && e.Span.End <= container.span.End
		if inside && (!n.member || strings.Contains(e.New, n.name)) && e.New != "" {
			return true
		}
	}
	return false
}
