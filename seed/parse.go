package seed

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of what Parse reads.
const (
	MaxSize     = 1 << 20 // bytes
	MaxDepth    = 512     // objects and arrays within one another
	MaxProblems = 100
)

// Codes of problems.
const (
	CodeEmpty        = "empty"
	CodeTooLarge     = "too-large"
	CodeEncoding     = "encoding"
	CodeByteOrder    = "byte-order-mark"
	CodeComment      = "comment"
	CodeComma        = "comma" // missing, trailing or one too many
	CodeColon        = "colon"
	CodeValue        = "value" // missing, or no JSON value
	CodeName         = "name"  // of a member, not in double quotes
	CodeQuote        = "quote" // single
	CodeUnclosed     = "unclosed"
	CodeBracket      = "bracket"
	CodeString       = "string" // control characters and escape sequences
	CodeNumber       = "number"
	CodeNumberRange  = "number-range"
	CodeDuplicate    = "duplicate"
	CodeTrailingText = "trailing-text"
	CodeDepth        = "depth"
)

// Parse reads a manifest. It never fails: what is wrong with the text stands in Source.Problems, and what could be read
// in spite of it is decoded.
func Parse(text []byte) *Manifest {
	m := &Manifest{Source: ParseJSON(text)}
	decode(m.Source.root, m)
	return m
}

// ParseJSON reads any other JSON document, as Parse does.
func ParseJSON(text []byte) *Source {
	s := parse(text, asWritten)
	if !s.Torn() {
		return s
	}
	if other := parse(text, byIndentation); len(other.Problems) <= len(s.Problems) {
		s = other
	}
	if other := parse(text, byKind); len(other.Problems) < len(s.Problems) {
		s = other
	}
	return s
}

// A guess says how a text whose brackets do not match is read. The one that leaves the fewest problems is taken: it is
// the likeliest to tell the place where a bracket is missing or one too many.
type guess byte

const (
	asWritten     guess = iota
	byIndentation       // brackets that begin a line belong to the line that is indented as theirs
	byKind              // a bracket of the other kind closes what is open
)

func parse(text []byte, g guess) *Source {
	s := &Source{Text: text}
	s.index()
	p := &parser{Source: s, guess: g}
	if !p.unreadable() {
		p.document()
	}
	slices.SortStableFunc(s.Problems, func(a, b Problem) int { return a.Span.Start - b.Span.Start })
	s.Problems = s.Problems[:min(len(s.Problems), MaxProblems)]
	return s
}

// A parser reads the text at i. Problems do not stop it: it takes the likeliest meaning and goes on.
type parser struct {
	*Source
	i int
	guess
	open    []byte // the closing brackets that are due, outermost first
	indents []int  // of the lines on which they were opened
	// unfinished is the end of the last string, object or array that is not closed: what is inserted there would become
	// part of it.
	unfinished int
	// carried is set where the comma before the element at i was read within what is not closed before it.
	carried bool
	// stopped is set where the text is nested too deeply to go on; what is open is then closed without a word.
	stopped bool
}

// unreadable reports what makes reading on pointless.
func (p *parser) unreadable() bool {
	switch t := p.Text; {
	case len(t) > MaxSize:
		p.problem(Problem{Span: Span{0, 0}, Code: CodeTooLarge,
			Message: fmt.Sprintf("file has %d bytes, at most %d are read", len(t), MaxSize)})
	case bytes.HasPrefix(t, []byte("\xff\xfe")), bytes.HasPrefix(t, []byte("\xfe\xff")):
		p.problem(Problem{Span: Span{0, 2}, Code: CodeEncoding, Message: "file is UTF-16, JSON is UTF-8",
			Hint: "save it as UTF-8 without a byte order mark"})
	default:
		return false
	}
	return true
}

func (p *parser) document() {
	if bytes.HasPrefix(p.Text, []byte(byteOrderMark)) {
		p.i = len(byteOrderMark)
		p.problem(Problem{Span: Span{0, p.i}, Code: CodeByteOrder, Message: "file starts with a byte order mark, which JSON does not have",
			Fix: "Remove the byte order mark", Edits: []Edit{{Span{0, p.i}, ""}}})
	}
	if p.blanks(); p.i >= len(p.Text) {
		p.problem(Problem{Span: Span{p.i, p.i}, Code: CodeEmpty, Message: "file is empty, there should be a JSON object"})
		return
	}
	p.root = p.value()
	if p.blanks(); p.i < len(p.Text) {
		end := len(bytes.TrimRight(p.Text, " \t\r\n"))
		p.problem(Problem{Span: Span{p.i, end}, Code: CodeTrailingText, Message: "text after the end of the document, which is one JSON value",
			Hint: "is there a closing bracket too many before it?"})
	}
}

// problem records pr. There may be many more than are kept, since they are not found in order.
func (p *parser) problem(pr Problem) {
	if len(p.Problems) < 4*MaxProblems {
		p.Problems = append(p.Problems, pr)
	}
}

