package seed

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what Parse reads.
const (
	MaxSize     = 1 << 20 // bytes
	MaxDepth    = 512     // nested objects and arrays
	MaxProblems = 100
)

// usualDepth is how deep the objects and arrays of a manifest lie within each other.
const usualDepth = 8

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
	CodeBlank        = "blank" // a character that only looks like white space
	// These are about the text as a whole. They are the only problem of a text, or the only kind.
	CodeConflict  = "conflict"  // markers of a merge conflict
	CodeTemplate  = "template"  // placeholders outside of strings
	CodeEscaped   = "escaped"   // JSON with its quotes escaped, as in a LABEL
	CodeDocuments = "documents" // more than one document
	CodeForeign   = "foreign"   // another kind of file
	CodeDepth     = "depth"
)

// Parse reads a manifest. It never fails: Source.Problems has what is wrong with the text. Parse decodes the rest.
func Parse(text []byte) *Manifest { return ParseMost(text, MaxProblems) }

// ParseMost is Parse for a text with more problems than MaxProblems. It is for fixing many of them at once.
func ParseMost(text []byte, problems int) *Manifest {
	m := &Manifest{Source: parseJSON(text, problems)}
	decode(m.Source.root, m)
	return m
}

// ParseJSON reads any other JSON document in the same way as Parse.
func ParseJSON(text []byte) *Source { return parseJSON(text, MaxProblems) }

