package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seedpack/seedpack/internal/lazy"
)

// lost records a problem after which the rest of the line cannot be read with certainty. Further problems on the line are
// not reported: they have the same cause.
func (p *parser) lost(pr Problem) {
	p.problem(pr)
	p.lostText = true
	p.lostUntil, p.unread = max(p.lostUntil, p.lineEnd()), pr.Span.End
}

// member reads a name, a colon and a value and adds them to n.
func (p *parser) member(n *node) {
	found := len(p.Problems)
	name, key, ok := p.name()
	if !ok || p.missingOpen(n, key) {
		return
	}
	uncertain := p.uncertainName(found) || key.Start < p.lostUntil
	p.blanks()
	var c *node
	if p.colon(key) {
		p.blanks()
		c = p.value()
		p.memberAsValue(c)
	} else {
		c = &node{span: Span{key.End, key.End}}
		uncertain = true
	}
	c.name, c.key, c.nameless = name, key, uncertain
	p.lostText = p.lostText || uncertain
	if first := n.add(c); first != nil && !p.full() {
		p.problem(Problem{Span: key, Code: CodeDuplicate,
			Message: fmt.Sprintf("member %q is already on line %d, a name should be there once", name, p.line(first.key.Start)),
			Hint:    "readers differ in which one they take: remove one"})
	}
}

// memberAsValue reports a member in place of the value n of another member, as in "a": "b": 1. A brace is missing before it.
func (p *parser) memberAsValue(n *node) {
	if c, at := p.next(p.i); c == ':' && n.kind == kindString && !p.colonForComma(at) {
		p.problem(Problem{Span: n.span, Code: CodeBracket, Message: "a member in place of a value: is a brace missing before it?"})
		n.kind, p.lostText, p.i = kindBroken, true, at+1
		p.blanks()
		p.value()
	}
}

// uncertainName reports whether a problem since the given one is about the text of a name.
func (p *parser) uncertainName(since int) bool {
	for _, pr := range p.Problems[since:] {
		if pr.Code == CodeString || pr.Code == CodeEncoding || pr.Code == CodeName && pr.Fix == "" || pr.Code == CodeUnclosed && pr.Unsafe {
			return true
		}
	}
	return false
}

// name reads the name of a member and its place. Ok is false if there is no name: the text up to the next member is then
// skipped.
func (p *parser) name() (name string, key Span, ok bool) {
	start := p.i
	switch c := p.peek(); {
	case c == '"':
		if name, ok := p.unclosedName(); ok {
			return name, Span{start, p.i}, true
		}
		if p.strayQuote() {
			return p.name()
		}
		name, _ := p.str()
		p.innerName(start)
		p.tornName(start)
		return name, Span{start, p.i}, true
	case c == '\'':
		if name, ok := p.unclosedName(); ok {
			return name, Span{start, p.i}, true
		}
		name, _ := p.str()
		return name, Span{start, p.i}, true
	case p.stringPrefix():
		return p.name()
	case c == '{' || c == '[':
		at := Span{start, start + 1}
		if !p.lostText {
			p.problem(Problem{Span: at, Code: CodeName, Message: fmt.Sprintf("%s begins a value without a name, but an object has members", quote(string(c)))})
		}
		p.lostText = true
		if p.guess == asExtra { // it is one too many
			p.i++
		} else {
			p.value()
		}
		return "", Span{}, false
	case p.placeholder():
		return "", Span{}, false
	}
	if name, ok := p.typographic(); ok {
		return name, Span{start, p.i}, true
	}
	if name, key, ok := p.symbolName(); ok {
		return name, key, true
	}
	name = p.skipWord()
	next, _ := p.next(p.i)
	after, _ := p.next(p.i + 1)
	pr := Problem{Span: Span{start, p.i}, Code: CodeName}
	switch {
	case name != "" && p.peek() == '"' && after == ':':
		p.i++
		pr.Span.End = p.i
		pr.Message, pr.Fix, pr.Edits = "a quote is missing before this name", "Write the quote", []Edit{{Span{start, start}, `"`}}
	case name == "" && p.peek() == ':':
		pr.Message = "the name of a member is missing"
	case name != "" && (next == ':' || next == '='):
		pr.Message = fmt.Sprintf("%q is a name without quotes, names are written in double quotes", name)
		if utf8.ValidString(name) {
			pr.Fix, pr.Edits = quoteTitle, []Edit{{Span{start, start}, `"`}, {Span{p.i, p.i}, `"`}}
		}
	default:
		p.noName(start)
		return "", Span{}, false
	}
	p.problem(pr)
	return name, pr.Span, true
}

