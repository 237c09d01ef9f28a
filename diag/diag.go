// Package diag holds what every stage reports about a job: rules, diagnostics, fixes and reports.
//
// A diagnostic says that the job is wrong. An error, which is not in this package, says that a check could not be made.
// Neither is ever turned into the other.
package diag

import (
	"fmt"

	"github.com/seedpack/seedpack/seed"
)

// A Severity is how much a diagnostic matters.
type Severity int

// Severities, least first. The zero value is Unset, which is never reported.
const (
	Off     Severity = iota - 1
	Unset            // the severity of the rule
	Notice           // any other finding
	Warning          // a SHOULD is broken, or a known executor refuses the job or runs it wrongly
	Error            // a MUST is broken, or the image cannot exist
)

var severityNames = map[Severity]string{Off: "off", Unset: "", Notice: "notice", Warning: "warning", Error: "error"}

// String returns off, notice, warning or error.
func (s Severity) String() string { return severityNames[s] }

// MarshalText writes the text of String.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads off, notice, warning or error. It refuses any other text.
func (s *Severity) UnmarshalText(text []byte) error {
	for sev, name := range severityNames {
		if name == string(text) && name != "" {
			*s = sev
			return nil
		}
	}
	return fmt.Errorf("%q is no severity: give off, notice, warning or error", text)
}

// A Rule is one question that a stage asks about a job. Its ID is unique.
type Rule struct {
	// ID is in kebab-case, subject first. It is permanent and never reused.
	ID       string
	Severity Severity
	// Summary says what should be, in one line without a full stop.
	Summary string
	// Spec names the section of the standard, then the requirement or trap: "2.1.1 S-2.1.1-03".
	Spec string
	// Doc says why the rule matters, in a few sentences. It is empty for a rule with an archive, which says it.
	Doc string
}

// An Edit replaces the bytes of Span.
type Edit = seed.Edit

// A Fix is one way to solve what a diagnostic reports. Its title is a verb phrase: "Write it in lower case".
//
// A safe fix keeps the meaning of the file. An unsafe one guesses, removes text, or changes what the job offers to others.
// It is applied only if the user asks for unsafe fixes.
type Fix struct {
	Title  string
	Edits  []Edit
	Unsafe bool
}

// A Diagnostic is one finding. Its place is a Pointer (into a manifest, smoke file, side-car or label) or a Span. A
// Span is for files that are not JSON, such as a Dockerfile, and for a part of a value.
type Diagnostic struct {
	Rule     *Rule
	Severity Severity // Unset: the severity of the rule
	Pointer  seed.Pointer
	// Key places the diagnostic at the member's name instead of its value.
	Key  bool
	Span *seed.Span
	// Message says what is, then what should be: lower case, no full stop, one line, values in quotes.
	Message string
	// Hint says how to fix it, in one line. It may be empty.
	Hint  string
	Fixes []Fix
	// Case is the name of the smoke case whose run shows it; empty if it is of no run.
	Case string
}

// Level returns the severity of the diagnostic, or of its rule if that is Unset.
func (d *Diagnostic) Level() Severity {
	if d.Severity != Unset {
		return d.Severity
	}
	return d.Rule.Severity
}
