package seed

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/internal/lazy"
)

// number reads a number, or text that was meant to be one.
func (p *parser) number() *node {
	start := p.i
	n := p.node(kindNumber, p.skipWord(), start)
	if p.peek() == '"' {
		n.kind = kindBroken
		p.openingMissing(n, p.i)
		return n
	}
	on := p.goesOn()
	if validNumber(n.text) && !on {
		if _, err := strconv.ParseFloat(n.text, 64); errors.Is(err, strconv.ErrRange) {
			n.kind = kindBroken
			p.problem(Problem{Span: n.span, Code: CodeNumberRange, Message: "number is too large, readers take it as infinite or refuse it",
				Hint: "numbers reach up to about 1.8e308"})
		}
		return n
	}
	n.kind = kindBroken
	if !on && len(n.text) > 1 && strings.Trim(n.text, ".") == "" {
		p.leftOut(n)
		return n
	}
	if on {
		p.i = p.numberEnd(p.i)
		n.span.End, n.text = p.i, string(p.Text[start:p.i])
	}
	if notFinite[strings.ToLower(strings.Trim(n.text, "+-"))] {
		p.notFinite(n.span)
		return n
	}
	pr := Problem{Span: n.span, Code: CodeNumber, Message: fmt.Sprintf("%s is not a JSON number", quote(n.text)), Hint: numberHint(n.text)}
	switch right := fixNumber(n.text); {
	case right != "":
		pr.Hint, pr.Fix, pr.Edits = "JSON writes it "+right, "Write it "+right, []Edit{{n.span, right}}
	case textLike().MatchString(n.text):
		pr.Hint, pr.Fix, pr.Unsafe = "text is written in double quotes", quoteTitle, true
		pr.Edits = []Edit{{Span{start, start}, `"`}, {Span{p.i, p.i}, `"`}}
	}
	p.problem(pr)
	return n
}

// quoteTitle is the title of fixes that put text in quotes.
const quoteTitle = "Put it in double quotes"

// textLike matches versions and dates, which begin as a number does.
var textLike = lazy.Regexp(`^\d+\.\d+\.\d[\w.+-]*$|^\d{4}-\d\d(?:-\d\d[\w.:+-]*)?$`)

// leftOut reports dots that stand for what an author left out. No comma is missing after them.
func (p *parser) leftOut(n *node) {
	p.problem(Problem{Span: n.span, Code: CodeValue, Message: quote(n.text) + " is not a JSON value", Hint: "write what the dots stand for, or take them out"})
	n.span.End = n.span.Start
}

// decimals matches digits after a comma, which no name of a member can be. So the comma belongs to the number before it.
var decimals = lazy.Regexp(`^(?:,\d+)+[ \t\r]*(?:[,}\n]|$)`)

// beside are the characters that end a number although they stand next to it: punctuation, and the beginnings of other values.
const beside = ",}]\n\r\"'{[#:;\x1b"

// goesOn reports whether text follows the number that ends at i and belongs to it: a unit, a sign, or a separator of digits.
func (p *parser) goesOn() bool {
	if p.i >= len(p.Text) {
		return false
	}
	if p.atOddBlank() {
		_, size := utf8.DecodeRune(p.rest())
		return p.inObject() && p.digitAt(p.i+size)
	}
	switch c, at := p.next(p.i); {
	case c == 0 || c == '/' && at+1 < len(p.Text) && (p.Text[at+1] == '/' || p.Text[at+1] == '*'):
		return false
	case c == ',':
		return p.digitAt(at+1) && at == p.i && p.inObject() && decimals().Match(p.Text[p.i:min(len(p.Text), p.i+100)])
	case c == ':' || c == '\'':
		return at == p.i && p.digitAt(at+1)
	case strings.IndexByte(beside, c) >= 0 || c >= utf8.RuneSelf:
		return false
	case at > p.i && !p.inObject():
		return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '%'
	}
	return true
}

func (p *parser) digitAt(at int) bool {
	return at < len(p.Text) && p.Text[at] >= '0' && p.Text[at] <= '9'
}

// numberEnd returns the end of text that is no number, although a number ends at an offset. It goes up to the punctuation.
func (p *parser) numberEnd(at int) int {
	from, limit := at, min(p.lineEnd(), at+tornBytes)
	for at < limit {
		c := p.Text[at]
		if c == ',' {
			n := len(decimals().Find(p.Text[at:min(len(p.Text), at+100)]))
			if n == 0 || !p.inObject() {
				break
			}
			for at++; p.digitAt(at) || at < limit && p.Text[at] == ',' && p.digitAt(at+1); {
				at++
			}
			continue
		}
		if strings.IndexByte("}]\"{[#\x1b", c) >= 0 || bytes.HasPrefix(p.Text[at:], []byte("//")) || bytes.HasPrefix(p.Text[at:], []byte("/*")) {
			break
		}
		at++
	}
	return from + len(bytes.TrimRight(p.Text[from:at], " \t\r"))
}

// sums match signs between numbers, which other languages compute.
var sums = lazy.Regexp(`\d[ \t]*(?:[*/^+]|<<|\*\*|[ \t]-)[ \t]*\(?\d`)

// numberHint says how to write what is no number, if that is known.
func numberHint(s string) string {
	sign, bare := "", s
	if strings.HasPrefix(s, "-") {
		sign, bare = "-", s[1:]
	}
	value, err := strconv.ParseInt(bare, 0, 64)
	lead, unit := digits(bare)
	switch {
	case sums().MatchString(s):
		return "JSON does not compute: write the result"
	case decimalComma().MatchString(s):
		return "JSON has a point in place of the comma: write " + strings.Replace(s, ",", ".", 1)
	case strings.Contains(s, ","):
		return "write the digits without commas"
	case strings.Contains(s, "_"):
		return "write the digits without underscores"
	case grouped().MatchString(s):
		return "write the digits without anything between them"
	case strings.Contains(s, ":"):
		return "write one number, as in seconds"
	case err == nil && lead == "0" && unit != "":
		return fmt.Sprintf("JSON has decimal numbers only: write %s%d", sign, value)
	case unit == "" && len(s) > 1:
		return "a number does not begin with 0: some readers take it as octal"
	case unit != "" && (unit[0]|0x20 >= 'a' && unit[0]|0x20 <= 'z' || unit[0] == ' ' || unit[0] == '%'):
		return "write the number alone, without a unit"
	}
	return ""
}

var (
	decimalComma = lazy.Regexp(`^[+-]?\d+,(?:\d{1,2}|\d{4,})$`)
	grouped      = lazy.Regexp(`^[+-]?\d+(?:(?:'|[ \t]+|\x{a0}|\x{2009}|\x{202f}|\x{2007})\d+)+$`)
)

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
