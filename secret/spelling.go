package secret

import (
	"unicode/utf8"
)

// maxDepth is how many encodings may be nested: JSON in JSON in a URL is three.
const maxDepth = 4

// maxRun is more than the backslashes that quoting puts before one character, maxDepth deep.
const maxRun = 2 << maxDepth

// A reading is one way to read the character at a place of a text.
type reading struct {
	value rune
	code  bool // value is a code point, not a byte
	end   int  // the place behind it
}

// firstByte returns the first byte of the character in UTF-8.
func (r reading) firstByte() byte {
	if !r.code || r.value < utf8.RuneSelf {
		return byte(r.value)
	}
	return utf8.AppendRune(nil, r.value)[0]
}

// A scan reads a text.
type scan struct {
	text []byte
	room []reading // of step, used again
}

// isIntro reports whether a byte can begin the spelling of another character.
func isIntro(c byte) bool {
	switch c {
	case '\\', '%', '&', '=', '+', '^', '\'', '"', 0xef:
		return true
	}
	return false
}

// read appends the ways to read the character at a place, with so many encodings nested.
func (t *scan) read(at, depth int, to []reading) []reading {
	to = append(to, reading{rune(t.text[at]), false, at + 1})
	if depth == 0 || !isIntro(t.text[at]) {
		return to
	}
	if t.text[at] != '\\' && len(t.spelled(t.text[at], at+1, 0)) == 0 {
		return to // the usual case: nothing is spelled here
	}
	// What the encodings below this one give may be the beginning of a spelling in this one.
	var room [8]reading
	for _, r := range t.read(at, depth-1, room[:0]) {
		to = add(to, r)
		if r.value >= utf8.RuneSelf && r.value != 0xef {
			continue
		}
		for _, spelled := range t.spelled(byte(r.value), r.end, depth-1) {
			to = add(to, spelled)
		}
	}
	return to
}

func add(to []reading, r reading) []reading {
	for _, have := range to {
		if have == r {
			return to
		}
	}
	return append(to, r)
}

// spelled returns what is spelled behind a first character.
func (t *scan) spelled(intro byte, at, depth int) []reading {
	switch intro {
	case '\\':
		return t.backslash(at, depth)
	case '%':
		return t.percent(at)
	case '&':
		return t.entity(at)
	case '=': // of quoted-printable, where one at the end of a line continues it
		if end := t.skipLineEnd(at); end > at {
			return []reading{{'\n', false, end}}
		}
		return t.hex(at, 2, 2, false)
	case '+':
		return []reading{{' ', false, at}}
	case '^':
		if c := t.peek(at); c >= '?' && c <= '_' {
			return []reading{{rune(c ^ 0x40), false, at + 1}}
		}
	case '\'':
		return t.doubled('\'', at, `\''`, `"'"'`)
	case '"':
		return t.doubled('"', at, `\""`, `'"'"`)
	case 0xef: // U+FFFD stands for a byte that is no text
		if t.has(at, "\xbf\xbd") {
			return []reading{{utf8.RuneError, true, at + 2}}
		}
	}
	return nil
}

// doubled returns the quote itself if it is doubled, as in YAML, or written outside of the quotes, as in a shell.
func (t *scan) doubled(quote byte, at int, outside ...string) (all []reading) {
	if t.peek(at) == quote {
		all = append(all, reading{rune(quote), false, at + 1})
	}
	for _, form := range outside {
		if t.has(at, form) {
			all = append(all, reading{rune(quote), false, at + len(form)})
		}
	}
	return all
}

