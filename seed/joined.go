package seed

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Strings as other languages write them: joined by a sign or by nothing, in three quotes, or with a letter before them. Each is
// one problem.

// joined reads strings that other languages join: with a sign between them, or, in place of one value, with nothing. The first
// string begins at start, and ends at the given quote.
func (p *parser) joined(start, quote int) (text string, ok bool) {
	if start < p.unjoined {
		return "", false
	}
	var edits []Edit
	last, kind := quote, byte(0)
	for len(edits) < tornLines && last-start < tornBytes {
		open, between := p.nextString(last)
		if open < 0 || kind != 0 && kind != between {
			break
		}
		shut, closed := p.closing(open + 1)
		if !closed {
			break
		}
		edits, last, kind = append(edits, Edit{Span{last, open + 1}, ""}), shut, between
	}
	if len(edits) == 0 {
		return "", false
	}
	if !p.endsValue(last) {
		p.unjoined = last
		return "", false
	}
	first := edits[0].Span
	p.problem(Problem{Span: Span{first.End - 1, last + 1}, Code: CodeString, Message: "a second string in place of one value: JSON does not join strings",
		Hint: "write one string", Fix: "Join them", Unsafe: true, Edits: edits})
	p.i = last + 1
	return string(p.Text[start+1 : last]), true
}

// nextString returns the offset of the string that is joined to the one that ends at a quote, and what is between the two: a
// sign, a line break or a blank. The offset is -1 if there is none.
func (p *parser) nextString(quote int) (open int, between byte) {
	c, at := p.next(quote + 1)
	broken := c == '\n'
	if broken {
		c, at = p.nextAnywhere(at)
	}
	switch {
	case c == '+' || c == '.' || c == '&':
		if c, at = p.nextAnywhere(at + 1); c == '"' && !(p.inObject() && p.isName(at)) {
			return at, '+'
		}
	case c != '"' || !p.inObject() || p.isName(at):
	case broken:
		return at, '\n'
	case at > quote+1 && p.Text[quote-1] != ' ' && at+1 < len(p.Text) && p.Text[at+1] != ' ' && p.Text[at+1] != '"':
		return at, ' '
	}
	return -1, 0
}

// nextAnywhere is next, but passes over line breaks.
func (p *parser) nextAnywhere(at int) (byte, int) {
	c, at := p.next(at)
	for c == '\n' {
		c, at = p.next(at + 1)
	}
	return c, at
}

