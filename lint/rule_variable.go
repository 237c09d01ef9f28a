package lint

import (
	"index/suffixarray"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

func variableOf(m member) string { return seed.Variable(m.Name) }

var variableUnique = &Rule{
	Rule: diag.Rule{
		ID:       "variable-unique",
		Severity: diag.Error,
		Summary:  "inputs and settings must give different variables",
		Spec:     "3.1.1.2 S-2.1.1.3.1-05 S-2.1.1.3.1-22 T-15 T-16",
	},
	Check: func(p *Pass) {
		p.unique(p.variables(), variableOf, func(m, first member) {
			p.Reportf(m.name(), "%s %q gives the variable %q, which %s %q on line %d gives too: one of the two would be lost, so choose another",
				m.Kind, m.Name, variableOf(m), first.Kind, first.Name, p.line(first.name()))
		})
	},
}

// allocated returns the variables of the declared resources.
func (p *Pass) allocated() map[string]bool {
	names := map[string]bool{}
	for _, m := range p.scalars() {
		names[seed.AllocatedPrefix+variableOf(m)] = true
	}
	return names
}

var variableReserved = &Rule{
	Rule: diag.Rule{
		ID:       "variable-reserved",
		Severity: diag.Error,
		Summary:  "inputs and settings must not take the standard's own variables",
		Spec:     "3.1.1.2 S-3.1.1.2-01 T-16",
	},
	Check: func(p *Pass) {
		reserved := p.allocated()
		reserved[seed.OutputDir] = true
		for _, m := range p.variables() {
			if v := variableOf(m); reserved[v] {
				p.Reportf(m.name(), "%s %q gives the variable %q, which the executor sets itself: choose another name", m.Kind, m.Name, v)
			}
		}
	},
}

var variableAllocated = &Rule{
	Rule: diag.Rule{
		ID:       "variable-allocated",
		Severity: diag.Warning,
		Summary:  "inputs and settings should not begin with ALLOCATED_",
		Spec:     "3.1.1.2 S-3.1.1.2-01 T-16",
	},
	Check: func(p *Pass) {
		declared := p.allocated()
		for _, m := range p.variables() {
			if v := variableOf(m); strings.HasPrefix(v, seed.AllocatedPrefix) && !declared[v] {
				p.Reportf(m.name(), "%s %q gives the variable %q, one of those for resources, which one of that name would take: choose another name", m.Kind, m.Name, v)
			}
		}
	},
}

// shadows are variables with a meaning to shells, loaders, interpreters and executors.
var shadows = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "TMPDIR",
	"LANG", "LC_ALL", "HOSTNAME", "TERM", "UID", "EUID", "PPID", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PERL5LIB", "RUBYOPT", "NODE_OPTIONS",
	"JAVA_TOOL_OPTIONS", "CLASSPATH", "INPUT_METADATA"}

var shadowPrefixes = []string{"LD_", "SCALE_", "BASH_FUNC_", "DYLD_"}

var variableShadow = &Rule{
	Rule: diag.Rule{
		ID:       "variable-shadow",
		Severity: diag.Warning,
		Summary:  "inputs and settings should not shadow variables with a meaning of their own",
		Spec:     "3.1.1.2 T-16",
	},
	Check: func(p *Pass) {
		for _, m := range p.variables() {
			v := variableOf(m)
			if slices.Contains(shadows, v) || slices.ContainsFunc(shadowPrefixes, func(s string) bool { return strings.HasPrefix(v, s) }) {
				p.Reportf(m.name(), "%s %q gives the variable %q, which shells, loaders or executors give a meaning to: choose another name", m.Kind, m.Name, v)
			}
		}
	},
}

// isShellName reports whether a shell can name a variable, whose name has only capitals, digits and underscores: a capital comes
// before all digits.
func isShellName(name string) bool {
	first := strings.TrimLeft(name, "_")
	return first != "" && first[0] >= 'A' && first[0] <= 'Z' && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}

var variableName = &Rule{
	Rule: diag.Rule{
		ID:       "variable-name",
		Severity: diag.Warning,
		Summary:  "names of inputs and settings should give variables that a shell can name",
		Spec:     "3.1.1.1 T-23",
	},
	Check: func(p *Pass) {
		var text *suffixarray.Index // of the command, in which thousands of names may be sought
		for _, m := range p.variables() {
			v := variableOf(m)
			if isShellName(v) {
				continue
			}
			if text == nil {
				text = suffixarray.New([]byte(p.Job.Interface.Command))
			}
			d := p.Reportf(m.name(), "%s %q gives the variable %q, which no shell can name: begin with a letter", m.Kind, m.Name, v)
			if len(text.Lookup([]byte("$"+v), 1)) > 0 || len(text.Lookup([]byte("${"+v), 1)) > 0 {
				d.Severity = diag.Error
				d.Message += ", since command cannot use it"
			}
		}
	},
}

var variableNormalForm = &Rule{
	Rule: diag.Rule{
		ID:       "variable-normal-form",
		Severity: diag.Notice,
		Summary:  "names of inputs and settings may be written as the variables they become, if others are like them",
		Spec:     "3.1.1.1",
	},
	Check: func(p *Pass) {
		next := map[string]member{} // the one after m, by variable
		for _, m := range slices.Backward(p.variables()) {
			v := variableOf(m)
			if other, ok := next[v]; ok && v != m.Name {
				p.Reportf(m.name(), "%s %q is given to the job as %q, as is %s %q on line %d", m.Kind, m.Name, v, other.Kind, other.Name, p.line(other.name()))
			}
			next[v] = m
		}
	},
}
