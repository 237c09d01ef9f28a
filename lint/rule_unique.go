package lint

import (
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// unique reports every member with the key of an earlier one.
func (p *Pass) unique(all []member, key func(member) string, report func(m, first member)) {
	seen := map[string]member{}
	for _, m := range all {
		k := key(m)
		if first, ok := seen[k]; ok {
			report(m, first)
		} else {
			seen[k] = m
		}
	}
}

func exactName(m member) string { return m.Name }

func (p *Pass) uniqueNames(all []member, why string) {
	p.unique(all, exactName, func(m, first member) {
		p.Reportf(m.name(), "%s name %q is already used on line %d: %s", m.Kind, m.Name, p.line(first.name()), why)
	})
}

var outputNameUnique = &Rule{
	Rule: diag.Rule{
		ID:       "output-name-unique",
		Severity: diag.Error,
		Summary:  "output names must be unique",
		Spec:     "2.1.1.3.2 S-2.1.1.3.2-10 S-2.1.1.3.2-21 T-15",
	},
	Check: func(p *Pass) {
		p.uniqueNames(p.outputs(), "one of the two would be lost, so choose another")
	},
}

var errorNameUnique = &Rule{
	Rule: diag.Rule{
		ID:       "error-name-unique",
		Severity: diag.Error,
		Summary:  "error names must be unique",
		Spec:     "2.1.1.4 S-2.1.1.4-04 T-15",
	},
	Check: func(p *Pass) {
		p.uniqueNames(p.errors(), "executors know an error by its name and refuse the job")
	},
}

var mountNameUnique = &Rule{
	Rule: diag.Rule{
		ID:       "mount-name-unique",
		Severity: diag.Error,
		Summary:  "mount names must be unique",
		Spec:     "2.1.1.3.3 S-2.1.1.3.3-03 T-15",
	},
	Check: func(p *Pass) {
		p.uniqueNames(p.mounts(), "executors find what to mount by its name and refuse the job")
	},
}

var resourceNameUnique = &Rule{
	Rule: diag.Rule{
		ID:       "resource-name-unique",
		Severity: diag.Error,
		Summary:  "resources must give different variables",
		Spec:     "2.1.1.2 S-3.1.1.2-05 T-15",
	},
	Check: func(p *Pass) {
		p.unique(p.scalars(), func(m member) string { return seed.Variable(m.Name) }, func(m, first member) {
			p.Reportf(m.name(), "resource %q gives the variable %q, which %q on line %d gives too: choose another name", m.Name,
				seed.AllocatedPrefix+seed.Variable(m.Name), first.Name, p.line(first.name()))
		})
	},
}

var nameCase = &Rule{
	Rule: diag.Rule{
		ID:       "name-case",
		Severity: diag.Warning,
		Summary:  "names of one kind should differ by more than case",
		Spec:     "2.1.1.3 T-15",
	},
	Check: func(p *Pass) {
		for _, all := range [][]member{p.outputs(), p.errors(), p.mounts()} {
			p.unique(all, func(m member) string { return strings.ToLower(m.Name) }, func(m, first member) {
				if m.Name != first.Name {
					p.Reportf(m.name(), "%s name %q differs from %q on line %d by case only, which readers will confuse: choose another name", m.Kind, m.Name, first.Name, p.line(first.name()))
				}
			})
		}
	},
}

var outputKeyUnique = &Rule{
	Rule: diag.Rule{
		ID:       "output-key-unique",
		Severity: diag.Warning,
		Summary:  "json outputs should take different members of seed.outputs.json",
		Spec:     "2.1.1.3.2 S-2.1.1.3.2-26",
	},
	Check: func(p *Pass) {
		seen := map[string]int{}
		for i, o := range p.Job.Interface.Outputs.JSON {
			at, key := seed.AtOutputJSON.Index(i).Member("key"), o.Key
			if key == "" {
				at, key = seed.AtOutputJSON.Index(i).Member("name"), o.Name
			}
			if key == "" || !p.valid(at) {
				continue
			}
			j, ok := seen[key]
			if !ok {
				seen[key] = i
			} else if first := p.Job.Interface.Outputs.JSON[j]; first.Name != o.Name {
				p.Reportf(at, "json output %q takes the member %q of seed.outputs.json, which %q on line %d takes too: give each its own", o.Name, key, first.Name, p.line(seed.AtOutputJSON.Index(j)))
			}
		}
	},
}

var outputKeyEmpty = &Rule{
	Rule: diag.Rule{
		ID:       "output-key-empty",
		Severity: diag.Warning,
		Summary:  "a key should not be empty",
		Spec:     "2.1.1.3.2 S-2.1.1.3.2-26",
	},
	Check: func(p *Pass) {
		for i, o := range p.Job.Interface.Outputs.JSON {
			if at := seed.AtOutputJSON.Index(i).Member("key"); p.valid(at) && o.Key == "" {
				d := p.Reportf(at, "key is empty, so that the name %q is taken: leave it out or write that", o.Name)
				if o.Name != "" {
					p.replace(d, "Write the name", o.Name)
				}
			}
		}
	},
}
