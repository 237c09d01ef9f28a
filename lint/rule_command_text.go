package lint

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

// oldSwitch matches the form of Scale before Seed in which a switch comes before an optional input: ${-i :IN}.
var oldSwitch = lazy.Regexp(`\$\{("?)([^:{}"]*[^:{}"\w][^:{}"]*)("?):(\w+)\}`)

// oldSwitches reports expansions of Scale's old form. Bash reads some of them, but not as their author meant it.
func (p *Pass) oldSwitches() bool {
	text := p.Job.Interface.Command
	if !strings.Contains(text, ":") {
		return false
	}
	all := oldSwitch().FindAllStringSubmatchIndex(text, -1)
	for _, m := range all {
		d := p.reportPart(seed.AtCommand, m[0], m[1], "command has %q, the form that Scale had before Seed for a switch and an input", text[m[0]:m[1]])
		d.Hint = fmt.Sprintf("write ${%s/#/%s}", text[m[8]:m[9]], text[m[4]:m[5]])
		if p.parsing == nil {
			d.Severity = diag.Warning
		}
	}
	return len(all) > 0
}

var commandEmpty = &Rule{
	Rule: diag.Rule{
		ID:       "command-empty",
		Severity: diag.Warning,
		Summary:  "a command should not be empty",
		Spec:     "2.1.1.3 T-34",
	},
	Check: func(p *Pass) {
		if p.valid(seed.AtCommand) && blank(p.Job.Interface.Command) {
			p.Reportf(seed.AtCommand, "command is %q, for which executors pass one empty argument: leave it out, or write the arguments", p.Job.Interface.Command)
		}
	},
}

var commandBlanks = &Rule{
	Rule: diag.Rule{
		ID:       "command-blanks",
		Severity: diag.Warning,
		Summary:  "one blank should separate arguments",
		Spec:     "2.1.1.3 T-09",
	},
	Check: func(p *Pass) {
		c := p.command()
		if c == nil {
			return
		}
		if len(c.Words) == 0 || len(c.Refused) > 0 {
			return
		}
		text, last := p.Job.Interface.Command, len(c.Words)-1
		var b blankFinder
		b.look(text, 0, c.Words[0].Start, "begins with blanks", "")
		for i := 1; i < len(c.Words); i++ {
			from, to := c.Words[i-1].End, c.Words[i].Start
			what := fmt.Sprintf("has %d blanks in a row", to-from)
			if strings.Contains(text[from:to], "\t") {
				what = "has a tab between arguments"
			}
			b.look(text, from, to, what, " ")
		}
		b.look(text, c.Words[last].End, len(text), "ends with blanks", "")
		b.report(p)
	},
}

// A blankFinder collects blanks of a command that are others than those that should be there. They are one finding.
type blankFinder struct {
	first    command.Range
	what     string
	from, to []int
	should   []string
}

func (b *blankFinder) look(text string, from, to int, what, should string) {
	if text[from:to] == should {
		return
	}
	if len(b.from) == 0 {
		b.first, b.what = command.Range{Start: from, End: to}, what
	}
	b.from, b.to, b.should = append(b.from, from), append(b.to, to), append(b.should, should)
}

func (b *blankFinder) report(p *Pass) {
	if len(b.from) == 0 {
		return
	}
	d := p.reportPart(seed.AtCommand, b.first.Start, b.first.End, "command %s, but executors split it at single blanks and pass wrong arguments", b.what)
	fix := diag.Fix{Title: "Write one blank between arguments"}
	for i := range b.from {
		fix.Edits = append(fix.Edits, diag.Edit{Span: p.Source.StringSpan(seed.AtCommand, b.from[i], b.to[i]), New: b.should[i]})
	}
	d.Fixes = []diag.Fix{fix}
}
