package diag

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Nearest returns the known word that a misspelled word was most likely meant to be, or "". It ignores case. At most a
// third of the letters may differ; in a short word, two. Of words at the same distance, the first wins.
func Nearest(word string, known []string) string {
	const longest = 64 // bytes; a longer word is no misspelling
	if len(word) > longest {
		return ""
	}
	return nearest(len(word)/3, known, func(k string) int {
		return Distance(strings.ToLower(word), strings.ToLower(k))
	})
}

// Meant returns the known word that a misspelled word must have been meant to be, or "". It is stricter than Nearest: it is
// for fixes, and a wrong word is worse than none. Case, dashes and underscores do not count. One letter in four may differ,
// where swapped neighbours count as one letter. If two words are equally near, it returns "".
func Meant(word string, known []string) string {
	const longest = 64 // bytes; a longer word is no misspelling
	if word == "" || len(word) > longest {
		return ""
	}
	folded := []rune(fold(word))
	best, least, equal := "", max(1, len(folded)/4)+1, false
	for _, k := range known {
		switch d := edits(folded, []rune(fold(k)), true); {
		case d >= min(len(folded), len(k)): // nothing of it is left
		case d < least:
			best, least, equal = k, d, false
		case d == least && best != "":
			equal = true
		}
	}
	if equal {
		return ""
	}
	return best
}

// fold returns the lower-case letters, digits and signs of a word, without separators, blanks and what cannot be seen.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("-_.", r), unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, word)
}

// NearestName is Nearest for names that an author invented, such as variables. Case counts. At most a quarter of the
// letters may differ; in a short name, two. Two swapped letters count as one.
func NearestName(name string, known []string) string {
	const longest = 256 // bytes; comparing a longer name takes too long
	if len(name) > longest {
		return ""
	}
	return nearest(len(name)/4, known, func(k string) int {
		if len(k) > 2*longest {
			return len(k)
		}
		return Edits(name, k)
	})
}

// nearest returns the word with the least distance. The distance may be at most limit, or 2 if limit is less.
func nearest(limit int, known []string, distance func(string) int) string {
	best, least := "", max(2, limit)+1
	for _, k := range known {
		if d := distance(k); d < least {
			best, least = k, d
		}
	}
	return best
}

// ByDistance returns the known words, sorted by their distance to a word and then by the alphabet. It is for messages:
// it compares the first 200 bytes of the first 1000 words, and drops the other words.
func ByDistance(word string, known []string) []string {
	const most, longest = 1000, 200
	sorted := slices.Clone(known[:min(len(known), most)])
	distances := map[string]int{}
	for _, k := range sorted {
		distances[k] = Distance(word[:min(len(word), longest)], k[:min(len(k), longest)])
	}
	slices.SortFunc(sorted, func(a, b string) int {
		return cmp.Or(cmp.Compare(distances[a], distances[b]), strings.Compare(a, b))
	})
	return sorted
}

// Distance returns how many bytes must be changed, added or removed to make a into b (Levenshtein).
func Distance(a, b string) int { return edits([]byte(a), []byte(b), false) }

// Edits is Distance, in which two swapped neighbours are one change.
func Edits(a, b string) int { return edits([]byte(a), []byte(b), true) }

// edits returns the least number of changes that make a into b. With swaps, exchanging two neighbours is one change
// (optimal string alignment).
func edits[T byte | rune](a, b []T, swaps bool) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1) // the two rows above the current one
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if swaps && i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
