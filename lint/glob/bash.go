package glob

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bash returns a pattern as a word of Bash whose pathname expansion in OUTPUT_DIR gives the names that Match accepts. It is
// false if the pattern matches no name. Bash must not have set dotglob or extglob.
func Bash(pattern string) (word string, ok bool) {
	return write(pattern, dialect{bashSet, func(r rune) string { return bashRune(r, false) }})
}

// bashSet writes a bracket expression. It is false if the expression has a character that a name cannot have.
func bashSet(it item) (string, bool) {
	var b strings.Builder
	b.WriteByte('[')
	if it.negate {
		b.WriteByte('!')
	}
	for _, x := range it.ranges {
		if x.low == 0 || x.high > utf8.MaxRune || x.low > x.high {
			return "", false
		}
		b.WriteString(bashRune(x.low, true))
		if x.high > x.low {
			b.WriteString("-" + bashRune(x.high, true))
		}
	}
	b.WriteByte(']')
	return b.String(), true
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
