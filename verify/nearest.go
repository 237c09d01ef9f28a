package verify

import (
	"cmp"
	"slices"
	"strings"
)

// nearestPattern returns names sorted by their distance to a pattern. It is for messages: it compares only the first
// 200 bytes of the first 1000 names. For words without patterns there is diag.ByDistance.
func nearestPattern(want string, all []string) []string {
	const most, longest = 1000, 200
	all = slices.Clone(all[:min(len(all), most)])
	distances := map[string]int{}
	for _, name := range all {
		distances[name] = patternDistance(want[:min(len(want), longest)], name[:min(len(name), longest)])
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(distances[a], distances[b]), strings.Compare(a, b))
	})
	return all
}

// patternDistance returns the Levenshtein distance in bytes. "*" in a matches any run of bytes at no cost.
func patternDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		star := a[i] == '*'
		next[0] = row[0]
		if !star {
			next[0]++
		}
		for j := range len(b) {
			if star {
				next[j+1] = min(row[j+1], next[j])
				continue
			}
			change := row[j]
			if a[i] != b[j] {
				change++
			}
			next[j+1] = min(change, row[j+1]+1, next[j]+1)
		}
		row = next
	}
	return row[len(b)]
}
