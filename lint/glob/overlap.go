package glob

import (
	"strings"
	"unicode/utf8"
)

// Overlap returns a name that both patterns match, and whether there is one. The name consists of letters if possible.
func Overlap(p, q string) (witness string, ok bool) { return Compile(p).Overlap(Compile(q)) }

// A Pattern is a pattern that is compared with many others.
type Pattern struct{ segments []segment }

// Compile reads a pattern.
func Compile(pattern string) Pattern { return Pattern{compile(pattern)} }

// Overlap is the function Overlap.
func (p Pattern) Overlap(q Pattern) (witness string, ok bool) {
	a, b := p.segments, q.segments
	if len(a) != len(b) {
		return "", false
	}
	for i := range a {
		if apart(a[i], b[i]) {
			return "", false
		}
	}
	components := make([]string, len(a))
	for i := range a {
		s := search{a: a[i], b: b[i], seen: make([]bool, 2*(len(a[i])+1)*(len(b[i])+1))}
		if components[i], ok = s.from(state{}); !ok {
			return "", false
		}
	}
	return strings.Join(components, "/"), true
}

// apart reports whether two segments certainly match no name together: one of them begins or ends with a character that
// the other does not have there. Most patterns of a job are apart, and this is much faster than a search.
func apart(a, b segment) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	differ := func(x, y item) bool { return plain(x) && plain(y) && x.ranges[0] != y.ranges[0] }
	for i := 0; i < min(len(a), len(b)) && !a[i].star && !b[i].star; i++ {
		if differ(a[i], b[i]) {
			return true
		}
	}
	for i := 1; i <= min(len(a), len(b)) && !a[len(a)-i].star && !b[len(b)-i].star; i++ {
		if differ(a[len(a)-i], b[len(b)-i]) {
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
	a, b segment
	seen []bool // by state: leads nowhere, or is being tried
}

// A state says how far the search is in both segments, and whether the name has a character yet. A name must not be
// empty, and the rule on dots is for its first character.
type state struct {
	i, j  int
	begun bool
}

func (s *search) index(at state) int {
	i := at.i*(len(s.b)+1) + at.j
	if at.begun {
		return 2*i + 1
	}
	return 2 * i
}

func (s *search) from(at state) (string, bool) {
	seen := &s.seen[s.index(at)]
	if *seen {
		return "", false
	}
	*seen = true
	if at.i == len(s.a) && at.j == len(s.b) {
		return "", at.begun
	}
	if at.i < len(s.a) && s.a[at.i].star {
		if rest, ok := s.from(state{at.i + 1, at.j, at.begun}); ok {
			return rest, true
		}
	}
	if at.j < len(s.b) && s.b[at.j].star {
		if rest, ok := s.from(state{at.i, at.j + 1, at.begun}); ok {
			return rest, true
		}
	}
	return s.step(at)
}

// step tries a character that both segments allow next.
func (s *search) step(at state) (string, bool) {
	if at.i == len(s.a) || at.j == len(s.b) {
		return "", false
	}
	x, i := s.a[at.i].one(at.i)
	y, j := s.b[at.j].one(at.j)
	leading := !at.begun && (s.a[0].wild() || s.b[0].wild())
	r, ok := common(x, y, leading)
	if !ok {
		return "", false
	}
	rest, ok := s.from(state{i, j, true})
	return string(r) + rest, ok
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
func common(x, y item, noDot bool) (rune, bool) {
	fits := func(r rune) bool {
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
