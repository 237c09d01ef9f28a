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
	MaxDepth    = 512     // nested objects and arrays
	MaxProblems = 100
)

// Codes of problems. Each has the cases that its name does not say.
const (
	CodeEmpty        = "empty"
	CodeTooLarge     = "too-large"
	CodeEncoding     = "encoding"
	CodeByteOrder    = "byte-order-mark"
	CodeComment      = "comment"
	CodeComma        = "comma" // missing, trailing or surplus
	CodeColon        = "colon"
	CodeValue        = "value" // missing, or not a JSON value
	CodeName         = "name"  // the name of a member is not in double quotes
	CodeQuote        = "quote" // a single quote
	CodeUnclosed     = "unclosed"
	CodeBracket      = "bracket"
	CodeString       = "string" // control characters and escape sequences
	CodeNumber       = "number"
	CodeNumberRange  = "number-range"
	CodeDuplicate    = "duplicate"
	CodeTrailingText = "trailing-text"
	CodeDepth        = "depth"
)

// Parse reads a manifest. It never fails: Source.Problems has what is wrong with the text. Parse decodes the rest.
func Parse(text []byte) *Manifest {
	m := &Manifest{Source: ParseJSON(text)}
	decode(m.Source.root, m)
	return m
}

// ParseJSON reads any other JSON document in the same way as Parse.
func ParseJSON(text []byte) *Source {
	s := parse(text, asWritten)
	if !s.Incomplete() {
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

// A guess is a way to read a text with unbalanced brackets. The parser keeps the guess with the fewest problems, since
// it most likely finds the right bracket.
type guess byte

const (
	asWritten     guess = iota
	byIndentation       // a bracket at the start of a line closes the bracket with the same indentation
	byKind              // a bracket of the other kind closes the open one
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

// A parser reads the text at i. A problem does not stop it: it assumes the likeliest meaning and continues.
type parser struct {
	*Source
	i int
	guess
	open    []byte // the expected closing brackets, outermost first
	indents []int  // indentation of the lines with the opening brackets
	// unfinished is the end of the last string, object or array without a closing quote or bracket. Text inserted there
	// would become part of it.
	unfinished int
	// carried is set if the comma before the element at i was read inside an unclosed object or array.
	carried bool
	// stopped is set if the text is nested too deeply. Open brackets are then closed without a problem.
	stopped bool
}

// unreadable reports problems that make further reading useless, such as a wrong encoding.
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

// problem records pr. It may record more problems than are kept, since they do not arrive in order.
func (p *parser) problem(pr Problem) {
	if len(p.Problems) < 4*MaxProblems {
		p.Problems = append(p.Problems, pr)
	}
}

// peek returns the byte at i, or 0 at the end.
func (p *parser) peek() byte {
	if p.i < len(p.Text) {
		return p.Text[p.i]
	}
	return 0
}

func (p *parser) rest() []byte { return p.Text[p.i:] }

// blanks skips white space. It skips comments too, and reports them.
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

// lineEnd returns the end of the line at i, without its line break.
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

// removeComment removes a comment, and its whole line if nothing else is there. It leaves a blank if two words would
// join.
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

// isWord reports whether c belongs to a word, which is judged as a whole.
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

// otherSpellings are words for JSON values in other languages.
var otherSpellings = map[string]string{"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null", "undefined": "null"}

// word reads true, false or null, or reports another word.
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

// noValue reports text in place of the value n. It skips the text unless the container continues with it.
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
