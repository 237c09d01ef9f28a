package seed

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A list is an object or array that is being read.
type list struct {
	*node
	close byte
	comma int  // offset of the comma before the next element, or -1
	read  bool // an element was read, and perhaps dropped
	// endsLine reports whether nothing follows the opening bracket on its line.
	endsLine bool
}

// container reads the object or array at i, including its closing bracket.
func (p *parser) container() *node {
	l := &list{node: p.node(kindObject, "", p.i), close: '}', comma: -1}
	if p.peek() == '[' {
		l.kind, l.close = kindArray, ']'
	}
	l.children = make([]*node, 0, 4)
	p.i++
	l.span.End = p.i
	if p.guess == byIndentation {
		c, _ := p.next(p.i)
		l.endsLine = c == '\n'
	}
	p.open, p.indents, p.starts = append(p.open, l.close), append(p.indents, p.indent(l.span.Start)), append(p.starts, l.span.Start)
	if len(p.open) > MaxDepth {
		p.problem(Problem{Span: l.span, Code: CodeDepth, Message: fmt.Sprintf("nested deeper than %d levels, the rest is not read", MaxDepth)})
		p.stopped, p.i = true, len(p.Text)
	}
	for p.blanks(); !p.ended(l); p.blanks() {
		p.element(l)
	}
	p.open, p.indents, p.starts = p.open[:len(p.open)-1], p.indents[:len(p.indents)-1], p.starts[:len(p.starts)-1]
	l.span.End = p.i
	if l.onlyNames() {
		l.kind = kindBroken
		if last := len(p.Problems) - 1; last >= 0 && p.Problems[last].Message == missingValue {
			p.Problems[last].Hint = "a list is written in [ ]"
		}
	}
	if p.unfinished == p.i { // the text after the last child is not part of it
		l.span.End = l.span.Start + len(bytes.TrimRight(p.Text[l.span.Start:p.i], " \t\r\n"))
		if n := len(l.children); n > 0 {
			l.span.End = max(l.span.End, l.children[n-1].span.End)
		}
		p.unfinished = l.span.End
	}
	return l.node
}

// onlyNames reports whether an object has names alone, without values: it was meant to be a list.
func (l *list) onlyNames() bool {
	for _, c := range l.children {
		if !c.nameless || c.span.Start < c.span.End || c.kind != kindBroken {
			return false
		}
	}
	return l.kind == kindObject && len(l.children) > 1
}

// ended reports whether l ends at i. It reads the closing bracket and reports what is wrong there.
func (p *parser) ended(l *list) bool {
	c := p.peek()
	switch {
	case p.i >= len(p.Text):
		if !p.stopped {
			p.unclosed(l, "")
		}
		return true
	case c == l.close && p.guess == byIndentation && p.ofOuter(c):
		p.unclosed(l, fmt.Sprintf(": by its indentation the %q on line %d closes another one", string(c), p.line(p.i)))
		return true
	case p.guess == byIndentation && c != '}' && c != ']' && c != ',' && p.outdented():
		p.unclosed(l, fmt.Sprintf(" before line %d, which is indented as what is around it", p.line(p.i)))
		p.carried = l.comma >= 0
		return true
	case c == l.close && p.guess == byIndentation && p.tooEarly(l):
		return false
	case c == l.close:
		if l.comma >= 0 {
			p.problem(Problem{Span: Span{l.comma, l.comma + 1}, Code: CodeComma, Message: fmt.Sprintf("a comma before %q, where nothing follows", string(c)),
				Fix: "Remove the comma", Edits: []Edit{{Span{l.comma, l.comma + 1}, ""}}})
		}
		p.i++
		return true
	case (c == '}' || c == ']') && p.guess == asExtra && (p.comesNext(l.close) || p.goesOnAfter(l)):
		return false
	case (c == '}' || c == ']') && p.guess == byKind:
		p.problem(Problem{Span: Span{p.i, p.i + 1}, Code: CodeBracket, Message: fmt.Sprintf("%q closes the %q on line %d, it should be %q", string(c), p.Text[l.span.Start:l.span.Start+1], p.line(l.span.Start), string(l.close)),
			Fix: "Write " + string(l.close), Edits: []Edit{{Span{p.i, p.i + 1}, string(l.close)}}})
		p.i++
		return true
	case (c == '}' || c == ']') && slices.Contains(p.open, c):
		p.unclosed(l, fmt.Sprintf(" before the %q on line %d", string(c), p.line(p.i)))
		return true
	}
	return false
}

