package glob

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Overlap returns a name that both patterns match, and whether there is one. The name consists of letters if possible. For
// patterns that take too long to compare, there is none.
func Overlap(p, q string) (witness string, ok bool) {
	effort := pairEffort
	return overlap(compile(p), compile(q), &effort)
}

// pairEffort is how many steps the comparison of two patterns may take. Patterns of components that a file system allows
// take less.
const pairEffort = 1 << 20

// overlap compares two patterns and takes its steps from an effort. Without any left, it finds nothing.
func overlap(a, b []segment, effort *int) (witness string, ok bool) {
	*effort--
	if len(a) != len(b) {
		return "", false
	}
	for i := range a {
		if apart(a[i], b[i], effort) {
			return "", false
		}
	}
	components := make([]string, len(a))
	for i := range a {
		if *effort -= len(a[i]) + len(b[i]); *effort < 0 {
			return "", false
		}
		s := search{a: a[i], b: b[i], seen: map[state]bool{}, effort: effort}
		if !s.from(state{}) {
			return "", false
		}
		slices.Reverse(s.name)
		components[i] = string(s.name)
	}
	return strings.Join(components, "/"), true
}

// apart reports whether two segments certainly match no name together: one of them is too short for the other, or they begin
// or end with different characters. Most patterns of a job are apart, and this is much faster than a search.
func apart(a, b segment, effort *int) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	*effort -= (len(a) + len(b)) / 8
	least, most := a.length()
	if l, m := b.length(); least > m || l > most {
		return true
	}
	differ := func(x, y item) bool { return plain(x) && plain(y) && x.ranges[0] != y.ranges[0] }
	for i := 0; i < min(len(a), len(b)) && !a[i].star && !b[i].star; i++ {
		if *effort--; differ(a[i], b[i]) {
			return true
		}
	}
	for i := 1; i <= min(len(a), len(b)) && !a[len(a)-i].star && !b[len(b)-i].star; i++ {
		if *effort--; differ(a[len(a)-i], b[len(b)-i]) {
			return true
		}
	}
	return false
}

// plain reports whether an item is one character that stands for itself.
func plain(it item) bool {
	return !it.star && !it.negate && len(it.ranges) == 1 && it.ranges[0].low == it.ranges[0].high
}

// A search goes through two segments in parallel.
type search struct {
	a, b   segment
	seen   map[state]bool // leads nowhere, or is being tried
	name   []rune         // from its end
	effort *int
}

// A state says how far the search is in both segments, and whether the name has a character yet. A name must not be
// empty, and the rule on dots is for its first character.
type state struct {
	i, j  int
	begun bool
}

func (s *search) from(at state) bool {
	const steps = 8 // as long as so many comparisons of characters
	if *s.effort -= steps; *s.effort < 0 || s.seen[at] {
		return false
	}
	s.seen[at] = true
	if at.i == len(s.a) && at.j == len(s.b) {
		return at.begun
	}
	if at.i < len(s.a) && s.a[at.i].star && s.from(state{at.i + 1, at.j, at.begun}) {
		return true
	}
	if at.j < len(s.b) && s.b[at.j].star && s.from(state{at.i, at.j + 1, at.begun}) {
		return true
	}
	return s.step(at)
}

// step tries a character that both segments allow next.
func (s *search) step(at state) bool {
	if at.i == len(s.a) || at.j == len(s.b) {
		return false
	}
	x, i := s.a[at.i].one(at.i)
	y, j := s.b[at.j].one(at.j)
	leading := !at.begun && (s.a[0].wild() || s.b[0].wild())
	r, ok := common(x, y, leading, s.effort)
	if !ok || !s.from(state{i, j, true}) {
		return false
	}
	s.name = append(s.name, r)
	return true
}

// one returns the item for a single character, and the index of the next item: a star stays in place.
func (it item) one(index int) (item, int) {
	if it.star {
		return anything, index
	}
	return it, index + 1
}

// common returns a character that both items match. The least character of a set is 1, the end of a range, or the
// character after an end. It is thus enough to try those, and two neighbours of "/" and ".".
func common(x, y item, noDot bool, effort *int) (rune, bool) {
	fits := func(r rune) bool {
		if *effort -= (len(x.ranges) + len(y.ranges)) / 4; *effort < 0 {
			return false
		}
		return r > 0 && utf8.ValidRune(r) && !(noDot && r == '.') && x.has(r) && y.has(r)
	}
	for _, r := range [...]rune{'a', 'x', '0', '_', 'é', 1} {
		if fits(r) {
			return r, true
		}
	}
	for _, it := range [...]item{x, y} {
		for _, i := range it.ranges {
			for _, r := range [...]rune{i.low, i.high, i.low - 1, i.high + 1} {
				if fits(r) {
					return r, true
				}
			}
		}
	}
	return 0, false
}