// escapes are the characters behind a backslash that stand for others.
var escapes = map[byte]rune{'n': '\n', 't': '\t', 'r': '\r', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', 'e': 27, 'E': 27, 's': ' '}

// backslash reads what is behind a backslash.
func (t *scan) backslash(at, depth int) (all []reading) {
	c := t.peek(at)
	switch {
	case at >= len(t.text):
		return nil
	case c == 'x':
		all = append(t.hex(at+1, 1, 2, true), t.braced(at+1)...)
	case c == 'u':
		all = append(t.utf16(at+1), t.braced(at+1)...)
	case c == 'U':
		all = t.hex(at+1, 8, 8, true)
	case c >= '0' && c <= '7':
		all = t.octal(at)
	}
	if r, ok := escapes[c]; ok {
		all = append(all, reading{r, false, at + 1})
	}
	// Behind a backslash, any other character is itself.
	return t.read(at, depth, all)
}

func (t *scan) percent(at int) []reading {
	if c := t.peek(at); c == 'u' || c == 'U' {
		return t.utf16(at + 1)
	}
	return t.hex(at, 2, 2, false)
}

// utf16 reads four hexadecimal digits, or eight of them as a surrogate pair.
func (t *scan) utf16(at int) []reading {
	high, end, ok := t.number(at, 4, 4, 16)
	if !ok {
		return nil
	}
	const surrogates, low = 0xd800, 0xdc00
	if high&^0x3ff != surrogates {
		return []reading{{rune(high), true, end}}
	}
	for next := end; next < min(end+maxRun, len(t.text)); next++ {
		c := t.text[next]
		if c == 'u' || c == 'U' {
			if second, end, ok := t.number(next+1, 4, 4, 16); ok && second&^0x3ff == low {
				return []reading{{rune(high&0x3ff<<10|second&0x3ff) + 0x10000, true, end}}
			}
		}
		if c != '\\' && c != '%' {
			break
		}
	}
	return nil
}

// braced reads a number in braces.
func (t *scan) braced(at int) []reading {
	if t.peek(at) != '{' {
		return nil
	}
	n, end, ok := t.number(at+1, 1, 8, 16)
	if !ok || t.peek(end) != '}' {
		return nil
	}
	return []reading{{rune(n), true, end + 1}}
}

func (t *scan) octal(at int) (all []reading) {
	digits := at
	if t.peek(at) == '0' && t.peek(at+3) >= '0' && t.peek(at+3) <= '7' {
		digits++ // printf and echo write \0 and three digits
		all = t.octal3(digits)
	}
	return append(all, t.octal3(at)...)
}

func (t *scan) octal3(at int) []reading {
	n, end, ok := t.number(at, 1, 3, 8)
	if !ok || n > 255 {
		return nil
	}
	return both(n, end)
}

// both returns a number as a byte, and as a code point where that is something else.
func both(n, end int) []reading {
	if n < utf8.RuneSelf {
		return []reading{{rune(n), false, end}}
	}
	if n > 255 {
		return []reading{{rune(n), true, end}}
	}
	return []reading{{rune(n), false, end}, {rune(n), true, end}}
}

// hex reads a hexadecimal number of some digits: a byte, or a code point if that is allowed.
func (t *scan) hex(at, least, most int, code bool) []reading {
	n, end, ok := t.number(at, least, most, 16)
	switch {
	case !ok:
		return nil
	case code:
		return both(n, end)
	}
	return []reading{{rune(n), false, end}}
}

// entities are those of XML. Others are written as numbers.
var entities = map[string]rune{"quot;": '"', "amp;": '&', "apos;": '\'', "lt;": '<', "gt;": '>', "nbsp;": ' ', "Tab;": '\t', "NewLine;": '\n'}

// entity reads what is behind an ampersand.
func (t *scan) entity(at int) []reading {
	if t.peek(at) != '#' {
		for name, value := range entities {
			if t.has(at, name) {
				return []reading{{value, true, at + len(name)}}
			}
		}
		return nil
	}
	at++
	base := 10
	if c := t.peek(at); c == 'x' || c == 'X' {
		at, base = at+1, 16
	}
	for t.peek(at) == '0' {
		at++
	}
	n, end, ok := t.number(at, 1, 7, base)
	if !ok || t.peek(end) != ';' {
		return nil
	}
	return []reading{{rune(n), true, end + 1}}
}

// number reads digits. A text that is wrapped may have a line end between them.
func (t *scan) number(at, least, most, base int) (n, end int, ok bool) {
	digits := 0
	for digits < most {
		next := at
		if digits > 0 {
			next = t.skipBreak(at)
		}
		d := digit(t.peek(next))
		if d >= base {
			break
		}
		n, at = n*base+d, next+1
		digits++
	}
	return n, at, digits >= least
}

// digit returns the value of a digit, and 99 for any other byte.
func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 99
}

// skipBreak returns the place behind a line end and the indentation of the next line, or the place itself.
func (t *scan) skipBreak(at int) int {
	if c := t.peek(at); c != '\n' && c != '\r' {
		return at
	}
	for c := t.peek(at); c == '\n' || c == '\r' || c == ' ' || c == '\t'; c = t.peek(at) {
		at++
	}
	return at
}

// skipLineEnd returns the place behind a line end, or the place itself.
func (t *scan) skipLineEnd(at int) int {
	if t.peek(at) == '\r' {
		at++
	}
	if t.peek(at) == '\n' {
		at++
	}
	return at
}

// peek returns the byte at a place, and 0 behind the text.
func (t *scan) peek(at int) byte {
	if at < len(t.text) {
		return t.text[at]
	}
	return 0
}

func (t *scan) has(at int, s string) bool {
	return at+len(s) <= len(t.text) && string(t.text[at:at+len(s)]) == s
}