// noName reports text from start in place of a member, and skips it.
func (p *parser) noName(start int) {
	p.i = max(p.i, start)
	if p.i == start {
		_, size := utf8.DecodeRune(p.rest())
		p.i += size
	}
	end := p.lineEnd()
	if n := bytes.IndexAny(p.Text[p.i:end], `,"{}[]`); n >= 0 {
		end = p.i + n
	}
	text := bytes.TrimRight(p.Text[start:max(end, p.i)], " \t")
	if p.lostBefore(start) {
		p.lostText, p.lostUntil = true, max(p.lostUntil, p.lineEnd())
		p.i = max(end, p.i)
		p.unread = max(p.unread, start+len(text))
		return
	}
	p.lost(Problem{Span: Span{start, start + len(text)}, Code: CodeName,
		Message: quote(string(text)) + " is no member: there should be a name in double quotes, a colon and a value"})
	p.i = max(end, p.i)
}

// lostBefore reports whether the text at an offset goes on with what could not be read before it: it has the same cause.
func (p *parser) lostBefore(at int) bool {
	if p.unread == 0 || p.unread > at || at-p.unread > tornBytes {
		return false
	}
	p.ahead += at - p.unread
	return len(bytes.Trim(p.Text[p.unread:at], " \t\r\n,")) == 0
}

// colon reads the colon after a name. It reports whether a value can follow.
func (p *parser) colon(key Span) bool {
	switch c := p.peek(); {
	case c == ':':
		p.i++
		if next, at := p.next(p.i); (next == ':' && !(at > p.i && isLetterAt(p.Text, at+1))) || next == '=' {
			pr := Problem{Span: Span{at, at + 1}, Code: CodeColon, Message: "a second colon after the name of a member",
				Fix: "Remove it", Edits: []Edit{{Span{at, at + 1}, ""}}}
			if next == '=' {
				pr.Message = `"=" after the colon, which is enough`
			}
			p.problem(pr)
			p.i = at + 1
		}
	case c == '=' || c == ';':
		p.wrongColon(len(equals(p.rest())), false)
	case c >= utf8.RuneSelf && p.wideColon():
	case p.cutOff():
		return false // the text is cut off here, which is said of the brackets
	case c == ',' && p.commaForColon():
		p.wrongColon(1, true)
	case p.i >= len(p.Text) || c == ',' || c == '}' || c == ']':
		if n := len(p.Problems); n == 0 || p.Problems[n-1].Message != missingValue { // several such are elements whose bracket is missing
			p.problem(Problem{Span: Span{key.End, key.End}, Code: CodeColon, Message: missingValue})
		}
		return false
	default:
		p.problem(p.insert(key.End, ":", Problem{Span: Span{key.End, key.End}, Code: CodeColon, Message: "a colon is missing after this name",
			Fix: "Write the colon"}))
	}
	return true
}

// wideColon reports and skips a colon of another script at i.
func (p *parser) wideColon() bool {
	size, ok := p.wide(p.i, wideColons)
	if ok {
		p.wrongColon(size, false)
	}
	return ok
}

const missingValue = "a colon and a value are missing after this name"

