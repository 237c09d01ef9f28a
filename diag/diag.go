// Package diag holds what every stage has to say about a job: rules, diagnostics, fixes and reports.
//
// A diagnostic says that the job is wrong. An error, elsewhere, says that we could not find out. Neither is ever
// turned into the other.
package diag

import (
	"fmt"

	"github.com/seedpack/seedpack/seed"
)

// A Severity says how much a diagnostic matters.
type Severity int

// Severities, least first. The zero value stands for "as the rule says" and is never reported.
const (
	Off     Severity = iota - 1
	Unset            // as the rule says
	Notice           // all else
	Warning          // a SHOULD is broken, or a known executor refuses the job or runs it wrongly
	Error            // a MUST is broken, or the image cannot exist
)

var severityNames = map[Severity]string{Off: "off", Unset: "", Notice: "notice", Warning: "warning", Error: "error"}

// String is off, notice, warning or error.
func (s Severity) String() string { return severityNames[s] }

// MarshalText writes what String gives.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads off, notice, warning or error, and nothing else.
func (s *Severity) UnmarshalText(text []byte) error {
	for sev, name := range severityNames {
		if name == string(text) && name != "" {
			*s = sev
			return nil
		}
	}
	return fmt.Errorf("%q is no severity: give off, notice, warning or error", text)
}

// A Rule is one question that a stage asks of a job. Rules are told apart by ID.
type Rule struct {
	// ID is in kebab-case, subject first; it is permanent and never reused.
	ID       string
	Severity Severity
	// Summary says in one line, without a full stop, what should be.
	Summary string
	// Spec names the section of the standard, and with it the requirement or trap: "2.1.1 S-2.1.1-03".
	Spec string
	// Doc says why it matters, in a sentence or a few. Rules with an archive have it from there.
	Doc string
}

// An Edit replaces the bytes of Span.
type Edit = seed.Edit

// A Fix is one way to mend what a diagnostic is about. Its title is a verb phrase: "Write it in lower case".
type Fix struct {
	Title string
	Edits []Edit
}

// A Diagnostic is one finding. It has a Pointer (into a manifest, smoke file, side-car or label), or a Span where
// the file is no JSON (a Dockerfile) or where a part of a value is meant.
type Diagnostic struct {
	Rule     *Rule
	Severity Severity // as the rule says when Unset
	Pointer  seed.Pointer
	// Key puts the diagnostic on the member's name, not on its value.
	Key  bool
	Span *seed.Span
	// Message says what is, then what should be: lower case, no full stop, one line, values quoted with %q.
	Message string
	// Hint says how to mend it, in one line. It may be empty.
	Hint  string
	Fixes []Fix
}

// Level is the severity the diagnostic counts with.
func (d *Diagnostic) Level() Severity {
	if d.Severity != Unset {
		return d.Severity
	}
	return d.Rule.Severity
}
