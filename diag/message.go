package diag

import (
	"fmt"
	"strings"
)

// QuoteFew quotes the first five names and counts the others.
func QuoteFew(all []string) string {
	const few = 5
	var b strings.Builder
	for i, s := range all {
		if i == few {
			fmt.Fprintf(&b, " and %d more", len(all)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", s)
	}
	return b.String()
}

// Brief returns the first 40 characters of a text in one line. An ellipsis marks a cut.
func Brief(text []byte) string {
	s := strings.Join(strings.Fields(string(text)), " ")
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "…"
	}
	return s
}
