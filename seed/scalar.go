package seed

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads the string at i and decodes it. Flawed is true if there is a problem inside, so that the text is not certain.
func (p *parser) str() (text string, flawed bool) {
	start, quote, found := p.i, p.Text[p.i], len(p.Problems)
	p.i++
	if quote == '"' {
		n := plainLength(p.rest())
		if n < len(p.rest()) && p.rest()[n] == quote {
			p.i += n + 1
			return p.text[start+1 : p.i-1], false
		}
		p.ahead += n
	}
	var out strings.Builder
	for p.i < len(p.Text) {
		switch c := p.Text[p.i]; {
		case c == '\'' && p.doubledQuote(start):
			out.WriteByte('\'')
			p.i += 2
		case c == quote:
			p.i++
			if flawed {
				p.joinEscapes(start, found)
			}
			if quote == '\'' {
				p.singleQuoted(start)
			}
			return out.String(), flawed
		case c == '\n':
			return p.unclosedString(start, out.String()), true
		default:
			u := readUnit(p.rest(), quote)
			if u.rune == utf8.RuneError && u.size == 1 {
				n := p.invalid()
				out.WriteString(strings.Repeat(string(utf8.RuneError), n))
				p.i, flawed = p.i+n, true
				continue
			}
			if u.bad {
				p.badUnit(u)
				flawed = true
			}
			out.WriteRune(u.rune)
			p.i += u.size
		}
	}
	return p.unclosedString(start, out.String()), true
}

