package glob

import (
	"strings"
	"unicode/utf8"
)

// Fnmatch returns a pattern for systems whose patterns have no backslash, such as Python's glob: "*" and "?", and brackets with
// "!" for all other characters. It is false if the pattern matches no name, or if such a pattern cannot be written.
func Fnmatch(pattern string) (same string, ok bool) {
	return write(pattern, dialect{fnmatchSet, fnmatchRune})
}

// fnmatchRune writes a character that stands for itself.
func fnmatchRune(r rune) string {
	if strings.ContainsRune("*?[", r) {
		return "[" + string(r) + "]"
	}
	return string(r)
}

// fnmatchSet writes a bracket expression. A closing bracket comes first in it, "!" and "^" not first, and a dash last. It is false
// for ranges of such characters.
func fnmatchSet(it item) (string, bool) {
	var first, middle, last string
	for _, x := range it.ranges {
		switch {
		case x.low == 0 || x.high > utf8.MaxRune || x.low > x.high:
			return "", false
		case x.low == ']' && x.high == ']':
			first = "]"
		case x.low == '-' && x.high == '-':
			last = "-"
		case x.low == x.high && strings.ContainsRune("!^", x.low):
			last = string(x.low) + last
		case x.low == x.high:
			middle += string(x.low)
		case strings.ContainsRune("]-!^[&~|", x.low) || strings.ContainsRune("]-", x.high):
			return "", false
		default:
			middle += string(x.low) + "-" + string(x.high)
		}
	}
	not := ""
	if it.negate {
		not = "!"
	}
	text := first + middle + last
	if it.negate || !strings.HasPrefix(text, "!") && !strings.HasPrefix(text, "^") {
		return "[" + not + text + "]", true
	}
	return text, text == "!" || text == "^"
}
