package cases

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/seed"
)

// A document is the text of a smoke file that is changed member by member. What is not changed keeps every byte: comments, order,
// quotes and blank lines. So it is not written anew from its nodes.
type document struct{ text []byte }

// A member is a key and a value to write: a text in flow style, or further members.
type member struct {
	key     string
	value   string
	members []member
}

// errAlias says that a place cannot be changed without a change to others, or that it is written in a way that is not known here.
var errAlias = errors.New("it uses anchors, aliases, tags or values over several lines")

// put sets the value at a path of a case. It makes the mappings on the way that are missing.
func (d *document) put(index int, path []string, value member) error {
	n, err := d.find(index)
	if err != nil {
		return err
	}
	for i, key := range path {
		if err := usable(n); err != nil {
			return err
		}
		k := keyIndex(n, key)
		if k < 0 {
			return d.insert(n, nest(path[i:], value))
		}
		n = n.Content[k+1]
	}
	return d.replace(n, value.flow())
}

// keyIndex returns where a mapping has a key, or -1.
func keyIndex(n *yaml.Node, key string) int {
	for k := 0; k+1 < len(n.Content); k += 2 {
		if n.Content[k].Value == key {
			return k
		}
	}
	return -1
}

// usable refuses what is no mapping, and what others refer to.
func usable(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return errAlias
	}
	return simple(n)
}

// nest returns the members of a path with a value at its end.
func nest(path []string, value member) member {
	if len(path) == 1 {
		return member{path[0], value.value, value.members}
	}
	return member{key: path[0], members: []member{nest(path[1:], value)}}
}

// remove removes a member of a case. A mapping that is empty then becomes {}.
func (d *document) remove(index int, path []string) error {
	n, err := d.find(index)
	if err != nil {
		return err
	}
	var key *yaml.Node // of n
	for i, name := range path {
		if err := usable(n); err != nil {
			return err
		}
		k := keyIndex(n, name)
		if k < 0 {
			return nil
		}
		if i < len(path)-1 {
			key, n = n.Content[k], n.Content[k+1]
			continue
		}
		if len(n.Content) == 2 {
			return d.empty(key, n)
		}
		return d.cut(n, k)
	}
	return nil
}

// find returns the node of a case.
func (d *document) find(index int) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(d.text, &doc); err != nil {
		return nil, err
	}
	top := doc.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		if list := top.Content[i+1]; top.Content[i].Value == "cases" && list.Kind == yaml.SequenceNode && index < len(list.Content) {
			return list.Content[index], nil
		}
	}
	return nil, errAlias
}

func simple(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return errAlias
	}
	return nil
}

func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

// offset returns where a node begins. YAML counts characters.
func (d *document) offset(n *yaml.Node) int {
	at := 0
	for line := 1; line < n.Line; line++ {
		i := bytes.IndexByte(d.text[at:], '\n')
		if i < 0 {
			return len(d.text)
		}
		at += i + 1
	}
	for column := 1; column < n.Column && at < len(d.text); column++ {
		_, size := utf8.DecodeRune(d.text[at:])
		at += size
	}
	return at
}

// end returns where a node ends, without comments behind it.
func (d *document) end(n *yaml.Node) (int, error) {
	if err := simple(n); err != nil {
		return 0, err
	}
	at := d.offset(n)
	switch {
	case n.Kind == yaml.ScalarNode:
		return d.scalarEnd(n, at)
	case isFlow(n):
		return d.flowEnd(at)
	case len(n.Content) > 0:
		return d.end(n.Content[len(n.Content)-1])
	}
	return 0, errAlias
}

func (d *document) scalarEnd(n *yaml.Node, at int) (int, error) {
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 0, errAlias
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return d.quotedEnd(at)
	case n.Value == "" || !bytes.HasPrefix(d.text[at:], []byte(n.Value)): // empty, or over several lines
		return 0, errAlias
	}
	return at + len(n.Value), nil
}

// quotedEnd returns where a scalar in quotes ends.
func (d *document) quotedEnd(at int) (int, error) {
	for i, quote := at+1, d.text[at]; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '\\' && quote == '"':
			i++
		case c == quote && quote == '\'' && bytes.HasPrefix(d.text[i+1:], []byte("'")):
			i++
		case c == quote:
			return i + 1, nil
		}
	}
	return 0, errAlias
}

// flowEnd returns where a flow mapping or sequence ends, by its brackets.
func (d *document) flowEnd(at int) (int, error) {
	depth := 0
	for i := at; i < len(d.text); i++ {
		switch c := d.text[i]; c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		case '"', '\'':
			if !strings.ContainsRune(" \t\n,[{:", rune(d.text[i-1])) { // within a plain scalar
				continue
			}
			end, err := d.quotedEnd(i)
			if err != nil {
				return 0, err
			}
			i = end - 1
		case '#':
			if strings.ContainsRune(" \t\n", rune(d.text[i-1])) {
				i = d.lineEnd(i)
			}
		}
	}
	return 0, errAlias
}

// lineEnd returns where the line with an offset ends, without its line break.
func (d *document) lineEnd(at int) int {
	if i := bytes.IndexByte(d.text[at:], '\n'); i >= 0 {
		at += i
	} else {
		at = len(d.text)
	}
	if at > 0 && at < len(d.text) && d.text[at-1] == '\r' {
		at--
	}
	return at
}

