package seed

import "strconv"

type kind byte

const (
	kindBroken kind = iota // what could not be read as a value
	kindObject
	kindArray
	kindString
	kindNumber
	kindBoolean
	kindNull
)

var kindNames = [...]string{"", "object", "array", "string", "number", "boolean", "null"}

func (k kind) String() string { return kindNames[k] }

// A node is one value of a document.
type node struct {
	kind   kind
	span   Span
	text   string // of a string, decoded; of a number, true or false, as written
	member bool   // it is the value of a member, which name, key and first describe
	name   string
	key    Span // of the name, with its quotes
	first  int  // among its siblings, the first of the same name
	// children are the elements of an array or the members of an object.
	children []*node
	index    map[string]int // of large objects: the last child of each name
}

// fewMembers are searched one by one; more are indexed, so that an object of many members takes no quadratic time.
const fewMembers = 12

// add appends a member and tells which earlier one has its name.
func (n *node) add(c *node) (first *node) {
	c.member, c.first = true, len(n.children)
	if i := n.last(c.name); i >= 0 {
		c.first = n.children[i].first
		first = n.children[c.first]
	}
	n.children = append(n.children, c)
	switch {
	case n.index != nil:
		n.index[c.name] = len(n.children) - 1
	case len(n.children) > fewMembers:
		n.index = make(map[string]int, 2*fewMembers)
		for i, c := range n.children {
			n.index[c.name] = i
		}
	}
	return first
}

// last is the place among the children of the last member of the given name, -1 when there is none.
func (n *node) last(name string) int {
	if n.index != nil {
		if i, ok := n.index[name]; ok {
			return i
		}
		return -1
	}
	for i := len(n.children) - 1; i >= 0; i-- {
		if n.children[i].name == name {
			return i
		}
	}
	return -1
}

// child is the member or element that a pointer's token names, or nil.
func (n *node) child(token string) *node {
	i := -1
	switch n.kind {
	case kindObject:
		i = n.last(token)
	case kindArray:
		// RFC 6901 writes an index without sign and leading zeros.
		if v, err := strconv.Atoi(token); err == nil && strconv.Itoa(v) == token && v < len(n.children) {
			i = v
		}
	}
	if i < 0 {
		return nil
	}
	return n.children[i]
}
