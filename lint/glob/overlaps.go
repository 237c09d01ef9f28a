package glob

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// listEffort is how many steps the comparison of all patterns of a list may take. It is enough for some thousand patterns of
// which each must be compared with each.
const listEffort = 16 << 20

// Overlaps calls report for each pattern that matches a name that an earlier one matches too: with its index, the index of the
// first such pattern, and the name. A list with patterns that take too long to compare is not compared to its end.
func Overlaps(patterns []string, report func(i, first int, witness string)) {
	if len(patterns) < 2 {
		return
	}
	l := newList(patterns)
	effort := listEffort
	for i, p := range patterns {
		if before := l.same[p]; before < i {
			if f := l.found[before]; f.ok {
				report(i, f.first, f.witness)
			} else if witness, ok := l.compare(before, i, &effort); ok {
				report(i, before, witness)
			}
			continue
		}
		l.found[i] = l.first(i, &effort)
		if f := l.found[i]; f.ok {
			report(i, f.first, f.witness)
		}
		if effort < 0 {
			return
		}
	}
}

// A list has patterns by what they begin with and by what they end with. Two patterns can overlap only if the text before
// the first wildcard of one is the beginning of that of the other, and likewise at the end.
type list struct {
	patterns   [][]segment
	same       map[string]int // the first pattern of a text
	found      []finding
	begin, end side
}

type finding struct {
	first   int
	witness string
	ok      bool
}

func newList(patterns []string) *list {
	l := &list{same: map[string]int{}, found: make([]finding, len(patterns))}
	for i, p := range patterns {
		if _, ok := l.same[p]; !ok {
			l.same[p] = i
		}
		l.patterns = append(l.patterns, compile(p))
	}
	l.begin = newSide(l.patterns, func(s segment, i int) item { return s[i] }, func(all []segment, i int) segment { return all[i] })
	l.end = newSide(l.patterns, func(s segment, i int) item { return s[len(s)-1-i] }, func(all []segment, i int) segment { return all[len(all)-1-i] })
	return l
}

// first finds the first pattern before number i that overlaps it.
func (l *list) first(i int, effort *int) finding {
	a, b := l.begin.count(i), l.end.count(i)
	if min(a, b) > len(l.patterns)/2 { // to gather so many takes longer than to try them in order
		for j := range i {
			if witness, ok := l.compare(j, i, effort); ok || *effort < 0 {
				return finding{j, witness, ok}
			}
		}
		return finding{}
	}
	s := &l.begin
	if b < a {
		s = &l.end
	}
	candidates := s.near(i)
	*effort -= len(candidates)
	slices.Sort(candidates)
	for _, j := range candidates {
		if j >= i || *effort < 0 {
			break
		}
		if witness, ok := l.compare(j, i, effort); ok {
			return finding{j, witness, true}
		}
	}
	return finding{}
}

// compare compares two patterns within the effort of a pair and of the list.
func (l *list) compare(i, j int, effort *int) (string, bool) {
	limit := min(pairEffort, *effort)
	left := limit
	witness, ok := overlap(l.patterns[i], l.patterns[j], &left)
	*effort -= limit - left
	return witness, ok
}

// A side has the patterns by the text at one of their sides.
type side struct {
	keys    []string         // by pattern
	sorted  []int            // patterns by key
	exact   map[string][]int // patterns with exactly this key
	lengths []int            // of all keys, ascending
}

// longestKey is how much of a pattern's text is used to find others.
const longestKey = 64

// newSide reads the keys of all patterns with functions that give item or segment i of a side.
func newSide(patterns [][]segment, itemAt func(segment, int) item, segmentAt func([]segment, int) segment) side {
	s := side{exact: map[string][]int{}}
	seen := map[int]bool{}
	for i, p := range patterns {
		key := keyOf(p, itemAt, segmentAt)
		s.keys, s.sorted = append(s.keys, key), append(s.sorted, i)
		s.exact[key] = append(s.exact[key], i)
		if !seen[len(key)] {
			seen[len(key)] = true
			s.lengths = append(s.lengths, len(key))
		}
	}
	slices.SortFunc(s.sorted, func(a, b int) int { return cmp.Compare(s.keys[a], s.keys[b]) })
	slices.Sort(s.lengths)
	return s
}

// keyOf returns the characters of a pattern up to its first wildcard. A pattern without one ends in a mark.
func keyOf(p []segment, itemAt func(segment, int) item, segmentAt func([]segment, int) segment) string {
	const mark = math.MaxUint8
	var key []byte
	for i := range p {
		s := segmentAt(p, i)
		for j := range s {
			it := itemAt(s, j)
			if !plain(it) || len(key) >= longestKey {
				return string(key)
			}
			r := it.ranges[0].low
			key = append(key, byte(r>>16), byte(r>>8), byte(r))
		}
		key = append(key, mark)
	}
	return string(append(key, mark))
}

// under returns the range of sorted with the keys that begin with a key.
func (s *side) under(key string) (from, to int) {
	from, _ = slices.BinarySearchFunc(s.sorted, key, func(i int, key string) int { return cmp.Compare(s.keys[i], key) })
	to, _ = slices.BinarySearchFunc(s.sorted[from:], key, func(i int, key string) int {
		if strings.HasPrefix(s.keys[i], key) {
			return -1
		}
		return 1
	})
	return from, from + to
}

// above calls visit with the patterns whose key is a beginning of that of pattern i, and shorter.
func (s *side) above(i int, visit func([]int)) {
	for _, n := range s.lengths {
		if n >= len(s.keys[i]) {
			return
		}
		visit(s.exact[s.keys[i][:n]])
	}
}

// count returns how many patterns near would return.
func (s *side) count(i int) int {
	from, to := s.under(s.keys[i])
	n := to - from
	s.above(i, func(more []int) { n += len(more) })
	return n
}

// near returns the patterns of which one key is a beginning of the other.
func (s *side) near(i int) []int {
	from, to := s.under(s.keys[i])
	out := slices.Clone(s.sorted[from:to])
	s.above(i, func(more []int) { out = append(out, more...) })
	return out
}
