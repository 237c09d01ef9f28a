package glob

import (
	"strings"
	"unicode/utf8"
)

// Fnmatch returns a pattern for systems whose patterns have no backslash, such as Python's glob: "*" and "?", and brackets with
// "!" for all other characters. It is false if the pattern matches no name, or if such a pattern cannot be written.
func Fnmatch(pattern string) (same string, ok bool) {
	segments := compile(pattern)
	out := make([]string, len(segments))
	for i, s := range segments {
		if out[i], ok = s.fnmatch(); !ok || out[i] == "" || out[i] == ".." || out[i] == "." {
			return "", false
		}
	}
	return strings.Join(out, "/"), true
}

func (s segment) fnmatch() (string, bool) {
	var b strings.Builder
	for _, it := range s {
		switch {
		case it.star:
			b.WriteByte('*')
		case it.negate && len(it.ranges) == 0:
			b.WriteByte('?')
		case it.set:
			set, ok := it.fnmatchSet()
			if !ok {
				return "", false
			}
			b.WriteString(set)
		default:
			r := it.ranges[0].low
			if r == 0 || r > utf8.MaxRune {
				return "", false
			}
			if strings.ContainsRune("*?[", r) {
				b.WriteString("[" + string(r) + "]")
			} else {
				b.WriteRune(r)
			}
		}
	}
	return b.String(), true
}

// fnmatchSet writes a bracket expression. A closing bracket comes first in it, "!" and "^" not first, and a dash last. It is false
// for ranges of such characters.
func (it item) fnmatchSet() (string, bool) {
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
	if text := first + middle + last; it.negate || !strings.HasPrefix(text, "!") && !strings.HasPrefix(text, "^") {
		return "[" + not + text + "]", true
	}
	text := first + middle + last
	return text, text == "!" || text == "^"
}
