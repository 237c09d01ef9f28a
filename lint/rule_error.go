package lint

import (
	"path"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/internal/lazy"
	"github.com/seedpack/seedpack/seed"
)

// eachCode calls check for every error with a numeric code.
func (p *Pass) eachCode(check func(at seed.Pointer, e seed.Error)) {
	for i, e := range p.Job.Errors {
		if at := seed.AtErrors.Index(i).Member("code"); p.valid(at) {
			check(at, e)
		}
	}
}

// errorPhrase returns a phrase for an error, whose name may be missing.
func errorPhrase(e seed.Error) string {
	if e.Name == "" {
		return "this error"
	}
	return diag.Sprintf("error %q", e.Name)
}

var errorCodeRange = &Rule{
	Rule: diag.Rule{
		ID:       "error-code-range",
		Severity: diag.Warning,
		Summary:  "codes of errors should be from 1 to 255",
		Spec:     "2.1.1.4 S-2.1.1.4-02 T-13",
	},
	Check: func(p *Pass) {
		p.eachCode(func(at seed.Pointer, e seed.Error) {
			if e.Code == 0 {
				p.Reportf(at, "%s has code 0, which means success, so that it is never reported: give one from 1 to 255", errorPhrase(e))
			} else if e.Code < 0 || e.Code > 255 {
				p.Reportf(at, "%s has code %s, but a process ends with 0 to 255, so that it is never reported: give one from 1 to 255", errorPhrase(e), p.Source.Raw(at))
			}
		})
	},
}

var errorCodeUnique = &Rule{
	Rule: diag.Rule{
		ID:       "error-code-unique",
		Severity: diag.Warning,
		Summary:  "codes of errors should be unique",
		Spec:     "2.1.1.4 S-2.1.1.4-02 T-13",
	},
	Check: func(p *Pass) {
		first := map[int64]seed.Pointer{}
		p.eachCode(func(at seed.Pointer, e seed.Error) {
			if f, ok := first[e.Code]; ok {
				p.Reportf(at, "%s has code %d, which is already used on line %d: executors report one of the two, so give each its own", errorPhrase(e), e.Code, p.line(f))
			} else {
				first[e.Code] = at
			}
		})
	},
}

// systemCodes are exit statuses of shells and container runtimes.
var systemCodes = map[int64]string{
	125: "when a container cannot be started",
	126: "when a command cannot be executed",
	127: "when a command is not found",
	130: "after an interrupt",
	134: "after an abort",
	137: "after a kill, as for memory or timeout",
	139: "after a segmentation fault",
	143: "after a termination",
}

var errorCodeShell = &Rule{
	Rule: diag.Rule{
		ID:       "error-code-shell",
		Severity: diag.Notice,
		Summary:  "codes of errors may keep clear of those of shells and runtimes",
		Spec:     "2.1.1.4 T-13 T-36",
	},
	Check: func(p *Pass) {
		p.eachCode(func(at seed.Pointer, e seed.Error) {
			why, ok := systemCodes[e.Code]
			if !ok && e.Code > 128 && e.Code <= 128+64 {
				why, ok = "after a signal", true
			}
			if ok {
				p.Reportf(at, "%s has code %d, which shells and runtimes give %s: take another, so that the two are told apart", errorPhrase(e), e.Code, why)
			}
		})
	},
}

var errorCodeData = &Rule{
	Rule: diag.Rule{
		ID:       "error-code-data",
		Severity: diag.Notice,
		Summary:  "code 1 is what most crashes end with, and hardly a fault of the data",
		Spec:     "2.1.1.4 T-13",
	},
	Check: func(p *Pass) {
		p.eachCode(func(at seed.Pointer, e seed.Error) {
			if e.Code != 1 || e.Category != "data" {
				return
			}
			if program := p.interpreter(); program != "" {
				p.Reportf(at, "%s has code 1 and category data, but %s ends with 1 on any crash: take another code for the data", errorPhrase(e), program)
			}
		})
	},
}

// interpreters end with 1 if a program fails in a way that its author did not expect.
var interpreters = lazy.Regexp(`^(?:python|node|nodejs|perl|ruby|Rscript|java|julia|octave)[0-9.]*$`)

// interpreter returns the interpreter that command starts, or "".
func (p *Pass) interpreter() string {
	c := p.command()
	if c == nil {
		return ""
	}
	for _, w := range c.Words[:min(len(c.Words), 3)] {
		if name := path.Base(w.Text); w.Literal && interpreters().MatchString(name) {
			return name
		}
	}
	return ""
}

var errorTitle = &Rule{
	Rule: diag.Rule{
		ID:       "error-title",
		Severity: diag.Notice,
		Summary:  "errors may have a title",
		Spec:     "2.1.1.4 S-2.1.1.4-06",
	},
	Check: func(p *Pass) {
		for _, m := range p.errors() {
			at := m.At.Member("title")
			if !p.Source.Has(at) {
				p.Reportf(m.At, "error %q has no title, which is what operators read: give a short one", m.Name)
			}
		}
	},
}
