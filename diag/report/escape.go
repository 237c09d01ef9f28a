package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape makes one line of foreign text harmless to print: on a terminal, and on the output of a GitHub runner, where
// printing is a privilege. It is the one place of the project for that, and text is foreign wherever it comes from a
// file, an image, a build or a job.
//
// A runner takes "::command" after leading blanks, and "##[command]" anywhere in a line, on both streams. It compares
// with the rules of a culture, which overlook some invisible characters, so those are shown as escapes along with the
// ones that move the cursor or turn the direction of writing. Line ends are escaped too: several lines are several calls.
//
// What is escaped once is left as it is when escaped again, so a line may be escaped whole after its parts were.
func Escape(s string) string {
	if !harmless(s) {
		s = escapeRunes(s)
	}
	s = strings.ReplaceAll(s, "##[", `##\[`)
	if t := strings.TrimLeftFunc(s, unicode.IsSpace); strings.HasPrefix(t, "::") {
		s = s[:len(s)-len(t)] + `:\` + t[1:]
	}
	return s
}

func harmless(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

func escapeRunes(s string) string {
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\t':
			b.WriteByte(' ')
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// hidden tells whether r is not seen as itself: control and format characters, line and paragraph separators and what
// Unicode says may be ignored.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// escapeJSON does for JSON text what Escape does for a line, and leaves the same values in it. Nothing that it replaces
// can stand outside a string.
func escapeJSON(text []byte) []byte {
	s := string(text)
	if !harmless(strings.ReplaceAll(s, "\n", "")) {
		var b strings.Builder
		for _, r := range s {
			switch {
			case r == '\n' || !hidden(r):
				b.WriteRune(r)
			case r > 0xffff:
				high, low := utf16.EncodeRune(r)
				fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
			default:
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
		s = b.String()
	}
	return []byte(strings.ReplaceAll(s, "##[", `\u0023#[`))
}
