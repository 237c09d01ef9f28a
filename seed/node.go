package seed

import "strconv"

type kind byte

const (
	kindBroken kind = iota // not readable as a value
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
	kind     kind
	member   bool // it is the value of a member: name, key and first are set
	nameless bool // its name is not certain
	flawed   bool // it is a string whose text is not certain
	span     Span
	text     string // a string decoded; a number, true or false as written
	name     string
	written  string // the name in the text, if name is another one
	key      Span   // place of the name, with its quotes
	first    int    // index of the first sibling with the same name
	// children are the elements of an array or the members of an object.
	children []*node
	index    map[string]int // only for large objects: the last child of each name
}

// fewMembers is the size up to which members are searched one by one. Larger objects get an index, which avoids
// quadratic time.
const fewMembers = 12

// add appends a member. It returns the earlier member with the same name, or nil.
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

// last returns the index of the last member with a name among the children, or -1.
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

// child returns the member or element for one token of a pointer, or nil.
func (n *node) child(token string) *node {
	i := -1
	switch n.kind {
	case kindObject:
		i = n.last(token)
	case kindArray:
		// RFC 6901 writes an index without a sign and without leading zeros.
		if v, err := strconv.Atoi(token); err == nil && strconv.Itoa(v) == token && v < len(n.children) {
			i = v
		}
	}
	if i < 0 {
		return nil
	}
	return n.children[i]
}
