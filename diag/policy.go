package diag

import "maps"

// A Policy says which diagnostics count, and how much. The zero value changes no rule and fails on errors. It is
// applied to the reports of every stage; a rule never sees it.
type Policy struct {
	// FailOn is the least severity that fails a run. Default: Error.
	FailOn Severity
	// FailOnOf is FailOn for some rules, by ID. It counts if it is the lesser.
	FailOnOf map[string]Severity
	// Rules sets the severity of rules, by ID. Off drops their diagnostics.
	Rules map[string]Severity
}

// Apply sets the severities of the policy and drops diagnostics that are Off. It returns r.
func (p Policy) Apply(r *Report) *Report {
	kept := r.Diagnostics[:0]
	for _, d := range r.Diagnostics {
		if s, ok := p.Rules[d.Rule.ID]; ok {
			d.Severity = s
		}
		if d.Level() != Off {
			kept = append(kept, d)
		}
	}
	r.Diagnostics = kept
	return r
}

// Fails reports whether any diagnostic fails the run.
func (p Policy) Fails(reports ...*Report) bool {
	for _, r := range reports {
		if r == nil {
			continue
		}
		for i := range r.Diagnostics {
			if p.FailsOn(&r.Diagnostics[i]) {
				return true
			}
		}
	}
	return false
}

// FailsOn reports whether a diagnostic fails the run.
func (p Policy) FailsOn(d *Diagnostic) bool {
	least := p.FailOn
	if least == Unset {
		least = Error
	}
	if own := p.FailOnOf[d.Rule.ID]; own != Unset {
		least = min(least, own)
	}
	return d.Level() >= least
}

// With returns the policy with the severities of more rules.
func (p Policy) With(rules map[string]Severity) Policy {
	all := maps.Clone(p.Rules)
	if all == nil {
		all = map[string]Severity{}
	}
	maps.Copy(all, rules)
	p.Rules = all
	return p
}