// equals returns the sign at the beginning of a text that stands for a colon in other languages.
func equals(text []byte) []byte {
	if bytes.HasPrefix(text, []byte("=>")) {
		return text[:2]
	}
	return text[:1]
}

// wrongColon reports and skips a sign of some bytes at i that stands in place of a colon.
func (p *parser) wrongColon(size int, unsafe bool) {
	at := Span{p.i, p.i + size}
	p.i = at.End
	if !unsafe && p.arrowOf(at) {
		return
	}
	p.problem(Problem{Span: at, Code: CodeColon, Message: fmt.Sprintf("%q after the name of a member, there should be a colon", p.Text[at.Start:at.End]),
		Fix: "Write a colon", Unsafe: unsafe, Edits: []Edit{{at, ":"}}})
}

// commaForColon reports whether the comma at i stands in place of a colon: what follows can only be a value.
func (p *parser) commaForColon() bool {
	c, at := p.next(p.i + 1)
	return c == '{' || c == '[' || c == '-' || p.digitAt(at) || otherSpellings[strings.ToLower(string(wordAt(p.Text[at:])))] != ""
}

// otherSpellings are words for JSON values in other languages.
var otherSpellings = map[string]string{"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null", "undefined": "null"}

// notFinite are words for numbers that JSON does not have.
var notFinite = map[string]bool{"nan": true, "inf": true, "infinity": true}

// word reads true, false or null, or reports another word.
func (p *parser) word() *node {
	start := p.i
	if p.placeholder() {
		return &node{span: Span{start, p.i}}
	}
	if p.stringPrefix() {
		return p.value()
	}
	n := p.node(kindBroken, p.skipWord(), start)
	lower := strings.ToLower(n.text)
	c, _ := p.next(p.i)
	switch ends := c == 0 || strings.IndexByte(",}]\n#/\"':", c) >= 0; {
	case n.text == "true" || n.text == "false":
		n.kind = kindBoolean
	case n.text == "null":
		n.kind = kindNull
	case n.text == "":
		p.noValue(n)
	case strings.Trim(n.text, ".\u2026") == "":
		p.leftOut(n)
	case ends && otherSpellings[lower] != "":
		right := otherSpellings[lower]
		p.problem(Problem{Span: n.span, Code: CodeValue, Message: fmt.Sprintf("%q is not a JSON value", n.text),
			Hint: "JSON writes it " + right, Fix: "Write it " + right, Edits: []Edit{{n.span, right}}})
	case ends && notFinite[lower]:
		p.notFinite(n.span)
	default:
		p.bareText(n)
	}
	return n
}

func (p *parser) notFinite(at Span) {
	p.problem(Problem{Span: at, Code: CodeValue, Message: fmt.Sprintf("%s is not a JSON value: JSON has no NaN and no infinity", p.Text[at.Start:at.End]),
		Hint: "write a number that is finite, or leave the member out"})
}

// textEnd matches the end of text without quotes on a line: the next member, or the brackets and the comma that end the
// line.
var textEnd = lazy.Regexp(`,[ \t]*"|[ \t]*[}\]][ \t]*(?:[}\],]|$)|,?[ \t\r]*$`)

// bareText reads text without quotes, in place of the value n, up to the end of the line or to the next member.
func (p *parser) bareText(n *node) {
	start := n.span.Start
	end := p.textEnd(start)
	p.i = max(end, p.i)
	if quote, ok := p.closingBefore(start, p.i); ok {
		p.openingMissing(n, quote)
		return
	}
	n.span.End, p.unread = p.i, p.i
	pr := Problem{Span: n.span, Code: CodeValue, Message: quote(string(p.Text[start:p.i])) + " is not a JSON value",
		Hint: "text is written in double quotes"}
	if text := p.Text[start:p.i]; utf8.Valid(text) && bytes.IndexByte(text, '\\') < 0 {
		pr.Fix, pr.Unsafe = quoteTitle, true
		p.quoteEach(&pr, start)
	}
	p.problem(pr)
}

