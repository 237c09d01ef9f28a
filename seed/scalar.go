package seed

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// number reads a number, or text that was meant to be one.
func (p *parser) number() *node {
	start := p.i
	n := &node{kind: kindNumber, text: p.skipWord()}
	n.span = Span{start, p.i}
	if p.peek() == '"' {
		n.kind = kindBroken
		p.openingMissing(n, p.i)
		return n
	}
	if validNumber(n.text) && !p.goesOn() {
		if _, err := strconv.ParseFloat(n.text, 64); errors.Is(err, strconv.ErrRange) {
			n.kind = kindBroken
			p.problem(Problem{Span: n.span, Code: CodeNumberRange, Message: "number is too large, readers take it as infinite or refuse it",
				Hint: "numbers reach up to about 1.8e308"})
		}
		return n
	}
	n.kind = kindBroken
	if p.goesOn() {
		p.i = start + len(notNumber.Find(p.Text[start:min(len(p.Text), start+tornBytes)]))
		n.span.End, n.text = p.i, string(p.Text[start:p.i])
	}
	if notFinite[strings.ToLower(strings.Trim(n.text, "+-"))] {
		p.notFinite(n.span)
		return n
	}
	pr := Problem{Span: n.span, Code: CodeNumber, Message: fmt.Sprintf("%s is not a JSON number", quote(n.text)), Hint: numberHint(n.text)}
	if right := fixNumber(n.text); right != "" {
		pr.Hint, pr.Fix, pr.Edits = "JSON writes it "+right, "Write it "+right, []Edit{{n.span, right}}
	}
	p.problem(pr)
	return n
}

// notNumber matches a number with a unit, or with commas between its digits, and what follows on the line.
var notNumber = regexp.MustCompile(`^[^\s,"{}\[\]#]+(?:[ \t]+[A-Za-z%][^\s,"{}\[\]#]*|(?:,\d{3})+)?`)

// thousands matches groups of digits after a comma, which no name of a member can be.
var thousands = regexp.MustCompile(`^(?:,\d{3})+[ \t\r]*(?:[,}\n]|$)`)

// goesOn reports whether the number that ends at i has a unit behind it, or commas between its digits.
func (p *parser) goesOn() bool {
	c, at := p.next(p.i)
	if at > p.i {
		return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '%'
	}
	return c == ',' && p.inObject() && thousands.Match(p.Text[p.i:min(len(p.Text), p.i+100)])
}

// numberHint says how to write what is no number, if that is known.
func numberHint(s string) string {
	value, err := strconv.ParseInt(strings.TrimPrefix(s, "-"), 0, 64)
	_, unit := digits(strings.TrimPrefix(s, "-"))
	switch {
	case strings.Contains(s, ","):
		return "write the digits without commas"
	case strings.Contains(s, "_"):
		return "write the digits without underscores"
	case err == nil && unit != "":
		return fmt.Sprintf("JSON has decimal numbers only: write %d", value)
	case unit == "" && len(s) > 1:
		return "a number does not begin with 0: some readers take it as octal"
	case unit != "" && (unit[0]|0x20 >= 'a' && unit[0]|0x20 <= 'z' || unit[0] == ' ' || unit[0] == '%'):
		return "write the number alone, without a unit"
	}
	return ""
}

// fixNumber returns s as a JSON number if only its sign or a digit next to the point is wrong, or "". It does not
// touch leading zeros, which mean octal to some authors.
func fixNumber(s string) string {
	s = strings.TrimPrefix(s, "+")
	if strings.HasPrefix(s, ".") {
		s = "0" + s
	}
	s = strings.Replace(s, "-.", "-0.", 1)
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	if !validNumber(s) {
		return ""
	}
	return s
}

// validNumber reports whether s is a number by RFC 8259, section 6.
func validNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	integer, s := digits(s)
	if integer == "" || len(integer) > 1 && integer[0] == '0' {
		return false
	}
	if fraction, ok := strings.CutPrefix(s, "."); ok {
		var d string
		if d, s = digits(fraction); d == "" {
			return false
		}
	}
	if s != "" && s[0]|0x20 == 'e' {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		var d string
		if d, s = digits(s); d == "" {
			return false
		}
	}
	return s == ""
}

// digits splits s after its leading digits.
func digits(s string) (run, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return s[:len(s)-len(rest)], rest
}

// str reads the string at i and decodes it. Flawed is true if there is a problem inside, so that the text is not certain.
func (p *parser) str() (text string, flawed bool) {
	start, quote := p.i, p.Text[p.i]
	p.i++
	if quote == '"' {
		n := plainLength(p.rest())
		if n < len(p.rest()) && p.rest()[n] == quote {
			p.i += n + 1
			return string(p.Text[start+1 : p.i-1]), false
		}
		p.ahead += n
	}
	var out strings.Builder
	for p.i < len(p.Text) {
		switch c := p.Text[p.i]; {
		case c == quote:
			p.i++
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
		pr.Message = fmt.Sprintf("%q is not an escape sequence", p.Text[pr.Span.Start:pr.Span.End])
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
		pr.Fix, pr.Unsafe, pr.Edits = "Write the backslash twice", true, []Edit{{at, `\\`}}
	}
}

func controlEscape(r rune) string {
	if i := strings.IndexRune("\b\f\n\r\t", r); i >= 0 {
		return `\` + "bfnrt"[i:i+1]
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// singleQuoted reports a string in single quotes from start to i. It edits only the quotes, so that other edits inside
// the string still apply.
func (p *parser) singleQuoted(start int) {
	edits := []Edit{{Span{start, start + 1}, `"`}}
	for at := start + 1; at < p.i-1; {
		u := readUnit(p.Text[at:p.i-1], '\'')
		switch {
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

// typographicQuotes are the quotes that word processors and web pages write instead of straight ones.
const typographicQuotes = "\u201c\u201d\u201e\u201f\u00ab\u00bb"

// typographic reads a string in typographic quotes, if one begins at i and ends on the same line.
func (p *parser) typographic() (text string, ok bool) {
	first, size := utf8.DecodeRune(p.rest())
	if p.i >= len(p.Text) || !strings.ContainsRune(typographicQuotes, first) || first == utf8.RuneError {
		return "", false
	}
	inner := p.Text[p.i+size : p.lineEnd()]
	n := bytes.IndexAny(inner, typographicQuotes)
	if n < 0 {
		return "", false
	}
	_, last := utf8.DecodeRune(inner[n:])
	open, shut := Span{p.i, p.i + size}, Span{p.i + size + n, p.i + size + n + last}
	pr := Problem{Span: Span{open.Start, shut.End}, Code: CodeQuote, Message: "a string in typographic quotes, JSON has straight ones"}
	if utf8.Valid(inner[:n]) && !bytes.ContainsFunc(inner[:n], func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		pr.Fix, pr.Edits = "Put it in straight quotes", []Edit{{open, `"`}, {shut, `"`}}
	}
	p.problem(pr)
	p.i = shut.End
	return string(inner[:n]), true
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
	p.unfinished = p.i
	pr := Problem{Span: Span{start, p.i}, Code: CodeUnclosed, Message: "string is not closed before the end of the line"}
	if p.cutOff() {
		return decoded // the text is cut off here, which is said of the brackets
	}
	if raw[0] == '"' && !bytes.HasSuffix(text, []byte(`\`)) {
		pr.Fix, pr.Unsafe, pr.Edits = "Close the string", true, []Edit{{Span{p.i, p.i}, `"`}}
	}
	p.problem(pr)
	return decoded
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