func (d *document) lineStart(at int) int { return bytes.LastIndexByte(d.text[:at], '\n') + 1 }

// eol returns the line break of the file.
func (d *document) eol() string {
	if bytes.Contains(d.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

func (d *document) splice(start, end int, text string) {
	d.text = slices.Concat(d.text[:start], []byte(text), d.text[end:])
}

// insert adds a member at the end of a mapping.
func (d *document) insert(n *yaml.Node, m member) error {
	if len(n.Content) == 0 { // {}
		return d.replace(n, "{ "+m.flowMember()+" }")
	}
	at, err := d.end(n.Content[len(n.Content)-1])
	if err != nil {
		return err
	}
	if isFlow(n) {
		d.splice(at, at, ", "+m.flowMember())
		return nil
	}
	var b strings.Builder
	m.block(&b, d.eol(), n.Column-1, d.step(n))
	at = d.lineEnd(at)
	d.splice(at, at, b.String())
	return nil
}

// step returns by how much the members of a mapping's members are indented.
func (d *document) step(n *yaml.Node) int {
	for i := 1; i < len(n.Content); i += 2 {
		if c := n.Content[i]; c.Kind == yaml.MappingNode && !isFlow(c) && c.Column > n.Column {
			return c.Column - n.Column
		}
	}
	return 2
}

// replace replaces the value of a member.
func (d *document) replace(n *yaml.Node, text string) error {
	end, err := d.end(n)
	if err != nil {
		return err
	}
	start := d.offset(n)
	if n.Kind != yaml.ScalarNode && !isFlow(n) { // it may begin on a line of its own: then it goes to the end of its key
		before := bytes.TrimRight(d.text[:start], " \t\r\n")
		if !bytes.HasSuffix(before, []byte(":")) {
			return errAlias // a comment stands between
		}
		start, text = len(before), " "+text
	}
	d.splice(start, end, text)
	return nil
}

// cut removes a member of a mapping with several.
func (d *document) cut(n *yaml.Node, k int) error {
	start := d.offset(n.Content[k])
	end, err := d.end(n.Content[k+1])
	if err != nil {
		return err
	}
	switch last := k+2 == len(n.Content); {
	case isFlow(n) && last:
		start, err = d.end(n.Content[k-1])
	case isFlow(n):
		end = d.offset(n.Content[k+2])
	case len(bytes.TrimSpace(d.text[d.lineStart(start):start])) > 0 && !last: // behind the dash of a list
		end = d.offset(n.Content[k+2])
	default:
		if start, end = d.lineStart(start), d.lineEnd(end); bytes.HasPrefix(d.text[end:], []byte(d.eol())) {
			end += len(d.eol())
		}
	}
	if err == nil {
		d.splice(start, end, "")
	}
	return err
}

// empty removes the only member of a mapping, which is the value of a key.
func (d *document) empty(key, n *yaml.Node) error {
	if isFlow(n) {
		return d.replace(n, "{}")
	}
	after, err := d.end(key)
	if err != nil {
		return err
	}
	colon := bytes.IndexByte(d.text[after:], ':')
	end, err := d.end(n)
	if err != nil || colon < 0 {
		return errors.Join(err, errAlias)
	}
	start := d.lineStart(d.offset(n))
	if end = d.lineEnd(end); bytes.HasPrefix(d.text[end:], []byte(d.eol())) {
		end += len(d.eol())
	}
	if start <= after {
		return errAlias
	}
	d.splice(start, end, "")
	d.splice(after+colon+1, after+colon+1, " {}")
	return nil
}

// flow writes a value in flow style.
func (m member) flow() string {
	if len(m.members) == 0 {
		return m.value
	}
	var all []string
	for _, sub := range m.members {
		all = append(all, sub.flowMember())
	}
	return "{ " + strings.Join(all, ", ") + " }"
}

func (m member) flowMember() string { return plainKey(m.key) + ": " + m.flow() }

// block writes a member in block style, on lines of its own.
func (m member) block(b *strings.Builder, eol string, indent, step int) {
	b.WriteString(eol + strings.Repeat(" ", indent) + plainKey(m.key) + ":")
	if len(m.members) == 0 {
		b.WriteString(" " + m.value)
		return
	}
	for _, sub := range m.members {
		sub.block(b, eol, indent+step, step)
	}
}

// plainKey writes a name of the manifest. Names have no characters that YAML knows, but may be words that it does.
func plainKey(name string) string {
	var n yaml.Node
	if yaml.Unmarshal([]byte(name), &n) == nil && len(n.Content) == 1 && n.Content[0].Kind == yaml.ScalarNode && n.Content[0].Value == name && n.Content[0].ShortTag() == "!!str" {
		return name
	}
	return string(compact(name))
}

// same reports whether two texts hold the same JSON value.
func same(a, b []byte) bool {
	x, y := seed.ParseJSON(a), seed.ParseJSON(b)
	return len(x.Problems) == 0 && len(y.Problems) == 0 && string(compact(x.Value())) == string(compact(y.Value()))
}