// plainLength returns the length of the leading run without escapes. Most strings are only such a run.
func plainLength(b []byte) int {
	for i, c := range b {
		if c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// invalid reports the run of invalid UTF-8 at i as one problem. It returns the length of the run.
func (p *parser) invalid() int {
	n := 1
	for b := p.rest(); n < len(b); n++ {
		if r, size := utf8.DecodeRune(b[n:]); r != utf8.RuneError || size != 1 {
			break
		}
	}
	what := fmt.Sprintf("byte 0x%02x is", p.Text[p.i])
	if n > 1 {
		what = fmt.Sprintf("%d bytes are", n)
	}
	p.problem(Problem{Span: Span{p.i, p.i + n}, Code: CodeEncoding, Message: what + " no UTF-8, JSON is UTF-8", Hint: "save the file as UTF-8"})
	return n
}

// badUnit reports what is wrong with the unit u at i.
func (p *parser) badUnit(u unit) {
	if p.full() {
		return
	}
	pr := Problem{Span: Span{p.i, p.i + u.size}, Code: CodeString}
	switch {
	case u.rune < ' ':
		escape := controlEscape(u.rune)
		pr.Message = fmt.Sprintf("control character 0x%02x in a string, it should be written %s", u.rune, escape)
		pr.Fix, pr.Edits = "Write it "+escape, []Edit{{pr.Span, escape}}
	case u.rune == '\\':
		_, size := utf8.DecodeRune(p.rest()[1:])
		pr.Span.End += size
		pr.Message = fmt.Sprintf("%q", p.Text[pr.Span.Start:pr.Span.End]) + notEscape
		p.fixEscape(&pr)
	default:
		pr.Message = fmt.Sprintf("%q is half of a surrogate pair, which stands for nothing", p.Text[pr.Span.Start:pr.Span.End])
	}
	p.problem(pr)
}

// fixEscape adds a fix for a backslash that begins no escape sequence.
func (p *parser) fixEscape(pr *Problem) {
	at := Span{p.i, p.i + 1}
	next := p.Text[at.End:pr.Span.End]
	switch {
	case len(next) == 0 || next[0] == '\n' || next[0] == '\r':
	case next[0] == 'u' || next[0] == 'x':
		pr.Hint = `a code point is written \u and four hexadecimal digits`
	case next[0] == '\'':
		pr.Fix, pr.Unsafe, pr.Edits = "Remove the backslash", true, []Edit{{at, ""}}
	default:
		pr.Hint = "a backslash is written twice"
		pr.Fix, pr.Unsafe, pr.Edits = twiceTitle, true, []Edit{{at, `\\`}}
	}
}

func controlEscape(r rune) string {
	if i := strings.IndexRune("\b\f\n\r\t", r); i >= 0 {
		return `\` + "bfnrt"[i:i+1]
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// doubledQuote reports whether the single quote at i is the first of two that stand for one, as in YAML and SQL. The string begins
// at start, and goes on behind them.
func (p *parser) doubledQuote(start int) bool {
	if p.Text[start] != '\'' || p.i == start+1 || p.i+1 >= len(p.Text) || p.Text[p.i+1] != '\'' || p.i < p.undoubled {
		return false
	}
	end := max(p.lineEnd(), p.i+2)
	n := bytes.IndexByte(p.Text[p.i+2:end], '\'')
	if n < 0 {
		p.undoubled, n = end, end-p.i
	}
	p.ahead += n + 2
	return p.undoubled <= p.i
}

// singleQuoted reports a string in single quotes from start to i. It edits only the quotes, so that other edits inside
// the string still apply.
func (p *parser) singleQuoted(start int) {
	edits := []Edit{{Span{start, start + 1}, `"`}}
	for at := start + 1; at < p.i-1; {
		u := readUnit(p.Text[at:p.i-1], '\'')
		switch {
		case u.rune == '\'' && u.size == 1: // the first of two
			edits = append(edits, Edit{Span{at, at + 1}, ""})
			at++
		case u.rune == '\'':
			edits = append(edits, Edit{Span{at, at + 1}, ""})
		case u.rune == '"' && u.size == 1:
			edits = append(edits, Edit{Span{at, at}, `\`})
		}
		at += u.size
	}
	edits = append(edits, Edit{Span{p.i - 1, p.i}, `"`})
	p.problem(Problem{Span: Span{start, p.i}, Code: CodeQuote, Message: "a string in single quotes, JSON has double quotes",
		Fix: "Put it in double quotes", Edits: edits})
}

// typographicQuotes are the quotes that word processors and web pages write instead of straight ones, and otherQuotes those that
// they and other languages write instead of single ones.
const (
	typographicQuotes = "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02"
	otherQuotes       = "\u2018\u2019\u201a\u201b\u2039\u203a\u00b4`"
)

// typographic reads a string in typographic quotes or back quotes, if one begins at i and ends on the same line.
func (p *parser) typographic() (text string, ok bool) {
	first, size := utf8.DecodeRune(p.rest())
	pr := Problem{Code: CodeQuote, Message: "a string in typographic quotes, JSON has straight ones", Fix: "Put it in straight quotes"}
	var shut Span
	switch {
	case p.i >= len(p.Text) || first == utf8.RuneError:
		return "", false
	case strings.ContainsRune(typographicQuotes, first):
		shut, ok = p.typographicEnd(p.i + size)
	case strings.ContainsRune(otherQuotes, first):
		shut, ok = p.otherEnd(p.i + size)
		if first == '`' {
			pr.Message, pr.Fix = "a string in back quotes, JSON has double quotes", quoteTitle
		}
	}
	if !ok {
		return "", false
	}
	pr.Span = Span{p.i, shut.End}
	inner := p.Text[p.i+size : shut.Start]
	if utf8.Valid(inner) && !bytes.ContainsFunc(inner, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		pr.Edits = []Edit{{Span{p.i, p.i + size}, `"`}, {shut, `"`}}
	} else {
		pr.Fix = ""
	}
	p.problem(pr)
	p.i = shut.End
	return string(inner), true
}

// typographicEnd returns the quote that closes the string behind a typographic quote: another one, or a straight one that ends
// a name or a value.
func (p *parser) typographicEnd(at int) (shut Span, ok bool) {
	inner := p.Text[at:max(at, p.lineEnd())]
	n, straight := bytes.IndexAny(inner, typographicQuotes), bytes.IndexByte(inner, '"')
	if straight >= 0 && (n < 0 || straight < n) {
		if c, _ := p.next(at + straight + 1); c == ':' || n < 0 && p.endsValue(at+straight) {
			return Span{at + straight, at + straight + 1}, true
		}
	}
	if n < 0 {
		return Span{}, false
	}
	_, last := utf8.DecodeRune(inner[n:])
	return Span{at + n, at + n + last}, true
}

// otherEnd returns the quote that closes the string behind one of the other quotes. An apostrophe within the string is none.
func (p *parser) otherEnd(at int) (shut Span, ok bool) {
	if at < p.unjoined {
		return Span{}, false
	}
	end := p.lineEnd()
	for at < end {
		r, size := utf8.DecodeRune(p.Text[at:end])
		p.ahead += size
		if strings.ContainsRune(otherQuotes, r) && r != utf8.RuneError {
			if c, _ := p.next(at + size); c == 0 || strings.IndexByte("\n:,]}", c) >= 0 {
				return Span{at, at + size}, true
			}
		}
		at += size
	}
	p.unjoined = end
	return Span{}, false
}

// unclosedString ends the string at the end of the line. If the line ends with a comma, the string ends before it: the
// author forgot the quote.
func (p *parser) unclosedString(start int, decoded string) string {
	raw := p.Text[start:p.i]
	text := bytes.TrimRight(raw, " \t\r")
	comma := len(text) > 1 && text[len(text)-1] == ','
	if comma {
		text = text[:len(text)-1]
	}
	text = p.withoutClosers(start, text)
	if raw[0] == '"' && len(text) > 1 {
		decoded = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(decoded, " \t\r"), ","), "]} \t")
	}
	p.i = start + max(len(text), 1)
	p.unfinished, p.unread = p.i, p.i
	pr := Problem{Span: Span{start, p.i}, Code: CodeUnclosed, Message: "string is not closed before the end of the line"}
	if p.cutOff() {
		return decoded // the text is cut off here, which is said of the brackets
	}
	if last, size := utf8.DecodeLastRune(text); raw[0] == '"' && onlyLast(text, last, size) {
		pr.Code, pr.Message = CodeQuote, "a typographic quote ends this string, JSON has straight ones"
		pr.Fix, pr.Edits = "Write a straight quote", []Edit{{Span{p.i - size, p.i}, `"`}}
		p.problem(pr)
		return strings.TrimSuffix(decoded, string(last))
	}
	if raw[0] == '"' && !bytes.HasSuffix(text, []byte(`\`)) {
		pr.Fix, pr.Unsafe, pr.Edits = "Close the string", true, []Edit{{Span{p.i, p.i}, `"`}}
	}
	p.problem(pr)
	return decoded
}

// onlyLast reports whether the last character of a text is a typographic quote, and the only one.
func onlyLast(text []byte, last rune, size int) bool {
	return last != utf8.RuneError && strings.ContainsRune(typographicQuotes, last) && bytes.IndexAny(text, typographicQuotes) == len(text)-size
}

// withoutClosers cuts the brackets from an unclosed string that close what was opened on its line.
func (p *parser) withoutClosers(start int, text []byte) []byte {
	for i := len(p.open) - 1; i >= 0 && p.line(p.starts[i]) == p.line(start); i-- {
		cut := bytes.TrimRight(text, " \t,")
		if len(cut) < 2 || cut[len(cut)-1] != p.open[i] {
			break
		}
		text = bytes.TrimRight(cut[:len(cut)-1], " \t")
	}
	return text
}

// A unit is the text of one code point in a string.
type unit struct {
	size int // bytes of the text
	rune rune
	bad  bool // it may not stand in a string
}

// decoded returns the number of bytes of the code point.
func (u unit) decoded() int { return utf8.RuneLen(u.rune) }

// readUnit reads the first unit of b, which is not empty, in a string with the given quotes. A backslash that begins no
// escape sequence is an ordinary character.
func readUnit(b []byte, quote byte) unit {
	switch c := b[0]; {
	case c == '\\':
		return readEscape(b, quote)
	case c < ' ':
		return unit{1, rune(c), true}
	case c < utf8.RuneSelf:
		return unit{1, rune(c), false}
	}
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size == 1 {
		return unit{1, r, true}
	}
	return unit{size, r, false}
}

func readEscape(b []byte, quote byte) unit {
	if len(b) > 1 {
		if i := strings.IndexByte(`"\/bfnrt`, b[1]); i >= 0 {
			return unit{2, rune("\"\\/\b\f\n\r\t"[i]), false}
		}
		if quote == '\'' && b[1] == quote {
			return unit{2, rune(quote), false}
		}
	}
	r := hex(b)
	switch {
	case r < 0:
		return unit{1, '\\', true}
	case !utf16.IsSurrogate(r):
		return unit{6, r, false}
	}
	if pair := utf16.DecodeRune(r, hex(b[6:])); pair != utf8.RuneError {
		return unit{12, pair, false}
	}
	return unit{6, utf8.RuneError, true} // half of a surrogate pair
}

// hex returns the code unit of the \uXXXX at the start of b, or -1.
func hex(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	v, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(v)
}
