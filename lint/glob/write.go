package glob

import (
	"strings"
	"unicode/utf8"
)

// A dialect is how another reader writes what differs between patterns. All write "*" and "?" alike.
type dialect struct {
	// set writes a bracket expression. Ok is false if the reader cannot say it.
	set func(item) (text string, ok bool)
	// char writes a character that stands for itself.
	char func(rune) string
}

// write returns a pattern in a dialect. Ok is false if the pattern matches no name, or if the dialect cannot say it.
func write(pattern string, d dialect) (same string, ok bool) {
	segments := compile(pattern)
	out := make([]string, len(segments))
	for i, s := range segments {
		if out[i], ok = s.write(d); !ok || out[i] == "" || out[i] == ".." || out[i] == "." {
			return "", false
		}
	}
	return strings.Join(out, "/"), true
}

func (s segment) write(d dialect) (string, bool) {
	var b strings.Builder
	for _, it := range s {
		switch {
		case it.star:
			b.WriteByte('*')
		case it.negate && len(it.ranges) == 0:
			b.WriteByte('?')
		case it.set:
			text, ok := d.set(it)
			if !ok {
				return "", false
			}
			b.WriteString(text)
		default:
			r := it.ranges[0].low
			if r == 0 || r > utf8.MaxRune { // no name has it, or it is no text
				return "", false
			}
			b.WriteString(d.char(r))
		}
	}
	return b.String(), true
}
