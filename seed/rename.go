package seed

import "maps"

// Renamed reads the manifest again, with other names for some members: the values are new names. Rules then see the
// members of an older version, or misspelled ones, under the names that they have now. All places stay those of the text.
func (m *Manifest) Renamed(names map[Pointer]string) *Manifest {
	all := maps.Clone(names)
	maps.Copy(all, m.renamed)
	other := &Manifest{Source: ParseJSON(m.Source.Text), renamed: all}
	other.Source.root.rename("", all)
	decode(other.Source.root, other)
	return other
}

// Written returns the pointer to a value with the names that stand in the text.
func (m *Manifest) Written(p Pointer) Pointer {
	if len(m.renamed) == 0 {
		return p
	}
	n, written := m.Source.root, Pointer("")
	for p != "" {
		var token string
		token, p = p.cut()
		if n != nil {
			if n = n.child(token); n != nil && n.written != "" {
				token = n.written
			}
		}
		written = written.Member(token)
	}
	return written
}

// rename changes the names of members. Keys of names are pointers with the names that stand in the text.
func (n *node) rename(at Pointer, names map[Pointer]string) {
	if n == nil {
		return
	}
	for i, c := range n.children {
		below := at.Index(i)
		if c.member {
			below = at.Member(c.name)
			if to, ok := names[below]; ok {
				c.written, c.name = c.name, to
			}
		}
		c.rename(below, names)
	}
	n.index = nil
	if len(n.children) > fewMembers && n.kind == kindObject {
		n.index = make(map[string]int, len(n.children))
		for i, c := range n.children {
			n.index[c.name] = i
		}
	}
}
