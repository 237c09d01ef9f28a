package command

// A Node is a piece of a word, for programs that expand commands in another language. It is an expansion if Name is set, or else
// text. The members have short names, since trees are written into files of other systems.
type Node struct {
	Text   string `json:"text,omitempty"`
	Quoted bool   `json:"quoted,omitempty"` // not split; an empty one still makes a word
	Plain  bool   `json:"plain,omitempty"`  // text outside of expansions: not split either
	Name   string `json:"name,omitempty"`
	// Op is empty for the value, or "default", "alternative", "prefix", "longest-prefix", "suffix", "longest-suffix" or "replace".
	Op     string `json:"op,omitempty"`
	Colon  bool   `json:"colon,omitempty"`  // an empty value counts as unset
	Word   []Node `json:"word,omitempty"`   // the default, the alternative or the replacement
	Match  []Node `json:"match,omitempty"`  // the pattern
	Anchor string `json:"anchor,omitempty"` // "#" or "%" if a replacement is bound to an end
	All    bool   `json:"all,omitempty"`    // replace every match
}

var opNames = map[op]string{value: "", defaultValue: "default", alternative: "alternative", cutShortPrefix: "prefix", cutLongPrefix: "longest-prefix",
	cutShortSuffix: "suffix", cutLongSuffix: "longest-suffix", replacement: "replace"}

// Tree returns the pieces of each word. It must not be called if parts are refused.
func (c *Command) Tree() [][]Node {
	words := make([][]Node, len(c.words))
	for i, parts := range c.words {
		words[i] = nodes(parts)
	}
	return words
}

func nodes(parts []part) []Node {
	var out []Node
	for _, p := range parts {
		n := Node{Text: p.text, Quoted: p.quoted, Plain: p.plain, Name: p.name, Op: opNames[p.op], Colon: p.colon, Word: nodes(p.word), Match: nodes(p.match), All: p.all}
		if p.anchor != 0 {
			n.Anchor = string(p.anchor)
		}
		out = append(out, n)
	}
	return out
}
