package seed

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"
	"unicode/utf8"
)

// A Span is a piece of a text: byte offsets, End exclusive.
type Span struct{ Start, End int }

// A Position is a place in a text. Lines and columns count from 1; columns count code points.
type Position struct{ Line, Column int }

// An Edit replaces the bytes of Span by New.
type Edit struct {
	Span Span
	New  string
}

// A Problem is a place where a text is no JSON, or JSON that readers take differently.
type Problem struct {
	Span Span
	// Code tells problems of one kind from others: one of the Code constants.
	Code string
	// Message and Hint are as those of a diagnostic.
	Message, Hint string
	// Fix is the title of Edits; it is empty when there are none.
	Fix   string
	Edits []Edit
}

// A Source is a text with the place of every JSON value in it.
//
// A Source is not changed after it was made and may be used by several goroutines. One made as a literal, with
// nothing but Text, has positions and lines and no values: that is how other texts than JSON are reported on.
type Source struct {
	Text []byte
	// Problems are in the order of their places. There are at most MaxProblems of them.
	Problems []Problem

	root  *node
	lines []int // the offset of the start of each line; nil until indexed
	ascii bool
}

const byteOrderMark = "\ufeff"

// index finds the lines of the text.
func (s *Source) index() {
	s.lines, s.ascii = lineStarts(s.Text)
}

func lineStarts(text []byte) (starts []int, ascii bool) {
	starts, ascii = append(make([]int, 0, 1+bytes.Count(text, []byte{'\n'})), 0), true
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return starts, ascii
}

func (s *Source) lineTable() ([]int, bool) {
	if s.lines != nil {
		return s.lines, s.ascii
	}
	return lineStarts(s.Text)
}

// Torn tells whether brackets do not match or the text is not read to its end: what seems to be missing may stand
// elsewhere in it.
func (s *Source) Torn() bool {
	return slices.ContainsFunc(s.Problems, func(p Problem) bool {
		return p.Code == CodeUnclosed || p.Code == CodeBracket || p.Code == CodeTrailingText || p.Code == CodeDepth || p.Code == CodeTooLarge
	})
}

// WithoutValues is the text with its lines, and nothing of what was read from it.
func (s *Source) WithoutValues() *Source {
	return &Source{Text: s.Text, lines: s.lines, ascii: s.ascii}
}

// Position is the line and column of a byte offset. An offset beyond the text is taken as its end.
func (s *Source) Position(offset int) Position {
	lines, ascii := s.lineTable()
	offset = min(max(offset, 0), len(s.Text))
	line := lineOf(lines, offset)
	start := lines[line-1]
	if ascii {
		return Position{line, offset - start + 1}
	}
	if line == 1 && bytes.HasPrefix(s.Text, []byte(byteOrderMark)) {
		start = min(len(byteOrderMark), offset)
	}
	return Position{line, utf8.RuneCount(s.Text[start:offset]) + 1}
}

// line is the line of an offset: Position without the cost of the column.
func (s *Source) line(offset int) int { return lineOf(s.lines, offset) }

func lineOf(starts []int, offset int) int { return sort.SearchInts(starts, offset+1) }

// Line is the span of a line, counted from 1, without its line end. A line that does not exist is the empty span at
// the end of the text.
func (s *Source) Line(n int) Span {
	lines, _ := s.lineTable()
	if n < 1 || n > len(lines) {
		return Span{len(s.Text), len(s.Text)}
	}
	end := len(s.Text)
	if n < len(lines) {
		end = lines[n] - 1
	}
	if start := lines[n-1]; end > start && s.Text[end-1] == '\r' {
		end--
	}
	return Span{lines[n-1], end}
}

// Has tells whether there is a value at p.
func (s *Source) Has(p Pointer) bool {
	_, ok := s.find(p)
	return ok
}

// Kind is object, array, string, number, boolean or null. It is empty where there is no value, or one that could not
// be read.
func (s *Source) Kind(p Pointer) string {
	if n, ok := s.find(p); ok {
		return n.kind.String()
	}
	return ""
}

// Span is the place of the value at p. Where there is none, it is that of the nearest value above it.
func (s *Source) Span(p Pointer) Span {
	if n, _ := s.find(p); n != nil {
		return n.span
	}
	return Span{}
}

// KeySpan is the place of the name of the member at p, with its quotes. Where p is no member, it is Span.
func (s *Source) KeySpan(p Pointer) Span {
	n, ok := s.find(p)
	if ok && n.member {
		return n.key
	}
	return s.Span(p)
}

// Raw is the text of the value at p, nil where there is none. It is a part of Text and must not be changed.
func (s *Source) Raw(p Pointer) []byte {
	n, ok := s.find(p)
	if !ok {
		return nil
	}
	return s.Text[n.span.Start:n.span.End:n.span.End]
}

// Members are the names of the members of the object at p, each once, in the order they are written.
func (s *Source) Members(p Pointer) []string {
	n, ok := s.find(p)
	if !ok || n.kind != kindObject {
		return nil
	}
	names := make([]string, 0, len(n.children))
	for i, c := range n.children {
		if c.first == i {
			names = append(names, c.name)
		}
	}
	return names
}

// Len is the number of elements of the array, or of different members of the object, at p. It is 0 elsewhere.
func (s *Source) Len(p Pointer) int {
	n, ok := s.find(p)
	if ok && n.kind == kindArray {
		return len(n.children)
	}
	return len(s.Members(p))
}

// Value is the document as map[string]any, []any, string, json.Number, bool and nil. The last one of duplicate members
// counts, as it does for most readers. A value that could not be read is nil.
func (s *Source) Value() any { return s.root.value() }

func (n *node) value() any {
	if n == nil {
		return nil
	}
	switch n.kind {
	case kindObject:
		m := make(map[string]any, len(n.children))
		for _, c := range n.children {
			m[c.name] = c.value()
		}
		return m
	case kindArray:
		a := make([]any, len(n.children))
		for i, c := range n.children {
			a[i] = c.value()
		}
		return a
	case kindString:
		return n.text
	case kindNumber:
		return json.Number(n.text)
	case kindBoolean:
		return n.text == "true"
	}
	return nil
}

// StringSpan is the place in the text of the bytes from (inclusive) to to (exclusive) of the decoded string at p. A
// part of an escape sequence is the whole sequence. Where p is no string, it is Span.
func (s *Source) StringSpan(p Pointer, from, to int) Span {
	n, ok := s.find(p)
	if !ok || n.kind != kindString || n.span.End <= n.span.Start {
		return s.Span(p)
	}
	quote, at := s.Text[n.span.Start], n.span.Start+1
	span, decoded := Span{-1, -1}, 0
	for at < n.span.End && s.Text[at] != quote && decoded < to {
		u := readUnit(s.Text[at:n.span.End], quote)
		if decoded+u.decoded() > from && span.Start < 0 {
			span.Start = at
		}
		at, decoded = at+u.size, decoded+u.decoded()
	}
	if span.Start < 0 {
		return Span{at, at}
	}
	return Span{span.Start, at}
}

// find is the node at p. Where there is none, it is the nearest above it and ok is false.
func (s *Source) find(p Pointer) (n *node, ok bool) {
	if n = s.root; n == nil {
		return nil, false
	}
	for p != "" {
		var token string
		token, p = p.cut()
		c := n.child(token)
		if c == nil {
			return n, false
		}
		n = c
	}
	return n, true
}
