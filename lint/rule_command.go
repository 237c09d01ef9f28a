package lint

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

var commandSyntax = &Rule{
	Rule: diag.Rule{
		ID:       "command-syntax",
		Severity: diag.Error,
		Summary:  "command must be something that Bash can read",
		Spec:     "2.1.1.3 S-2.1.1.3-03 T-09",
	},
	Check: func(p *Pass) {
		if !p.valid(seed.AtCommand) {
			return
		}
		if n := len(p.Job.Interface.Command); n > commandLongest {
			p.Reportf(seed.AtCommand, "command has %d bytes, but no system takes an argument of more than %d", n, commandLongest)
			return
		}
		var e *command.Error
		p.command()
		if p.oldSwitches() {
			p.commands = nil // other rules would speak of the same
		} else if errors.As(p.parsing, &e) {
			p.reportPart(seed.AtCommand, e.Start, e.End, "Bash cannot read command: %s", e.What)
		}
	},
}

var commandShell = &Rule{
	Rule: diag.Rule{
		ID:       "command-shell",
		Severity: diag.Warning,
		Summary:  "command should need no shell",
		Spec:     "3.1.1 S-3.1.1-03 T-09",
	},
	Check: func(p *Pass) {
		c := p.command()
		if c == nil {
			return
		}
		for _, e := range c.Refused {
			d := p.reportPart(seed.AtCommand, e.Start, e.End, "command has %s, but executors start the job without a shell and pass it on as text", e.What)
			d.Hint = "do it in a script of the image; a smoke run ends here with an error"
		}
	},
}

// known returns the variables that a job gets, by name.
func (p *Pass) known() map[string]member {
	if p.names != nil {
		return p.names
	}
	all := map[string]member{seed.OutputDir: {Name: seed.OutputDir, Kind: "output directory", Required: true}}
	for _, m := range p.scalars() {
		all[seed.AllocatedPrefix+variableOf(m)] = member{Name: m.Name, At: m.At, nameAt: m.nameAt, Kind: m.Kind, Required: true}
	}
	for _, m := range p.variables() {
		if v := variableOf(m); all[v].Name == "" { // the executor's own variable wins
			all[v] = m
		}
	}
	p.names = all
	return all
}

// eachUse calls check for every expansion in the command, with its member.
func (p *Pass) eachUse(check func(u command.Use, m member, known bool)) {
	c := p.command()
	if c == nil {
		return
	}
	all := p.known()
	for _, u := range c.Uses {
		m, ok := all[u.Name]
		check(u, m, ok)
	}
}

var commandUndeclared = &Rule{
	Rule: diag.Rule{
		ID:       "command-undeclared",
		Severity: diag.Warning,
		Summary:  "command should use variables that the manifest declares",
		Spec:     "3.1.1 S-3.1.1-03 T-17 J-07 J-11",
	},
	Check: func(p *Pass) {
		p.eachUse(func(u command.Use, _ member, known bool) {
			if !known && !p.Source.Incomplete() && !p.undeclared() {
				who := "no executor sets"
				if scaleOnly(u.Name) {
					who = "only Scale sets"
				}
				d := p.reportPart(seed.AtCommand, u.Start, u.End, "command uses %q, which %s: %s", "$"+u.Name, who, p.knownNames())
				d.Hint = p.undeclaredHint(u)
			}
		})
		p.otherPlaceholders()
	},
}

// undeclared reports whether inputs or settings may be declared under another name, or could not be read.
func (p *Pass) undeclared() bool {
	for _, at := range []seed.Pointer{seed.AtCommand.Parent(), seed.AtInputFiles.Parent(), seed.AtInputFiles, seed.AtInputJSON, seed.AtSettings} {
		if p.replaced[at] || p.Source.Has(at) && !p.valid(at) {
			return true
		}
	}
	return false
}

// scaleOnly reports whether Scale sets a variable that the standard does not have.
func scaleOnly(name string) bool {
	return name == "INPUT_METADATA" || strings.HasPrefix(name, "SCALE_")
}

func (p *Pass) knownNames() string {
	names := slices.SortedFunc(maps.Keys(p.known()), func(a, b string) int {
		return cmp.Or(falseFirst(strings.HasPrefix(a, seed.AllocatedPrefix), strings.HasPrefix(b, seed.AllocatedPrefix)), cmp.Compare(a, b))
	})
	const most = 8
	if len(names) > most {
		names = append(names[:most], "others")
	}
	return "this job has " + joinWords(names)
}

// falseFirst orders false before true.
func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (p *Pass) undeclaredHint(u command.Use) string {
	switch {
	case u.Name == "JOB_OUTPUT_DIR":
		return "JobPack's variable is OUTPUT_DIR in Seed"
	case u.Name == "ALLOCATED_STORAGE":
		return "JobPack's variable is ALLOCATED_DISK in Seed"
	case strings.HasPrefix(u.Name, seed.AllocatedPrefix) && p.allocatedMeant(u.Name) == "":
		return "declare the resource in resources.scalar, since only declared ones have a variable"
	}
	// Bash reads "in" in ${my-in} as a default. The author means the name my-in.
	for _, written := range []string{u.Name, strings.Trim(p.Job.Interface.Command[u.Start:u.End], "${}")} {
		if _, ok := p.known()[seed.Variable(written)]; ok {
			return fmt.Sprintf("the variable is spelled %s", seed.Variable(written))
		}
	}
	if meant := p.meantVariable(u.Name); meant != "" {
		return fmt.Sprintf("did you mean %s?", meant)
	}
	return "declare it as an input or a setting"
}

