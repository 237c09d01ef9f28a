package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape makes one line of foreign text safe to print. Text from a file, an image, a build or a job is foreign. A
// terminal and a GitHub runner both act on what is printed to them. This is the only place in Go that escapes text;
// launch.cjs escapes the one message of its own.
//
// A runner acts on "::command" after leading blanks, and on "##[command]" anywhere in a line, on both streams. Its
// comparison follows the rules of a culture and ignores some invisible characters. Escape shows those characters as
// escapes, as well as characters that move the cursor or change the direction of writing. It escapes line breaks too:
// call it once for each line.
//
// Escape does not change its own result, so a line may be escaped after its parts were.
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
		case !invisible(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// invisible reports whether r is invisible: a control or format character, a line or paragraph separator, or a
// character that Unicode calls ignorable.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// EscapeJSON does to JSON text what Escape does to a line. The values stay the same, since it replaces only characters
// that can only be in strings.
func EscapeJSON(text []byte) []byte {
	s := string(text)
	if !harmless(strings.ReplaceAll(s, "\n", "")) {
		var b strings.Builder
		for _, r := range s {
			switch {
			case r == '\n' || !invisible(r):
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

// EscapeLines escapes each line of a text and keeps its line ends.
func EscapeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Markdown returns a text that means nothing in Markdown, also in a table: no links, images, tags or mentions. Control
// characters are for Escape.
func Markdown(s string) string { return markdown.Replace(s) }

var markdown = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;", "[", "&#91;", "]", "&#93;",
	"!", "&#33;", "*", "&#42;", "_", "&#95;", "@", "&#64;", "#", "&#35;", "~", "&#126;", "\\", "&#92;", "://", "&#58;//", "www.", "www&#46;")
