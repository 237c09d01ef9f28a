package glob

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bash returns a pattern as a word of Bash whose pathname expansion in OUTPUT_DIR gives the names that Match accepts. It is
// false if the pattern matches no name. Bash must not have set dotglob or extglob.
func Bash(pattern string) (word string, ok bool) {
	segments := compile(pattern)
	out := make([]string, len(segments))
	for i, s := range segments {
		if out[i], ok = s.bash(); !ok || out[i] == "" || out[i] == `..` || out[i] == "." {
			return "", false
		}
	}
	return strings.Join(out, "/"), true
}

func (s segment) bash() (string, bool) {
	var b strings.Builder
	for _, it := range s {
		switch {
		case it.star:
			b.WriteByte('*')
		case it.negate && len(it.ranges) == 0:
			b.WriteByte('?')
		case it.set:
			if !it.bashSet(&b) {
				return "", false
			}
		default:
			r := it.ranges[0].low
			if r == 0 || r > utf8.MaxRune {
				return "", false
			}
			b.WriteString(bashRune(r, false))
		}
	}
	return b.String(), true
}

// bashSet writes a bracket expression. It is false if the expression has a character that a name cannot have.
func (it item) bashSet(b *strings.Builder) bool {
	b.WriteByte('[')
	if it.negate {
		b.WriteByte('!')
	}
	for _, x := range it.ranges {
		if x.low == 0 || x.high > utf8.MaxRune {
			return false
		}
		b.WriteString(bashRune(x.low, true))
		if x.high > x.low {
			b.WriteString("-" + bashRune(x.high, true))
		}
	}
	b.WriteByte(']')
	return !slices.ContainsFunc(it.ranges, func(x interval) bool { return x.low > x.high })
}

// bashRune writes a character that stands for itself.
func bashRune(r rune, set bool) string {
	switch {
	case r < ' ' || r == 0x7f:
		return fmt.Sprintf(`$'\%03o'`, r)
	case r > 0x7f, r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r == '_':
		return string(r)
	case !set && (r == '.' || r == '-'):
		return string(r)
	}
	return `\` + string(r)
}
