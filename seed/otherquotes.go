package seed

import (
	"bytes"
	"fmt"
	"strings"
)

// Text as other languages write it: strings in single quotes or back quotes that go on in the lines below, and symbols, such as
// :name of Ruby. Each is one problem.

// otherLines reads the string at i, in single quotes or back quotes, if it goes on in the lines below.
func (p *parser) otherLines() (text string, ok bool) {
	start, quote := p.i, p.Text[p.i]
	if start < p.searched || p.full() {
		return "", false
	}
	end, closed := p.shut(start)
	if closed || end >= len(p.Text) || bytes.HasSuffix(bytes.TrimRight(p.Text[start:end], " \t\r"), []byte(",")) {
		return "", false
	}
	at := end
	for range tornLines {
		if c, _ := p.next(at + 1); c == 0 || strings.IndexByte(`"{}[]`, c) >= 0 && at == end {
			break // the next line is one of JSON
		}
		if at, closed = p.shutBy(quote, at+1); closed && p.endsValue(at) {
			return p.otherBreaks(start, at), true
		}
		if at >= len(p.Text) || at-start > tornBytes {
			break
		}
	}
	p.searched = at
	return "", false
}

// otherBreaks reports a string in single quotes or back quotes with line breaks, which ends at the given offset.
func (p *parser) otherBreaks(start, end int) string {
	p.i = end + 1
	pr := Problem{Span: Span{start, p.i}, Code: CodeQuote, Message: "a string over several lines in single quotes, JSON has one line in double quotes",
		Hint: `write it on one line, with \n for each line break`, Fix: "Write it on one line", Unsafe: true}
	if p.Text[start] == '`' {
		pr.Message = "a string over several lines in back quotes, JSON has one line in double quotes"
	}
	pr.Edits = []Edit{{Span{start, start + 1}, `"`}}
	for at := start + 1; at < end; at++ {
		switch c := p.Text[at]; {
		case c == '\\' && lineBreakAt(p.Text[at+1:end]) > 0: // JavaScript goes on in the next line
			n := 1 + lineBreakAt(p.Text[at+1:end])
			pr.Edits = append(pr.Edits, Edit{Span{at, at + n}, ""})
			at += n - 1
		case c == '\\' && p.Text[at+1] == p.Text[start]:
			pr.Edits = append(pr.Edits, Edit{Span{at, at + 1}, ""})
			at++
		case c == '\\':
			at++
		case c == '\'' && p.Text[start] == c && p.Text[at+1] == c && at+1 < end: // two stand for one, as in YAML
			pr.Edits = append(pr.Edits, Edit{Span{at, at + 1}, ""})
			at++
		case c == '\r' && p.Text[at+1] == '\n':
			pr.Edits = append(pr.Edits, Edit{Span{at, at + 1}, ""})
		case c == '"':
			pr.Edits = append(pr.Edits, Edit{Span{at, at}, `\`})
		case c < ' ':
			pr.Edits = append(pr.Edits, Edit{Span{at, at + 1}, controlEscape(rune(c))})
		}
	}
	pr.Edits = append(pr.Edits, Edit{Span{end, end + 1}, `"`})
	p.problem(pr)
	return string(p.Text[start+1 : end])
}

// symbolEnd returns the end of the symbol at i, as :name of Ruby, or -1 if there is none.
func (p *parser) symbolEnd() int {
	if p.i+1 >= len(p.Text) || p.Text[p.i] != ':' || !isLetter(p.Text[p.i+1]) {
		return -1
	}
	at := p.i + 1
	for at < len(p.Text) && (isLetterOrDigit(p.Text[at]) || p.Text[at] == '-') {
		at++
	}
	p.ahead += at - p.i
	return at
}

// symbolName reads a name that is a symbol, as in :name => 1, up to its arrow.
func (p *parser) symbolName() (name string, key Span, ok bool) {
	end := p.symbolEnd()
	if end < 0 {
		return "", Span{}, false
	}
	if c, at := p.next(end); c != '=' || !bytes.HasPrefix(p.Text[at:], []byte("=>")) {
		return "", Span{}, false
	}
	key = Span{p.i, end}
	name = string(p.Text[p.i+1 : end])
	p.i = end
	p.problem(Problem{Span: key, Code: CodeName, Message: fmt.Sprintf("%q is a name without quotes, names are written in double quotes", p.Text[key.Start:end]),
		Fix: quoteTitle, Edits: []Edit{{Span{key.Start, key.Start + 1}, `"`}, {Span{end, end}, `"`}}})
	return name, key, true
}

// symbol reads a symbol in place of a value, as in "mode": :ro. If a quote ends it, that of a string is missing.
func (p *parser) symbol() (n *node, ok bool) {
	end := p.symbolEnd()
	if end < 0 {
		return nil, false
	}
	if end < len(p.Text) && p.Text[end] == '"' {
		n = &node{span: Span{p.i, end}}
		p.openingMissing(n, end)
		return n, true
	}
	if c, _ := p.next(end); c != 0 && strings.IndexByte(",}]\n", c) < 0 {
		return nil, false
	}
	n = &node{text: string(p.Text[p.i:end]), span: Span{p.i, end}}
	p.problem(Problem{Span: n.span, Code: CodeValue, Message: quote(n.text) + " is not a JSON value", Hint: "text is written in double quotes",
		Fix: quoteTitle, Unsafe: true, Edits: []Edit{{Span{p.i, p.i + 1}, `"`}, {Span{end, end}, `"`}}})
	p.i = end
	return n, true
}

// arrowOf adds the sign in place of a colon, at a span, to the problem of the name before it, if that has no quotes: other languages
// write both so.
func (p *parser) arrowOf(at Span) bool {
	last := len(p.Problems) - 1
	if last < 0 || p.Problems[last].Code != CodeName || p.Problems[last].Fix != quoteTitle || p.full() {
		return false
	}
	pr := &p.Problems[last]
	if len(bytes.Trim(p.Text[pr.Span.End:at.Start], " \t")) > 0 {
		return false
	}
	pr.Message = fmt.Sprintf("%s begins a member in other languages, JSON has a name in double quotes and a colon", quote(string(p.Text[pr.Span.Start:at.End])))
	pr.Edits = append(pr.Edits, Edit{at, ":"})
	return true
}
