package seed

import "iter"

// An Element is a value of a document, as Source.Value returns it, without a copy of what it holds. The zero Element is no value.
type Element struct{ node *node }

// Root returns the whole document. It is no value if there is none.
func (s *Source) Root() Element { return Element{s.root} }

// Kind returns object, array, string, number, boolean or null. It returns "" for no value, and for one that could not be read.
func (e Element) Kind() string {
	if e.node == nil {
		return ""
	}
	return e.node.kind.String()
}

// Text returns a string, or a number as it is written. It returns "" for other values.
func (e Element) Text() string {
	if e.node == nil || e.node.kind != kindString && e.node.kind != kindNumber {
		return ""
	}
	return e.node.text
}

// Len returns the number of elements of an array, and 0 for other values.
func (e Element) Len() int {
	if e.node == nil || e.node.kind != kindArray {
		return 0
	}
	return len(e.node.children)
}

// At returns an element of an array.
func (e Element) At(i int) Element { return Element{e.node.children[i]} }

// Member returns the member of an object with a name. The last of several counts, and none whose name is not certain.
func (e Element) Member(name string) (member Element, ok bool) {
	if e.node == nil || e.node.kind != kindObject {
		return Element{}, false
	}
	i := e.node.last(name)
	for i >= 0 && (e.node.children[i].nameless || e.node.children[i].name != name) {
		i--
	}
	if i < 0 {
		return Element{}, false
	}
	return Element{e.node.children[i]}, true
}

// Names returns the names of the members of an object, in the order of the text. Those that are not certain are left out, and one
// that is there twice is returned twice.
func (e Element) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		if e.node == nil || e.node.kind != kindObject {
			return
		}
		for _, c := range e.node.children {
			if !c.nameless && !yield(c.name) {
				return
			}
		}
	}
}
