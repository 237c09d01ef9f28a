package command

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// usesOf adds the expansions of a text of which parts are refused: a misspelled variable is one with a pipe after it, too. What
// the shell itself sets there is no variable of the job.
func (c *Command) usesOf(file *syntax.File, text string) {
	seen, own := map[Range]bool{}, map[string]bool{}
	for _, u := range c.Uses {
		seen[Range{u.Start, u.End}] = true
	}
	inner := compiler{c: &Command{}, text: text}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Word:
			if start, end := offsets(x); end > start && end <= len(text) {
				inner.parts(x.Parts, context{top: true})
			}
		case *syntax.Assign:
			if x.Name != nil {
				own[x.Name.Value] = true
			}
		case *syntax.WordIter:
			own[x.Name.Value] = true
		case *syntax.CallExpr:
			readInto(x, own)
		case *syntax.ParamExp:
			if x.Exp != nil && (x.Exp.Op == syntax.AssignUnset || x.Exp.Op == syntax.AssignUnsetOrNull) && x.Param != nil {
				own[x.Param.Value] = true
			}
		}
		return true
	})
	for _, u := range inner.c.Uses {
		at := Range{u.Start, u.End}
		if !seen[at] && !own[u.Name] && strings.HasPrefix(text[u.Start:u.End], "$") { // within backquotes the parser's places are not exact
			seen[at] = true
			c.Uses = append(c.Uses, u)
		}
	}
	slices.SortStableFunc(c.Uses, func(a, b Use) int { return a.Start - b.Start })
}

// setters are commands of the shell that set the variables which their arguments name.
var setters = map[string]bool{"read": true, "mapfile": true, "readarray": true, "getopts": true}

func readInto(call *syntax.CallExpr, own map[string]bool) {
	if len(call.Args) == 0 || !setters[call.Args[0].Lit()] {
		return
	}
	for _, w := range call.Args[1:] {
		if name := w.Lit(); syntax.ValidName(name) {
			own[name] = true
		}
	}
}
