package policy

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/patternmatcher"
	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// An Error holds every problem of a policy file, each with path, line and column.
type Error struct{ Problems []string }

func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }

// Read reads the text of a policy file. Rules are the IDs of all rules. An error is an *Error.
func Read(path string, text []byte, rules []string) (*File, error) {
	r := &reader{file: &File{Path: path, Rules: map[string]diag.Severity{}, has: map[string]bool{}}, rules: rules}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		r.syntax(err)
	} else if line := diag.SecondDocument(text); line > 0 {
		r.add(&yaml.Node{Line: line, Column: 1}, "a second document begins here, but the file holds one")
	} else if len(doc.Content) > 0 {
		r.document(doc.Content[0])
	}
	if len(r.problems) > 0 {
		r.conflicts(text)
		return nil, &Error{r.problems}
	}
	return r.file, nil
}

// conflicts names the markers of a merge conflict in a file with problems. Nothing else in it is worth saying then.
func (r *reader) conflicts(text []byte) {
	source := seed.TextSource(text)
	for i, m := range seed.Conflicts(text) {
		if i == 0 {
			r.problems = nil
		}
		at, message := source.Position(m.Span.Start), m.Message
		if m.Hint != "" {
			message += ": " + m.Hint
		}
		r.add(&yaml.Node{Line: at.Line, Column: at.Column}, "%s", message)
	}
}

type reader struct {
	file     *File
	rules    []string
	problems []string
}

// maxProblems is how many problems are reported at once.
const maxProblems = 20

func (r *reader) add(n *yaml.Node, format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, fmt.Sprintf("%s:%d:%d: %s", r.file.Path, max(n.Line, 1), max(n.Column, 1), fmt.Sprintf(format, args...)))
	}
}

func (r *reader) syntax(err error) {
	at, message := &yaml.Node{}, err.Error()
	var load *yaml.LoadError
	if errors.As(err, &load) {
		message, at.Line, at.Column = load.Message, load.Mark.Line, load.Mark.Column
	}
	message, _, _ = strings.Cut(message, "\n")
	r.add(at, "not YAML: %s", message)
}

func (r *reader) document(n *yaml.Node) {
	if n = deref(n); n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return // only comments
	}
	r.members(n, "the file", map[string]func(*yaml.Node){
		"fail-on": r.failOn,
		"rules":   r.severities,
		"build":   r.build,
		"ignore": func(n *yaml.Node) {
			r.mark(ignoreSection)
			for _, e := range r.list(n, "ignore") {
				r.ignore(e)
			}
		},
	})
}

// mark notes that the file has a section, which hides that of files above. An empty one does, too.
func (r *reader) mark(section string) { r.file.has[section] = true }

func (r *reader) failOn(n *yaml.Node) {
	r.mark(failOnSection)
	name, ok := r.text(n, "fail-on")
	if !ok {
		return
	}
	if err := r.file.FailOn.UnmarshalText([]byte(name)); err != nil || r.file.FailOn < diag.Notice {
		r.add(n, "fail-on %q is no severity that can fail: %s", name, suggest(name, []string{"error", "warning", "notice"}, "write error, warning or notice"))
	}
}

func (r *reader) severities(n *yaml.Node) {
	r.mark(rulesSection)
	r.pairs(n, "rules", func(key, value *yaml.Node) {
		r.rule(key)
		name, ok := r.text(value, "a severity")
		if !ok {
			return
		}
		var s diag.Severity
		if err := s.UnmarshalText([]byte(name)); err != nil {
			r.add(value, "%q is no severity: %s", name, suggest(name, []string{"off", "notice", "warning", "error"}, "write off, notice, warning or error"))
		}
		r.file.Rules[key.Value] = s
	})
}

func (r *reader) ignore(n *yaml.Node) {
	var i Ignore
	r.members(n, "an entry of ignore", map[string]func(*yaml.Node){
		"path": func(n *yaml.Node) { i.Patterns = r.texts(n, "path") },
		"rules": func(n *yaml.Node) {
			i.Rules = r.texts(n, "rules")
			for _, e := range elements(n) {
				r.rule(e)
			}
		},
		"reason": func(n *yaml.Node) { i.Reason, _ = r.text(n, "reason") },
	})
	if deref(n).Kind != yaml.MappingNode {
		return
	}
	if len(i.Patterns) == 0 {
		r.add(n, "the entry has no path: say which manifests it is for, as with path: jobs/old")
	}
	if len(i.Rules) == 0 {
		r.add(n, "the entry has no rules: say which are ignored, as with rules: [timeout-long]")
	}
	matcher, err := patternmatcher.New(i.Patterns)
	if err == nil {
		_, err = matcher.MatchesOrParentMatches("a") // compiles the patterns
	}
	if err != nil {
		r.add(n, "path %q: %v", i.Patterns, err)
	}
	i.matcher = matcher
	r.file.Ignore = append(r.file.Ignore, i)
}

// rule reports a name that is not the ID of a rule.
func (r *reader) rule(n *yaml.Node) {
	if n = deref(n); n.Kind == yaml.ScalarNode && !slices.Contains(r.rules, n.Value) {
		r.add(n, "there is no rule %q: %s", n.Value, suggest(n.Value, r.rules, "seedpack rules lists them"))
	}
}

// pairs calls do for each member of a mapping.
func (r *reader) pairs(n *yaml.Node, what string, do func(key, value *yaml.Node)) {
	if n = deref(n); n.Kind != yaml.MappingNode {
		r.add(n, "%s is %s, it should be a mapping", what, kindOf(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := deref(n.Content[i])
		if key.Kind != yaml.ScalarNode {
			r.add(key, "a key is %s, it should be text", kindOf(key))
			continue
		}
		if line, twice := seen[key.Value]; twice {
			r.add(key, "%q is there already, on line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		do(key, n.Content[i+1])
	}
}

// members is pairs with one function for each known key.
func (r *reader) members(n *yaml.Node, what string, do map[string]func(*yaml.Node)) {
	known := make([]string, 0, len(do))
	for k := range do {
		known = append(known, k)
	}
	slices.Sort(known)
	r.pairs(n, what, func(key, value *yaml.Node) {
		if f, ok := do[key.Value]; ok {
			f(value)
			return
		}
		r.add(key, "%s", unknown(what, key.Value, known))
	})
}

func (r *reader) list(n *yaml.Node, what string) []*yaml.Node {
	if n = deref(n); n.Kind != yaml.SequenceNode {
		r.add(n, "%s is %s, it should be a list", what, kindOf(n))
		return nil
	}
	return n.Content
}

func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	n = deref(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.Value == "" {
		r.add(n, "%s is %s, it should be text", what, kindOf(n))
		return "", false
	}
	return n.Value, true
}

// texts reads one text or a list of texts.
func (r *reader) texts(n *yaml.Node, what string) (all []string) {
	for _, e := range elements(n) {
		if s, ok := r.text(e, what); ok {
			all = append(all, s)
		}
	}
	return all
}

func elements(n *yaml.Node) []*yaml.Node {
	if n = deref(n); n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

func deref(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Value == "" || n.ShortTag() == "!!null":
		return "empty"
	}
	return "text"
}

// suggest returns the end of a message: the word that was meant, or another advice.
func suggest(word string, known []string, otherwise string) string {
	if near := diag.Nearest(word, known); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	return otherwise
}