// meantVariable returns the variable of the job that a name most likely stands for, or "". Of two that may be meant, one that
// differs by a letter wins over one with another name for the same thing.
func (p *Pass) meantVariable(name string) string {
	near := diag.NearestName(name, slices.Sorted(maps.Keys(p.known())))
	switch {
	case near != "" && diag.Edits(name, near) == 1:
		return near
	case outputDirNames[foldName(name)]:
		return seed.OutputDir
	}
	return cmp.Or(p.allocatedMeant(name), near)
}

// outputDirNames are other names for OUTPUT_DIR, folded.
var outputDirNames = map[string]bool{"out": true, "output": true, "outputs": true, "outdir": true, "outputdir": true, "outputsdir": true, "outdirectory": true,
	"outputdirectory": true, "outfolder": true, "outputfolder": true, "outpath": true, "outputpath": true, "joboutputdir": true, "joboutput": true,
	"seedoutputdir": true, "resultdir": true, "resultsdir": true, "outputroot": true}

// allocatedMeant returns the variable of a declared resource that has another name, as MEMORY and ALLOCATED_CPU; "" for none.
func (p *Pass) allocatedMeant(name string) string {
	bare := strings.TrimPrefix(name, seed.AllocatedPrefix)
	resource := cmp.Or(standardResource(bare), bare)
	if v := seed.AllocatedPrefix + seed.Variable(resource); p.known()[v].Kind == "resource" && v != name {
		return v
	}
	return ""
}

func foldName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

var commandSecret = &Rule{
	Rule: diag.Rule{
		ID:       "command-secret",
		Severity: diag.Warning,
		Summary:  "a secret should not stand in the command",
		Spec:     "2.1.1.3.4 T-35",
	},
	Check: func(p *Pass) {
		secret := map[string]bool{}
		for _, s := range p.Job.Interface.Settings {
			secret[seed.Variable(s.Name)] = s.Secret
		}
		p.eachUse(func(u command.Use, m member, _ bool) {
			if m.Kind == "setting" && secret[u.Name] {
				d := p.reportPart(seed.AtCommand, u.Start, u.End, "command holds the secret %q, which executors print or pass as asterisks", m.Name)
				d.Hint = "let the job read the environment variable $" + u.Name
			}
		})
	},
}

var commandOptional = &Rule{
	Rule: diag.Rule{
		ID:       "command-optional",
		Severity: diag.Warning,
		Summary:  "an optional input should not be used bare",
		Spec:     "3.1.1.2 S-3.1.1.2-24 T-28",
	},
	Check: func(p *Pass) {
		p.eachUse(func(u command.Use, m member, known bool) {
			if known && !m.Required && !u.Vanishes && u.Form == command.Plain {
				d := p.reportPart(seed.AtCommand, u.Start, u.End, "command uses the optional %s %q, which moves the arguments after it when absent: Scale passes the text %q instead", m.Kind, m.Name, p.Job.Interface.Command[u.Start:u.End])
				d.Hint = fmt.Sprintf("put a switch before it, ${%s/#/--switch }, or let the job read the environment variable", u.Name)
			}
		})
	},
}

var commandOptionalLiteral = &Rule{
	Rule: diag.Rule{
		ID:       "command-optional-literal",
		Severity: diag.Notice,
		Summary:  "a job should bear the text of an optional input's expansion",
		Spec:     "3.1.1.2 S-3.1.1.2-23 T-28",
	},
	Check: func(p *Pass) {
		p.eachUse(func(u command.Use, m member, known bool) {
			if known && !m.Required && u.Form == command.Prefix {
				p.reportPart(seed.AtCommand, u.Start, u.End, "when %q is absent, Scale passes the text %q: the job should take that for absent", m.Name, p.Job.Interface.Command[u.Start:u.End])
			}
		})
	},
}

var commandQuotes = &Rule{
	Rule: diag.Rule{
		ID:       "command-quotes",
		Severity: diag.Warning,
		Summary:  "command should do without quotes and backslashes",
		Spec:     "2.1.1.3 S-2.1.1.3-03 T-09",
	},
	Check: func(p *Pass) {
		c := p.command()
		if c == nil || len(c.Quotes) == 0 {
			return
		}
		q := c.Quotes[0]
		p.reportPart(seed.AtCommand, q.Start, q.End, "command has the quotes %q, which Bash removes, but executors without a shell pass on and split at blanks", p.Job.Interface.Command[q.Start:q.End])
	},
}

