package export

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/seedpack/seedpack/lint/command"
)

// Quote writes a text as one word of Bash. No two braces are next to each other in it, nor a brace and a percent or number
// sign, which Open Job Description and Jinja would read as their own.
func Quote(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if plain(s) {
		return s
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return quoteControl(s)
	}
	s = command.SingleQuote(s)
	for _, pair := range []string{"{{", "}}", "{%", "{#"} {
		for strings.Contains(s, pair) {
			s = strings.ReplaceAll(s, pair, pair[:1]+"''"+pair[1:])
		}
	}
	return s
}

// plain reports whether a text is a word of Bash as it is.
func plain(s string) bool {
	const safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@+-,"
	return s != "" && strings.Trim(s, safe) == ""
}

// quoteControl writes a text with control characters.
func quoteControl(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f || strings.IndexByte(`\'{}%#`, c) >= 0 {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}

// OneLine returns a text as one line that is safe to show: white space is one blank, control and format characters are left
// out.
func OneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return -1
		}
		return r
	}, s)
}

// Cut returns at most n characters of a text, the last of which is an ellipsis if something is left out.
func Cut(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