func parseJSON(text []byte, most int) *Source {
	s := parse(text, asWritten, most)
	if len(s.Problems) > 0 {
		if problems := wholeProblems(s); problems != nil {
			return &Source{Text: text, Problems: problems, lines: s.lines, ascii: s.ascii}
		}
	}
	if !s.Incomplete() {
		return s
	}
	if len(s.Problems) == most {
		return parse(text, byIndentation, most) // no guess has more that is kept, and to try them all takes memory and time
	}
	if other := parse(text, byIndentation, most); len(other.Problems) <= len(s.Problems) {
		s = other
	}
	for _, g := range []guess{byKind, asExtra} {
		if other := parse(text, g, most); len(other.Problems) < len(s.Problems) {
			s = other
		}
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
	asExtra             // a bracket of the other kind is one too many if the right one comes next
)

func parse(text []byte, g guess, most int) *Source {
	p := newParser(text, g)
	p.most = most
	p.parse()
	return p.Source
}

func newParser(text []byte, g guess) *parser {
	p := &parser{Source: &Source{Text: text}, text: string(text), guess: g, most: MaxProblems, margin: margin{line: -1}, bare: sighting{1, 0}}
	p.open, p.starts, p.indents = make([]byte, 0, usualDepth), make([]int, 0, usualDepth), make([]int, 0, usualDepth)
	for kind := range p.ends {
		p.ends[kind] = sighting{1, 0} // nothing was looked for
	}
	p.index()
	p.tail = len(bytes.TrimRightFunc(text, unicode.IsSpace))
	return p
}

func (p *parser) parse() {
	s := p.Source
	if !p.unreadable() {
		p.document()
	}
	p.describeOddities()
	if p.template != nil {
		s.Problems = append(s.Problems, *p.template)
	}
	slices.SortStableFunc(s.Problems, func(a, b Problem) int { return a.Span.Start - b.Span.Start })
	s.Problems = s.Problems[:min(len(s.Problems), p.most)]
}

// A parser reads the text at i. A problem does not stop it: it assumes the likeliest meaning and continues.
type parser struct {
	*Source
	text string // that of Source: strings and names of the document are parts of it
	i    int
	guess
	spare   []node // that were made, and are not used yet
	most    int    // problems that are kept
	open    []byte // the expected closing brackets, outermost first
	starts  []int  // their offsets
	indents []int  // indentation of the lines with the opening brackets
	// unfinished is the end of the last string, object or array without a closing quote or bracket. Text inserted there
	// would become part of it.
	unfinished int
	// carried is set if the comma before the element at i was read inside an unclosed object or array.
	carried bool
	// stopped is set if the text is nested too deeply, or the rest of it is a comment. Open brackets are then closed without a
	// problem.
	stopped bool
	// lostUntil is the end of the line on which a problem was recorded after which nothing is certain.
	lostUntil int
	// unread is the end of the text that could not be read last. Text that follows it directly has the same cause.
	unread int
	// searched is the end of the text in which the end of a torn string was not found, and namesSearched that of the text in which
	// the end of a torn name was not found.
	searched, namesSearched int
	// undoubled is the end of the line on which no further single quote was found, and unjoined that of the text in which no string
	// was found to join.
	undoubled, unjoined int
	// unopened is the end of the text in which no bracket was found that closes a list without an opening one.
	unopened int
	// tail is where the blanks at the end of the text begin.
	tail int
	// margin is the indentation that was measured last.
	margin margin
	// ends are where the ends of placeholders were found last.
	ends [len(placeholderEnds)]sighting
	// bare is where the end of text without quotes was found last.
	bare sighting
	// ahead counts the bytes that were read ahead of i. It is about as large as the text, however that is broken.
	ahead int
	// oddities are the characters that only look like white space.
	oddities map[rune]*oddity
	// cut is how many brackets are still open at the end of the text, apart from the outermost.
	cut int
	// template is the first placeholder of a template.
	template *Problem
}

// unreadable reports a text that is too large to be read.
func (p *parser) unreadable() bool {
	if len(p.Text) <= MaxSize {
		return false
	}
	p.problem(Problem{Span: Span{0, 0}, Code: CodeTooLarge,
		Message: fmt.Sprintf("file has %d bytes, at most %d are read", len(p.Text), MaxSize)})
	return true
}

func (p *parser) document() {
	for bytes.HasPrefix(p.rest(), []byte(byteOrderMark)) {
		p.i += len(byteOrderMark)
	}
	if p.i > 0 {
		p.problem(Problem{Span: Span{0, p.i}, Code: CodeByteOrder, Message: "file starts with a byte order mark, which JSON does not have",
			Fix: "Remove the byte order mark", Edits: []Edit{{Span{0, p.i}, ""}}})
	}
	if p.blanks(); p.i >= len(p.Text) {
		p.problem(Problem{Span: Span{p.i, p.i}, Code: CodeEmpty, Message: "file is empty, there should be a JSON object"})
		return
	}
	p.root = p.value()
	if p.blanks(); p.i < len(p.Text) && !p.closersLeft() {
		p.trailing()
	}
}

// trailing reports text after the document.
func (p *parser) trailing() {
	end := len(bytes.TrimRight(p.Text, " \t\r\n"))
	pr := Problem{Span: Span{p.i, end}, Code: CodeTrailingText, Message: "text after the end of the document, which is one JSON value",
		Hint: "is there a closing bracket too many before it?"}
	switch c := p.peek(); {
	case p.root.kind != kindObject && p.root.kind != kindArray:
		p.root.kind, pr.Hint = kindBroken, ""
		if c == ':' {
			pr.Span, pr.Message = Span{p.root.span.Start, p.i + 1}, "a member outside of an object: the braces around the members are missing"
		}
	case c == ';' && end == p.i+1:
		pr.Message, pr.Hint = `";" after the end of the document`, ""
		pr.Fix, pr.Unsafe, pr.Edits = "Remove it", true, []Edit{{pr.Span, ""}}
	case c == '{' && p.root.kind == kindObject:
		pr.Message, pr.Hint = secondDocument, "write a file for each"
	case strings.IndexByte("{}[],:\"", c) < 0:
		pr.Hint = "take it out"
	}
	p.problem(pr)
}

const secondDocument = "a second document begins here, but a file holds one"

// cutOff reports whether the text ends at i, within a bracket.
func (p *parser) cutOff() bool {
	return len(p.open) > 0 && p.i >= p.tail
}

// closersLeft reports whether only closing brackets are left, which belong to text that could not be read.
func (p *parser) closersLeft() bool {
	return p.lostText && len(bytes.Trim(p.rest(), "]}, \t\r\n")) == 0
}

// full reports whether no more problems are recorded. More are recorded than are kept, since they do not arrive in order.
func (p *parser) full() bool { return len(p.Problems) >= 4*p.most }

// problem records pr. It drops problems on the rest of a line that could not be read.
func (p *parser) problem(pr Problem) {
	if !p.full() && pr.Span.Start >= p.lostUntil {
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

// node returns a node for the text from start to i. Nodes are made several at once, which takes less time.
func (p *parser) node(kind kind, text string, start int) *node {
	if len(p.spare) == 0 {
		p.spare = make([]node, 16)
	}
	n := &p.spare[0]
	p.spare = p.spare[1:]
	n.kind, n.text, n.span = kind, text, Span{start, p.i}
	return n
}

func (p *parser) value() *node {
	switch c := p.peek(); {
	case (c == '{' || c == '[') && p.placeholder():
		return p.node(kindBroken, "", p.i)
	case c == '{' || c == '[':
		return p.container()
	case c == '"' || c == '\'':
		start := p.i
		text, torn := p.triple()
		switch {
		case torn:
		case c == '"':
			text, torn = p.torn()
		default:
			text, torn = p.otherLines()
		}
		if torn {
			return &node{text: text, span: Span{start, p.i}, flawed: true}
		}
		text, flawed := p.str()
		n := p.node(kindString, text, start)
		n.flawed = flawed
		return n
	case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	start := p.i
	if text, ok := p.typographic(); ok {
		return &node{kind: kindString, text: text, span: Span{start, p.i}}
	}
	switch p.peek() {
	case '`':
		if text, ok := p.otherLines(); ok {
			return &node{text: text, span: Span{start, p.i}, flawed: true}
		}
	case ':':
		if n, ok := p.symbol(); ok {
			return n
		}
	}
	return p.word()
}

// isWord reports whether c belongs to a word, which is judged as a whole.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf || strings.IndexByte("_$-.+", c) >= 0
}

func (p *parser) skipWord() string {
	start := p.i
	for p.i < len(p.Text) && isWord(p.Text[p.i]) && !p.atOddBlank() {
		if _, ok := p.wide(p.i, wideCommas+wideColons); ok {
			break
		}
		p.i++
	}
	return p.text[start:p.i]
}

// atOddBlank reports whether a character that only looks like white space begins at i.
func (p *parser) atOddBlank() bool {
	if p.Text[p.i] < utf8.RuneSelf {
		return false
	}
	r, _ := utf8.DecodeRune(p.rest())
	return oddBlank(r)
}