var commandPortability = &Rule{
	Rule: diag.Rule{
		ID:       "command-portability",
		Severity: diag.Warning,
		Summary:  "command should use expansions that all executors know",
		Spec:     "3.1.1 S-3.1.1-05 S-3.1.1.2-25",
	},
	Check: func(p *Pass) {
		p.eachUse(func(u command.Use, _ member, known bool) {
			if u.Form == command.BashOnly && known && !p.refused(u) {
				d := p.reportPart(seed.AtCommand, u.Start, u.End, "command has the expansion %q, which Bash knows but Scale passes on as text", p.Job.Interface.Command[u.Start:u.End])
				d.Hint = fmt.Sprintf("every executor knows $%s and ${%s}", u.Name, u.Name)
			}
		})
	},
}

// refused reports whether an expansion as a whole is a part of the command that needs a shell, which is reported already.
func (p *Pass) refused(u command.Use) bool {
	return slices.ContainsFunc(p.command().Refused, func(e *command.Error) bool { return e.Start == u.Start && e.End == u.End })
}

var commandBrackets = &Rule{
	Rule: diag.Rule{
		ID:       "command-brackets",
		Severity: diag.Warning,
		Summary:  "braces in a command should be balanced",
		Spec:     "2.1.1.3 S-2.1.1.3-03 T-09",
	},
	Check: func(p *Pass) {
		text := p.Job.Interface.Command
		if p.command() == nil || strings.Count(text, "{") == strings.Count(text, "}") {
			return
		}
		var open []int
		for i, r := range text {
			switch {
			case r == '{':
				open = append(open, i)
			case r == '}' && len(open) == 0:
				p.reportPart(seed.AtCommand, i, i+1, "command closes a brace that is not open, for which Scale refuses the job")
				return
			case r == '}':
				open = open[:len(open)-1]
			}
		}
		last := open[len(open)-1]
		p.reportPart(seed.AtCommand, last, last+1, "command does not close this brace, for which Scale refuses the job")
	},
}

var commandAllocated = &Rule{
	Rule: diag.Rule{
		ID:       "command-allocated",
		Severity: diag.Warning,
		Summary:  "amounts of resources should be read from the environment",
		Spec:     "3.1.1.2 S-2.1.1.2-01",
	},
	Check: func(p *Pass) {
		p.eachUse(func(u command.Use, m member, _ bool) {
			if m.Kind == "resource" {
				p.reportPart(seed.AtCommand, u.Start, u.End, "command uses %q, which Scale does not expand there: let the job read the environment variable", "$"+u.Name)
			}
		})
	},
}

var commandSettingName = &Rule{
	Rule: diag.Rule{
		ID:       "command-setting-name",
		Severity: diag.Warning,
		Summary:  "a setting used in the command should be named as its variable",
		Spec:     "3.1.1 S-2.1.1.3.4-05",
	},
	Check: func(p *Pass) {
		p.eachUse(func(u command.Use, m member, _ bool) {
			named := func(m member) bool { return m.Name == u.Name } // another input or setting, which Scale expands
			if m.Kind == "setting" && !slices.ContainsFunc(p.variables(), named) {
				p.reportPart(seed.AtCommand, u.Start, u.End, "command uses the setting %q as %q, which Scale does not expand: name the setting %s", m.Name, "$"+u.Name, u.Name)
			}
		})
	},
}

var commandBraces = &Rule{
	Rule: diag.Rule{
		ID:       "command-braces",
		Severity: diag.Notice,
		Summary:  "variables may stand in braces where another one is the beginning of their name",
		Spec:     "3.1.1 S-3.1.1-05",
	},
	Check: func(p *Pass) {
		all := p.known()
		p.eachUse(func(u command.Use, _ member, known bool) {
			text := p.Job.Interface.Command[u.Start:u.End]
			if !known || strings.HasPrefix(text, "${") {
				return
			}
			for i := 1; i < len(u.Name); i++ {
				if _, ok := all[u.Name[:i]]; ok {
					d := p.reportPart(seed.AtCommand, u.Start, u.End, "%q begins with the variable %q, which the older CLI replaces within it: write it in braces", text, u.Name[:i])
					p.rewritePart(d, "Write it in braces", u.Start, u.End, "${"+u.Name+"}")
					return
				}
			}
		})
	},
}

var commandJSON = &Rule{
	Rule: diag.Rule{
		ID:       "command-json",
		Severity: diag.Notice,
		Summary:  "values that may hold blanks are better read from the environment",
		Spec:     "2.1.1.3 T-09 T-10",
	},
	Check: func(p *Pass) {
		types := map[string]string{}
		for _, in := range p.Job.Interface.Inputs.JSON {
			types[seed.Variable(in.Name)] = in.Type
		}
		p.eachUse(func(u command.Use, m member, _ bool) {
			t := types[u.Name]
			if m.Kind == "json input" && !u.Quoted && (t == "object" || t == "array" || t == "string") {
				p.reportPart(seed.AtCommand, u.Start, u.End, "command uses the json input %q of type %s, which becomes several arguments when it holds blanks: let the job read the environment variable", m.Name, t)
			}
		})
	},
}
