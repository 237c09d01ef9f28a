package lint

import (
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/seed"
)

// otherPlaceholder matches a variable as templates of other systems have it: {{ NAME }}, {NAME}, %NAME%, @NAME@ and %(NAME)s.
var otherPlaceholder = lazy.Regexp(`^(?:\{\{[ \t]*\.?([\w-]+)[ \t]*\}\}|\{([\w-]+)\}|%([\w-]+)%|@([\w-]+)@|%\(([\w-]+)\)s?)`)

// otherPlaceholders reports variables of this job that the command has in the form of another system. Other text in braces is the job's.
func (p *Pass) otherPlaceholders() {
	text := p.Job.Interface.Command
	for at := 0; at < len(text); at++ {
		if c := text[at]; c != '%' && c != '@' && (c != '{' || at > 0 && text[at-1] == '$') {
			continue
		}
		m := otherPlaceholder().FindStringSubmatch(text[at:])
		if m == nil {
			continue
		}
		for _, name := range m[1:] {
			if name = seed.Variable(name); name != "" && p.isKnown(name) {
				d := p.reportPart(seed.AtCommand, at, at+len(m[0]), "command has %q, which no executor replaces: a variable is written ${%s}", m[0], name)
				p.edit(d, "Write ${"+name+"}", *d.Span, "${"+name+"}")
			}
		}
		at += len(m[0]) - 1
	}
}

func (p *Pass) isKnown(name string) bool {
	_, known := p.known()[name]
	return known && p.valid(seed.AtCommand)
}
