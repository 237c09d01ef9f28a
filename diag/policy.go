package diag

import "maps"

// A Policy says which diagnostics count, and how much. The zero value takes every rule as it is and fails on errors.
// Main applies it to the reports of every stage; no rule looks at it.
type Policy struct {
	// FailOn is the least severity that fails a run. Default Error.
	FailOn Severity
	// Rules gives rules, by ID, another severity; Off drops their diagnostics.
	Rules map[string]Severity
}

// Apply sets the severities that the policy asks for and drops what it turns off. It returns r.
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

// Fails tells whether any diagnostic is as severe as the policy fails on.
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

// FailsOn tells whether a diagnostic is as severe as the policy fails on.
func (p Policy) FailsOn(d *Diagnostic) bool {
	least := p.FailOn
	if least == Unset {
		least = Error
	}
	return d.Level() >= least
}

// With is the policy with further rules' severities set.
func (p Policy) With(rules map[string]Severity) Policy {
	all := maps.Clone(p.Rules)
	if all == nil {
		all = map[string]Severity{}
	}
	maps.Copy(all, rules)
	p.Rules = all
	return p
}