// textEnd returns the end of the text without quotes at an offset. It is looked for once: much such text may stand before one end.
func (p *parser) textEnd(start int) int {
	if start < p.bare.from || start > p.bare.at {
		line := p.Text[start:p.lineEnd()]
		line = line[:min(len(line), tornBytes)]
		p.bare = sighting{start, start + textEnd().FindIndex(line)[0]}
		p.ahead += p.bare.at - start
	}
	return p.bare.at
}

// quoteEach adds edits that put the text from start to i in quotes. In an array, a comma ends an element.
func (p *parser) quoteEach(pr *Problem, start int) {
	parts := [][]byte{p.Text[start:p.i]}
	if len(p.open) > 0 && !p.inObject() {
		parts = bytes.Split(parts[0], []byte(","))
	}
	first, count := "", 0
	for at := start; len(parts) > 0; parts = parts[1:] {
		text := bytes.TrimSpace(parts[0])
		begin := at + bytes.Index(parts[0], text)
		if at += len(parts[0]) + 1; len(text) == 0 || json.Valid(text) {
			continue
		}
		if count++; count == 1 {
			first = string(text)
		}
		pr.Edits = append(pr.Edits, Edit{Span{begin, begin}, `"`}, Edit{Span{begin + len(text), begin + len(text)}, `"`})
	}
	if count > 1 {
		pr.Message = fmt.Sprintf("%s is not a JSON value (the first of %d)", quote(first), count)
	}
}

// openingMissing reports text that ends with a quote but begins without one.
func (p *parser) openingMissing(n *node, quote int) {
	n.span.End = quote + 1
	p.i = quote + 1
	pr := Problem{Span: n.span, Code: CodeValue, Message: "a quote is missing before this text"}
	if p.endsValue(quote) {
		pr.Fix, pr.Unsafe, pr.Edits = "Write the quote", true, []Edit{{Span{n.span.Start, n.span.Start}, `"`}}
		p.problem(pr)
		return
	}
	p.lost(pr)
	p.i = max(p.i, p.lineEnd())
}

// noValue reports text in place of the value n. It skips the text unless the container continues with it.
func (p *parser) noValue(n *node) {
	pr := Problem{Code: CodeValue, Message: "a value is missing"}
	if c := p.peek(); p.i < len(p.Text) && strings.IndexByte("}],:", c) < 0 {
		_, size := utf8.DecodeRune(p.rest())
		p.i += size
		end := p.lineEnd()
		if n := bytes.IndexAny(p.Text[p.i:max(end, p.i)], `,"{}[]`); n >= 0 {
			end = p.i + n
		}
		p.i = max(end, p.i)
		pr.Message = quote(string(bytes.TrimRight(p.Text[n.span.Start:p.i], " \t\r"))) + " is not a JSON value"
		n.span.End, p.unfinished = p.i, p.i
		pr.Span = n.span
		p.lost(pr)
		return
	}
	n.span.End = p.i
	pr.Span = n.span
	if !p.cutOff() { // or else the text is cut off here, which is said of the brackets
		p.problem(pr)
	}
}

// Quote returns a text in quotes that leave it readable: double ones, or back quotes if it has double ones. Only a text with
// control or format characters is escaped as in Go.
func Quote(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) && r != ' ' || r == utf8.RuneError }
	switch {
	case strings.ContainsFunc(s, odd), strings.Contains(s, `"`) && strings.Contains(s, "`"):
		return strconv.Quote(s)
	case strings.Contains(s, `"`):
		return "`" + s + "`"
	}
	return `"` + s + `"`
}

// quote returns a text in quotes, cut after 40 characters.
func quote(s string) string {
	const most = 40
	if r := []rune(s[:min(len(s), (most+1)*utf8.UTFMax)]); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return Quote(s)
}
