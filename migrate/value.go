package migrate

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/seedpack/seedpack/seed"
)

// An object is a JSON object that keeps the order of its members. Values are *object, []any, string, json.Number, bool
// and nil.
type object struct {
	names  []string
	values []any
	index  map[string]int // of large objects only
}

// fewMembers is the size up to which members are searched one by one.
const fewMembers = 16

func newObject() *object { return &object{} }

func (o *object) at(name string) int {
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return i
		}
		return -1
	}
	return slices.Index(o.names, name)
}

func (o *object) get(name string) (any, bool) {
	if i := o.at(name); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

func (o *object) set(name string, value any) {
	if i := o.at(name); i >= 0 {
		o.values[i] = value
		return
	}
	o.insert(len(o.names), name, value)
}

// insert adds a member before the one with an index.
func (o *object) insert(i int, name string, value any) {
	o.names, o.values = slices.Insert(o.names, i, name), slices.Insert(o.values, i, value)
	switch {
	case len(o.names) <= fewMembers:
	case o.index != nil && i == len(o.names)-1:
		o.index[name] = i
	default:
		o.index = make(map[string]int, len(o.names))
		for i, name := range o.names {
			o.index[name] = i
		}
	}
}

// MarshalJSON writes the members in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encode(name))
		b.WriteByte(':')
		b.Write(encode(o.values[i]))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode returns a value as JSON text in one line. It escapes no more characters than it must, and leaves numbers as
// they are written.
func encode(value any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // values of this package always have JSON text
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// indent returns a value as JSON text for people, with a line break at its end.
func indent(value any) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, encode(value), "", "  "); err != nil {
		panic(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// read returns the value at a pointer of a document, in the order of its text.
func read(src *seed.Source, at seed.Pointer) any {
	switch src.Kind(at) {
	case "object":
		o := newObject()
		for _, name := range src.Members(at) {
			o.set(name, read(src, at.Member(name)))
		}
		return o
	case "array":
		all := make([]any, src.Len(at))
		for i := range all {
			all[i] = read(src, at.Index(i))
		}
		return all
	case "string":
		return text(src, at)
	case "number":
		return json.Number(src.Raw(at))
	case "boolean":
		return string(src.Raw(at)) == "true"
	}
	return nil
}

// text returns the string at a pointer, or "" if there is none.
func text(src *seed.Source, at seed.Pointer) string {
	var s string
	if src.Kind(at) == "string" && json.Unmarshal(src.Raw(at), &s) != nil {
		return ""
	}
	return s
}

// find returns the value at a pointer.
func find(value any, at seed.Pointer) (any, bool) {
	for _, token := range tokens(at) {
		switch v := value.(type) {
		case *object:
			member, ok := v.get(token)
			if !ok {
				return nil, false
			}
			value = member
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) || strconv.Itoa(i) != token {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// replace puts a value in the place of the one at a pointer, which exists and is not the whole document.
func replace(root any, at seed.Pointer, value any) {
	parent, _ := find(root, at.Parent())
	switch v := parent.(type) {
	case *object:
		v.set(at.Base(), value)
	case []any:
		if i, err := strconv.Atoi(at.Base()); err == nil {
			v[i] = value
		}
	}
}

// tokens returns the tokens of a pointer, unescaped.
func tokens(at seed.Pointer) []string {
	var all []string
	for at != "" {
		all = append(all, at.Base())
		at = at.Parent()
	}
	slices.Reverse(all)
	return all
}
