package diag

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// Quote returns a text in quotes that leave it readable: double ones, or back quotes if it has double ones. Only a text with
// control or format characters is escaped as in Go.
func Quote(s string) string { return seed.Quote(s) }

// Sprintf is fmt.Sprintf, in which %q quotes a string as Quote does.
func Sprintf(format string, args ...any) string {
	quotable := make([]any, len(args))
	for i, a := range args {
		if s, ok := a.(string); ok {
			a = quoted(s)
		}
		quotable[i] = a
	}
	return fmt.Sprintf(format, quotable...)
}

// A quoted is a string that %q writes as Quote does.
type quoted string

// Format writes the string.
func (q quoted) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprint(f, Quote(string(q)))
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), string(q))
}

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
		b.WriteString(Quote(s))
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

// Count returns a number with its noun, in the plural if needed: "1 error", "2 processes". The plural ends in s, or in es behind
// an s.
func Count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	case strings.HasSuffix(noun, "ory"): // repository, directory
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Counts returns how many findings of each severity there are, without those of which there are none: "2 errors, 1 warning". It
// is empty if there are none at all.
func Counts(errors, warnings, notices int) string {
	var all []string
	for _, c := range []struct {
		n    int
		noun string
	}{{errors, "error"}, {warnings, "warning"}, {notices, "notice"}} {
		if c.n > 0 {
			all = append(all, Count(c.n, c.noun))
		}
	}
	return strings.Join(all, ", ")
}
