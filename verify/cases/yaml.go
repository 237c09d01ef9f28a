package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

func (r *reader) addAt(rule *diag.Rule, at seed.Span, hint, format string, args ...any) {
	r.report.Add(diag.Diagnostic{Rule: rule, Span: &at, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) add(rule *diag.Rule, n *yaml.Node, format string, args ...any) {
	r.addAt(rule, r.span(n), "", format, args...)
}

// span returns the place of a node. YAML knows only the start. A scalar ends on its line at the latest.
func (r *reader) span(n *yaml.Node) seed.Span {
	line := r.report.Source.Line(n.Line)
	start := line.Start
	for column := 1; column < n.Column && start < line.End; column++ {
		_, size := utf8.DecodeRune(r.report.Source.Text[start:line.End])
		start += size
	}
	length := 1
	if n.Kind == yaml.ScalarNode {
		length = len(n.Value)
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			length += 2
		}
	}
	return seed.Span{Start: start, End: min(start+max(length, 1), max(line.End, start))}
}

// syntax reports an error of the YAML parser.
func (r *reader) syntax(err error) {
	at, message := &yaml.Node{Line: 1, Column: 1}, err.Error()
	var load *yaml.LoadError
	if errors.As(err, &load) {
		message, at.Line, at.Column = load.Message, max(load.Mark.Line, 1), max(load.Mark.Column, 1)
	}
	message, _, _ = strings.Cut(message, "\n")
	r.add(syntaxRule, at, "not YAML: %s", message)
}

// pairs calls do for each member of a mapping.
func (r *reader) pairs(n *yaml.Node, what string, do func(key, value *yaml.Node)) {
	n = deref(n)
	if n.Kind != yaml.MappingNode {
		r.add(typeRule, n, "%s is %s, it should be a mapping", what, kindOf(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if line, twice := seen[key.Value]; twice {
			r.add(keyRule, key, "%q is there already, on line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		do(key, n.Content[i+1])
	}
}

// members is pairs with one function for each known key.
func (r *reader) members(n *yaml.Node, what string, do map[string]func(*yaml.Node)) {
	r.pairs(n, what, func(key, value *yaml.Node) {
		if f, ok := do[key.Value]; ok {
			f(value)
			return
		}
		known := make([]string, 0, len(do))
		for k := range do {
			known = append(known, k)
		}
		slices.Sort(known)
		r.add(keyRule, key, "%s has no key %q, there are %s", what, key.Value, strings.Join(known, ", "))
	})
}

func deref(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "a boolean"
	}
	return "text"
}

func (r *reader) list(n *yaml.Node, what string) []*yaml.Node {
	n = deref(n)
	if n.Kind != yaml.SequenceNode {
		r.add(typeRule, n, "%s is %s, it should be a list", what, kindOf(n))
		return nil
	}
	return n.Content
}

func (r *reader) text(n *yaml.Node, what string) string {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		r.add(typeRule, n, "%s is %s, it should be text", what, kindOf(n))
		return ""
	}
	return n.Value
}

func (r *reader) texts(n *yaml.Node, what string) (all []string) {
	if n = deref(n); n.Kind == yaml.ScalarNode {
		return []string{r.text(n, what)}
	}
	for _, e := range r.list(n, what) {
		all = append(all, r.text(e, what))
	}
	return all
}
