package seed

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"
	"unicode/utf8"
)

// A Span is a part of a text: byte offsets, End is exclusive.
type Span struct{ Start, End int }

// A Position is a place in a text. Lines and columns count from 1; columns count code points.
type Position struct{ Line, Column int }

// An Edit replaces the bytes of Span with New.
type Edit struct {
	Span Span
	New  string
}

// A Problem is a place where a text is not JSON, or where JSON readers disagree.
type Problem struct {
	Span Span
	// Code is the kind of the problem: one of the Code constants.
	Code string
	// Message and Hint have the form of a diagnostic's.
	Message, Hint string
	// Fix is the title of Edits. It is empty if there are none.
	Fix   string
	Edits []Edit
	// Unsafe is true if the fix guesses, or removes text.
	Unsafe bool
}

// A Source is a text with the place of every JSON value in it.
//
// A Source does not change and may be used by several goroutines. A literal with only Text has lines and positions, but
// no values. Reports on files that are not JSON use such a literal.
type Source struct {
	Text []byte
	// Problems are sorted by place. There are at most MaxProblems.
	Problems []Problem

	root *node
	// lostText is set if a part of the text could not be read.
	lostText bool

	lines []int // the offset of each line; nil until indexed
	ascii bool
}

const byteOrderMark = "\ufeff"

// index finds the start of each line.
func (s *Source) index() {
	s.lines, s.ascii = lineStarts(s.Text)
}

// TextSource returns the source of a text that is not a manifest. It has lines and no values.
func TextSource(text []byte) *Source {
	lines, ascii := lineStarts(text)
	return &Source{Text: text, lines: lines, ascii: ascii}
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

// lineTable returns where lines start. A source that was made by hand has no table, so each call reads its text: use TextSource
// where many places are asked for.
func (s *Source) lineTable() ([]int, bool) {
	if s.lines != nil {
		return s.lines, s.ascii
	}
	return lineStarts(s.Text)
}

// Incomplete reports whether brackets do not match, or the text was not read to its end. A member that seems to be
// missing may then be elsewhere in the text.
func (s *Source) Incomplete() bool {
	return s.lostText || slices.ContainsFunc(s.Problems, func(p Problem) bool {
		return p.Code == CodeUnclosed || p.Code == CodeBracket || p.Code == CodeTrailingText || p.Code == CodeDepth || p.Code == CodeTooLarge
	})
}

// WithoutValues returns the text with its lines, but without values.
func (s *Source) WithoutValues() *Source {
	return &Source{Text: s.Text, lines: s.lines, ascii: s.ascii}
}

// Position returns the line and column of a byte offset. An offset after the end counts as the end.
func (s *Source) Position(offset int) Position {
	lines, ascii := s.lineTable()
	offset = min(max(offset, 0), len(s.Text))
	line := lineOf(lines, offset)
	start := lines[line-1]
	if ascii {
		return Position{line, offset - start + 1}
	}
	for line == 1 && bytes.HasPrefix(s.Text[start:offset], []byte(byteOrderMark)) {
		start += len(byteOrderMark)
	}
	return Position{line, utf8.RuneCount(s.Text[start:offset]) + 1}
}

// line returns the line of an offset. It is cheaper than Position, which counts the column.
func (s *Source) line(offset int) int { return lineOf(s.lines, offset) }

func lineOf(starts []int, offset int) int { return sort.SearchInts(starts, offset+1) }

// Line returns the span of a line, counted from 1, without its line break. For a line that does not exist, it returns
// the empty span at the end of the text.
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

// Has reports whether there is a value at p.
func (s *Source) Has(p Pointer) bool {
	_, ok := s.find(p)
	return ok
}

// Kind returns object, array, string, number, boolean or null. It returns "" if there is no value, or an unreadable
// one.
func (s *Source) Kind(p Pointer) string {
	if n, ok := s.find(p); ok {
		return n.kind.String()
	}
	return ""
}

// Span returns the place of the value at p. If there is none, it returns the place of the nearest value above.
func (s *Source) Span(p Pointer) Span {
	if n, _ := s.find(p); n != nil {
		return n.span
	}
	return Span{}
}

// KeySpan returns the place of the name of the member at p, with its quotes. If p is not a member, it returns Span.
func (s *Source) KeySpan(p Pointer) Span {
	n, ok := s.find(p)
	if ok && n.member {
		return n.key
	}
	return s.Span(p)
}

// Readable reports whether there is a value at p, and its text is certain. A string with a quote or line break in it, or a
// number that JSON does not have, is not.
func (s *Source) Readable(p Pointer) bool {
	n, ok := s.find(p)
	return ok && n.kind != kindBroken && !n.flawed
}

// Raw returns the text of the value at p, or nil. It is a part of Text and must not be changed.
func (s *Source) Raw(p Pointer) []byte {
	n, ok := s.find(p)
	if !ok {
		return nil
	}
	return s.Text[n.span.Start:n.span.End:n.span.End]
}

// Members returns the names of the members of the object at p. Each name is there once, in the order of the text.
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

// Len returns the number of elements of the array at p, or of different members of the object at p. It returns 0 for
// other values.
func (s *Source) Len(p Pointer) int {
	n, ok := s.find(p)
	if ok && n.kind == kindArray {
		return len(n.children)
	}
	return len(s.Members(p))
}

// Unreadable stands for a value that could not be read. It is null in JSON.
type Unreadable struct{}

// MarshalJSON returns null.
func (Unreadable) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Value returns the document as map[string]any, []any, string, json.Number, bool and nil. The last of duplicate members
// counts, as for most readers. An unreadable value is Unreadable.
func (s *Source) Value() any { return s.root.value() }

func (n *node) value() any {
	if n == nil {
		return nil
	}
	switch n.kind {
	case kindObject:
		m := make(map[string]any, len(n.children))
		for _, c := range n.children {
			if !c.nameless {
				m[c.name] = c.value()
			}
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
	case kindBroken:
		return Unreadable{}
	}
	return nil
}

// StringSpan returns the place in the text of the bytes from (inclusive) to to (exclusive) of the decoded string at p.
// A part of an escape sequence counts as the whole sequence. If p is not a string, it returns Span.
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

// PointerAt returns the pointer to the value whose text is a span. Ok is false if there is none.
func (s *Source) PointerAt(at Span) (p Pointer, ok bool) {
	n := s.root
	for n != nil && n.span != at {
		i := slices.IndexFunc(n.children, func(c *node) bool { return c.span.Start <= at.Start && at.End <= c.span.End })
		if i < 0 {
			return "", false
		}
		if n = n.children[i]; n.member {
			p = p.Member(n.name)
		} else {
			p = p.Index(i)
		}
	}
	return p, n != nil
}

// find returns the node at p. If there is none, it returns the nearest node above, and ok is false.
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