// comesNext reports whether a bracket is the first thing after the byte at i, on whichever line.
func (p *parser) comesNext(bracket byte) bool {
	at := p.i + 1
	for at < len(p.Text) && strings.IndexByte(" \t\r\n", p.Text[at]) >= 0 {
		at++
	}
	p.ahead += at - p.i
	return at < len(p.Text) && p.Text[at] == bracket
}

// goesOnAfter reports whether a comma and another element of l follow the byte at i.
func (p *parser) goesOnAfter(l *list) bool {
	c, at := p.next(p.i + 1)
	if c != ',' {
		return false
	}
	c, at = p.nextAnywhere(at + 1)
	if l.kind == kindObject {
		return c == '"' && p.isName(at)
	}
	return c == '{' || c == '[' || c == '"' && !p.isName(at)
}

// A margin is the indentation of a line. It is measured once: many brackets may stand on one line.
type margin struct{ line, size int }

// indent returns the indentation of the line at an offset.
func (p *parser) indent(at int) int {
	line := p.line(at)
	start := p.lines[line-1]
	if p.margin.line != line {
		n := start
		for n < len(p.Text) && (p.Text[n] == ' ' || p.Text[n] == '\t') {
			n++
		}
		p.ahead += n - start
		p.margin = margin{line, n - start}
	}
	return min(p.margin.size, at-start)
}

// beginsLine returns the indentation of the line at i. It reports whether only blanks come before i.
func (p *parser) beginsLine() (indent int, ok bool) {
	indent = p.indent(p.i)
	return indent, p.lines[p.line(p.i)-1]+indent == p.i
}

// ofOuter reports whether the closing bracket at i has the indentation of an outer bracket, and not of the innermost.
func (p *parser) ofOuter(c byte) bool {
	last := len(p.indents) - 1
	indent, ok := p.beginsLine()
	if !ok || indent == p.indents[last] {
		return false
	}
	for i, n := range p.indents[:last] {
		if n == indent && p.open[i] == c {
			return true
		}
	}
	return false
}

// outdented reports whether a line begins at i with at most the indentation of the line of the innermost open bracket.
// It is false for the outermost bracket.
func (p *parser) outdented() bool {
	last := len(p.indents) - 1
	indent, ok := p.beginsLine()
	return ok && last > 0 && indent <= p.indents[last]
}

// tooEarly reports whether the closing bracket at i follows other text on its line, or is indented as what is within, but the
// opening bracket ends a line.
func (p *parser) tooEarly(l *list) bool {
	indent, begins := p.beginsLine()
	return l.endsLine && (!begins || indent > p.indents[len(p.indents)-1])
}

func (p *parser) unclosed(l *list, where string) {
	at := Span{l.span.Start, l.span.Start + 1}
	p.unfinished = p.i
	if p.i >= len(p.Text) && len(p.open) > 1 {
		p.cut++ // the outermost bracket says so
		return
	}
	if p.cut > 0 && p.i >= len(p.Text) {
		where = fmt.Sprintf(", nor is what it holds (%d more): the text ends too early", p.cut)
	}
	p.problem(Problem{Span: at, Code: CodeUnclosed, Message: fmt.Sprintf("%q is not closed%s", p.Text[at.Start:at.End], where),
		Hint: fmt.Sprintf("write %q where this %s ends", string(l.close), l.kind)})
}

