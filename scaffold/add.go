package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/seed"
)

// Add adds inputs, outputs, settings and mounts to the text of a manifest. All that the text has stays as it is: positions, the
// order, and comments. New elements come last, in the layout of those before them. An error says why the text has no place for
// one.
func Add(text []byte, o Options) ([]byte, error) {
	o.fill()
	for _, p := range o.parts() {
		for _, element := range p.elements {
			var err error
			if text, err = insert(text, p.path, element); err != nil {
				return nil, err
			}
		}
	}
	return text, nil
}

// insert adds an element to the array at a path, which it makes if it is missing.
func insert(text []byte, path []string, element string) ([]byte, error) {
	src := seed.Parse(text).Source
	if len(src.Problems) > 0 || src.Kind("") != "object" {
		return nil, errors.New("the manifest is not JSON: seedpack lint says what is wrong")
	}
	in := inserting{src: src, newline: "\n", unit: indentUnit(text)}
	if bytes.Contains(text, []byte("\r\n")) {
		in.newline = "\r\n"
	}
	at, rest := seed.Pointer(""), path
	for len(rest) > 0 && src.Has(at.Member(rest[0])) {
		at, rest = at.Member(rest[0]), rest[1:]
	}
	want := "object"
	if len(rest) == 0 {
		want = "array"
	}
	if kind := src.Kind(at); kind != want {
		return nil, fmt.Errorf("%s is %s, it should be an %s: seedpack lint says what is wrong", at, kind, want)
	}
	return in.insert(at, rest, element), nil
}

type inserting struct {
	src           *seed.Source
	newline, unit string
}

// insert adds a member to an object, or an element to an array, behind the last one and its comment.
func (in *inserting) insert(at seed.Pointer, rest []string, element string) []byte {
	text, span := in.src.Text, in.src.Span(at)
	closing := span.End - 1
	last, many := in.last(at)
	if !many {
		outer := in.indentOf(span.Start)
		inner := outer + in.unit
		tail := strings.TrimRight(string(text[span.Start+1:closing]), " \t\r\n") // a comment
		return splice(text, span.Start+1, closing, tail+in.newline+inner+in.nested(rest, element, inner)+in.newline+outer)
	}
	tail := string(text[last.End:closing])
	kept := strings.TrimRight(tail, " \t\r\n")
	comma := ","
	if strings.HasPrefix(strings.TrimLeft(kept, " \t\r\n"), ",") {
		comma = "" // some readers allow one behind the last
	}
	gap, inner := " ", in.indentOf(last.Start)
	if strings.ContainsAny(tail+string(text[span.Start:last.Start]), "\r\n") {
		gap = in.newline + inner
	}
	return splice(text, last.End, last.End+len(kept), comma+kept+gap+in.nested(rest, element, inner))
}

// last returns the place of the last member or element, with its name.
func (in *inserting) last(at seed.Pointer) (seed.Span, bool) {
	if in.src.Kind(at) == "array" {
		n := in.src.Len(at)
		return in.src.Span(at.Index(max(n-1, 0))), n > 0
	}
	names := in.src.Members(at)
	if len(names) == 0 {
		return seed.Span{}, false
	}
	member := at.Member(names[len(names)-1])
	return seed.Span{Start: in.src.KeySpan(member).Start, End: in.src.Span(member).End}, true
}

// nested returns the element in the objects and the array that are to be made for it.
func (in *inserting) nested(rest []string, element, indent string) string {
	switch len(rest) {
	case 0:
		return element
	case 1:
		inner := indent + in.unit
		return `"` + rest[0] + `": [` + in.newline + inner + element + in.newline + indent + "]"
	}
	inner := indent + in.unit
	return `"` + rest[0] + `": {` + in.newline + inner + in.nested(rest[1:], element, inner) + in.newline + indent + "}"
}

// indentOf returns the blanks at the beginning of a line.
func (in *inserting) indentOf(offset int) string {
	line := in.src.Text[in.src.Line(in.src.Position(offset).Line).Start:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// indentUnit returns the blanks before the first member: one step of the layout.
func indentUnit(text []byte) string {
	for line := range bytes.Lines(text) {
		rest := bytes.TrimLeft(line, " \t")
		if n := len(line) - len(rest); n > 0 && len(bytes.TrimSpace(rest)) > 0 {
			return string(line[:n])
		}
	}
	return "  "
}

func splice(text []byte, from, to int, with string) []byte {
	return append(append(append([]byte{}, text[:from]...), with...), text[to:]...)
}