// peek is the byte at i, 0 at the end.
func (p *parser) peek() byte {
	if p.i < len(p.Text) {
		return p.Text[p.i]
	}
	return 0
}

func (p *parser) rest() []byte { return p.Text[p.i:] }

// blanks skips white space and, with a word about them, comments.
func (p *parser) blanks() {
	for p.i < len(p.Text) {
		switch c := p.Text[p.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			p.i++
		case c == '#', bytes.HasPrefix(p.rest(), []byte("//")):
			p.comment(p.lineEnd(), true)
		case bytes.HasPrefix(p.rest(), []byte("/*")):
			n := bytes.Index(p.rest()[2:], []byte("*/"))
			if n < 0 {
				p.comment(len(p.Text), false)
			} else {
				p.comment(p.i+n+4, true)
			}
		default:
			return
		}
	}
}

// lineEnd is the end of the line at i, without its line end.
func (p *parser) lineEnd() int {
	n := bytes.IndexByte(p.rest(), '\n')
	if n < 0 {
		return len(p.Text)
	}
	return p.i + len(bytes.TrimSuffix(p.rest()[:n], []byte("\r")))
}

func (p *parser) comment(end int, closed bool) {
	pr := Problem{Span: Span{p.i, end}, Code: CodeComment, Message: "a comment, which JSON does not have"}
	if closed {
		pr.Fix, pr.Edits = "Remove the comment", []Edit{p.removeComment(p.i, end)}
	} else {
		pr.Message = "a comment that is never closed; JSON has no comments"
	}
	p.problem(pr)
	p.i = end
}

// removeComment takes a line that holds nothing else with the comment, and leaves a blank where two words would meet.
func (p *parser) removeComment(start, end int) Edit {
	line := start
	for line > 0 && (p.Text[line-1] == ' ' || p.Text[line-1] == '\t') {
		line--
	}
	next := end
	if bytes.HasPrefix(p.Text[next:], []byte("\r")) {
		next++
	}
	endsLine := bytes.HasPrefix(p.Text[next:], []byte("\n"))
	switch {
	case endsLine && (line == 0 || p.Text[line-1] == '\n'):
		return Edit{Span{line, next + 1}, ""}
	case endsLine || end == len(p.Text):
		return Edit{Span{line, end}, ""}
	case line == start && start > 0 && isWord(p.Text[start-1]) && isWord(p.Text[end]):
		return Edit{Span{start, end}, " "}
	}
	return Edit{Span{start, end}, ""}
}

func (p *parser) value() *node {
	switch c := p.peek(); {
	case c == '{' || c == '[':
		return p.container()
	case c == '"' || c == '\'':
		start := p.i
		text := p.str()
		return &node{kind: kindString, text: text, span: Span{start, p.i}}
	case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	start := p.i
	if text, ok := p.typographic(); ok {
		return &node{kind: kindString, text: text, span: Span{start, p.i}}
	}
	return p.word()
}

// isWord tells whether c belongs to a run of text that is judged as one.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf || strings.IndexByte("_$-.+", c) >= 0
}

func (p *parser) skipWord() string {
	start := p.i
	for p.i < len(p.Text) && isWord(p.Text[p.i]) {
		p.i++
	}
	return string(p.Text[start:p.i])
}

// otherSpellings are words that mean a JSON value elsewhere.
var otherSpellings = map[string]string{"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null", "undefined": "null"}

// word reads true, false, null, or something else in their place.
func (p *parser) word() *node {
	start := p.i
	n := &node{text: p.skipWord()}
	n.span = Span{start, p.i}
	switch n.text {
	case "true", "false":
		n.kind = kindBoolean
	case "null":
		n.kind = kindNull
	case "":
		p.noValue(n)
	default:
		pr := Problem{Span: n.span, Code: CodeValue, Message: fmt.Sprintf("%q is no JSON value", n.text)}
		if right := otherSpellings[strings.ToLower(n.text)]; right != "" {
			pr.Hint, pr.Fix = "JSON writes it "+right, "Write it "+right
			pr.Edits = []Edit{{n.span, right}}
		} else {
			pr.Hint = "text stands in double quotes"
		}
		p.problem(pr)
	}
	return n
}

// noValue reports what stands in the place of the value n, and skips it unless the container goes on with it.
func (p *parser) noValue(n *node) {
	pr := Problem{Code: CodeValue, Message: "a value is missing"}
	if c := p.peek(); p.i < len(p.Text) && strings.IndexByte("}],:", c) < 0 {
		_, size := utf8.DecodeRune(p.rest())
		pr.Message = fmt.Sprintf("%q is no JSON value", p.rest()[:size])
		p.i += size
	}
	n.span.End = p.i
	pr.Span = n.span
	p.problem(pr)
}