// triple reads a string in three quotes, as Python and TOML have them. It may have line breaks and quotes in it.
func (p *parser) triple() (text string, ok bool) {
	start := p.i
	mark := p.rest()[:min(3, len(p.rest()))]
	if start < p.unjoined || string(mark) != `"""` && string(mark) != "'''" {
		return "", false
	}
	inner := p.Text[start+3 : min(len(p.Text), start+tornBytes)]
	n := bytes.Index(inner, mark)
	if n < 0 {
		p.ahead += len(inner)
		p.unjoined = start + len(inner)
		return "", false
	}
	p.ahead += n
	end := start + 3 + n
	if n == 0 || !p.endsValue(end+2) {
		return "", false
	}
	pr := Problem{Span: Span{start, end + 3}, Code: CodeQuote, Message: "a string in three quotes, JSON has one",
		Hint: `write it on one line, with \n for each line break`, Fix: "Put it in double quotes", Unsafe: true}
	pr.Edits = []Edit{{Span{start, start + 3}, `"`}}
	for at := start + 3; at < end; at++ {
		switch c := p.Text[at]; {
		case c == '\\':
			at++
		case c == '\r' && p.Text[at+1] == '\n':
			pr.Edits = append(pr.Edits, Edit{Span{at, at + 1}, ""})
		case c == '"':
			pr.Edits = append(pr.Edits, Edit{Span{at, at}, `\`})
		case c < ' ':
			pr.Edits = append(pr.Edits, Edit{Span{at, at + 1}, controlEscape(rune(c))})
		}
	}
	pr.Edits = append(pr.Edits, Edit{Span{end, end + 3}, `"`})
	p.problem(pr)
	p.i = end + 3
	return string(p.Text[start+3 : end]), true
}

// stringPrefix skips a letter before a string, as in u"text", and reports it.
func (p *parser) stringPrefix() bool {
	n := 0
	for n < 2 && p.i+n < len(p.Text) && strings.IndexByte("uUbBrRfF", p.Text[p.i+n]) >= 0 {
		n++
	}
	at := Span{p.i, p.i + n}
	if n == 0 || p.i < p.unjoined || at.End >= len(p.Text) || p.Text[at.End] != '"' && p.Text[at.End] != '\'' {
		return false
	}
	if shut, ok := p.shut(at.End); !ok || !p.endsWell(shut) {
		p.unjoined = shut
		return false
	}
	letters := string(p.Text[at.Start:at.End])
	p.problem(Problem{Span: at, Code: CodeQuote, Message: quote(letters) + " before a string, which JSON does not have",
		Fix: "Remove it", Unsafe: strings.Trim(letters, "uU") != "", Edits: []Edit{{at, ""}}})
	p.i = at.End
	return true
}

// shut returns the offset of the quote that closes the string at an offset, on the same line.
func (p *parser) shut(open int) (quote int, ok bool) { return p.shutBy(p.Text[open], open+1) }

// shutBy returns the offset of the next quote of a kind at or after an offset, on the same line, or the end of the line.
func (p *parser) shutBy(kind byte, at int) (quote int, ok bool) {
	from := at
	defer func() { p.ahead += at - from + 1 }()
	for ; at < len(p.Text) && p.Text[at] != '\n'; at++ {
		switch p.Text[at] {
		case kind:
			return at, true
		case '\\':
			if at+1 < len(p.Text) && p.Text[at+1] != '\n' {
				at++
			}
		}
	}
	return at, false
}

// missingOpen reports a list of strings that ends with a bracket but begins without one, if i is behind the second of them. The
// first is the value of the last member of n, and the second has the place of a name.
func (p *parser) missingOpen(n *node, second Span) bool {
	c, at := p.next(p.i)
	if c != ',' && c != ']' || len(n.children) == 0 || p.Text[second.Start] != '"' || second.Start < p.unopened || second.Start < p.lostUntil {
		return false
	}
	first := n.children[len(n.children)-1]
	if first.kind != kindString || first.flawed {
		return false
	}
	for c == ',' {
		if c, at = p.next(at + 1); c != '"' {
			break
		}
		quote, ok := p.closing(at + 1)
		if !ok {
			break
		}
		c, at = p.next(quote + 1)
	}
	if c != ']' {
		p.unopened = at
		return false
	}
	p.problem(Problem{Span: first.span, Code: CodeBracket, Message: `a "[" is missing before this value, which a "]" ends`,
		Fix: "Write [", Unsafe: true, Edits: []Edit{{Span{first.span.Start, first.span.Start}, "["}}})
	first.kind, p.i = kindBroken, at+1
	return true
}

// semicolon reports whether the semicolon at an offset stands in place of a comma.
func (p *parser) semicolon(at int) bool {
	c, next := p.nextAnywhere(at + 1)
	return c == 0 || strings.IndexByte("{}[]", c) >= 0 || c == '"' && (!p.inObject() || p.isName(next))
}

// wideCommas and wideColons are the signs of other scripts that keyboards write in place of a comma and a colon.
const (
	wideCommas = "\uff0c\u3001\u060c\ufe50"
	wideColons = "\uff1a\ufe55\u2236\ua789"
)

// wide reports whether one of some signs of other scripts is at an offset, and its size.
func (p *parser) wide(at int, signs string) (size int, ok bool) {
	if at >= len(p.Text) || p.Text[at] < utf8.RuneSelf {
		return 0, false
	}
	r, size := utf8.DecodeRune(p.Text[at:])
	return size, r != utf8.RuneError && strings.ContainsRune(signs, r)
}

// otherComma reports and skips a semicolon, a colon or a comma of another script at i that stands in place of a comma. Ok is false if none does.
func (p *parser) otherComma(l *list) bool {
	c, size := utf8.DecodeRune(p.rest())
	at := Span{p.i, p.i + size}
	if !l.read || l.comma >= 0 || c != ';' && !(c == ':' && p.colonForComma(p.i)) && !strings.ContainsRune(wideCommas, c) {
		return false
	}
	pr := Problem{Span: at, Code: CodeComma, Message: quote(string(c)) + " after a value, there should be a comma",
		Fix: "Write a comma", Unsafe: c == ':', Edits: []Edit{{at, ","}}}
	switch next, _ := p.nextAnywhere(at.End); next {
	case '}', ']', ',', 0:
		pr.Message, pr.Fix, pr.Edits = quote(string(c))+" after a value", "Remove it", []Edit{{at, ""}}
	default:
		l.comma = p.i
	}
	p.problem(pr)
	p.i = at.End
	return true
}

// colonForComma reports whether the colon at an offset follows a value, and stands in place of a comma: a new member begins
// after it, or the object ends.
func (p *parser) colonForComma(at int) bool {
	c, next := p.next(at + 1)
	if !p.inObject() || c != '\n' {
		return false
	}
	c, next = p.nextAnywhere(next)
	return c == '}' || c == '"' && p.isName(next)
}