// element reads one element, one comma or one stray bracket of l at i. It always advances.
func (p *parser) element(l *list) {
	c := p.peek()
	switch {
	case c == '}' || c == ']':
		p.strayBracket(l, string(c))
		if p.i++; l.comma >= 0 && p.peek() == ',' {
			p.i++ // it belongs to the bracket
		}
		return
	case (c == ';' || c == ':' || c >= utf8.RuneSelf) && p.otherComma(l):
		return
	case c == ',':
		if l.comma >= 0 || !l.read {
			p.problem(Problem{Span: Span{p.i, p.i + 1}, Code: CodeComma, Message: "a comma with nothing before it",
				Fix: "Remove the comma", Edits: []Edit{{Span{p.i, p.i + 1}, ""}}})
		} else {
			l.comma = p.i
		}
		p.i++
		return
	}
	if l.comma < 0 && len(l.children) > 0 && !p.carried {
		p.missingComma(l.children[len(l.children)-1].span)
	}
	l.comma, p.carried, l.read = -1, false, true
	before := p.i
	if l.kind == kindArray {
		n := p.value()
		l.children = append(l.children, n)
		p.memberOfArray(n)
	} else {
		p.member(l.node)
	}
	if p.i == before {
		p.i++
	}
}

// memberOfArray reports a member that stands in an array: the braces around it are missing. The rest of its line is skipped.
func (p *parser) memberOfArray(n *node) {
	if c, _ := p.next(p.i); c != ':' || n.kind != kindString {
		return
	}
	if !p.lostText {
		p.lost(Problem{Span: n.span, Code: CodeBracket, Message: "a member in an array, whose elements are values: the braces around it are missing"})
	}
	n.kind, p.i = kindBroken, p.lineEnd()
}

func (p *parser) strayBracket(l *list, bracket string) {
	if p.lostText {
		return // it closes something in the text that could not be read
	}
	open := p.Text[l.span.Start : l.span.Start+1]
	pr := Problem{Span: Span{p.i, p.i + 1}, Code: CodeBracket, Message: fmt.Sprintf("%q closes nothing, %q is open", bracket, open)}
	if bracket[0] == l.close {
		pr.Message = fmt.Sprintf("%q closes the %q on line %d, which goes on below", bracket, open, p.line(l.span.Start))
		pr.Hint = "take it out, or write it where that one ends"
	}
	p.problem(pr)
}

// missingComma reports a missing comma after a value. If the value itself is missing or not closed, that has been reported: the
// comma was lost with its end.
func (p *parser) missingComma(value Span) {
	if value.Start == value.End || value.End == p.unfinished || p.commaInComment(value.End) {
		return
	}
	at := value.End
	p.problem(Problem{Span: Span{at, at}, Code: CodeComma, Message: "a comma is missing after this value", Fix: "Write the comma", Edits: []Edit{{Span{at, at}, ","}}})
}

// commaInComment reports whether the comma after the value that ends at an offset is at the end of a comment behind it, as in
// 10 // seconds,. Removing the comment then writes the comma.
func (p *parser) commaInComment(end int) bool {
	for i := len(p.Problems) - 1; i >= 0 && p.Problems[i].Span.Start >= end; i-- {
		pr := &p.Problems[i]
		if pr.Code != CodeComment || !bytes.HasSuffix(p.Text[pr.Span.Start:pr.Span.End], []byte(",")) || p.line(pr.Span.Start) != p.line(end) {
			continue
		}
		pr.Message += ", and the comma of the value before it is at its end"
		if pr.Edits[0].Span.Start == end {
			pr.Edits[0].New = ","
		} else {
			pr.Edits = append([]Edit{{Span{end, end}, ","}}, pr.Edits...)
		}
		pr.Fix = "Remove the comment, and write the comma"
		return true
	}
	return false
}

// insert adds an edit to a problem that has a fix. It removes the fix if the text before it is not complete.
func (p *parser) insert(at int, text string, pr Problem) Problem {
	if at == p.unfinished {
		pr.Fix = ""
	} else {
		pr.Edits = []Edit{{Span{at, at}, text}}
	}
	return pr
}
