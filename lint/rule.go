package lint

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/seed"
)

// A Rule asks one question about a manifest.
type Rule struct {
	diag.Rule
	// Check reports to its Pass. It ignores members that are missing or that the schema refuses.
	Check func(*Pass)
}

// A Pass is one run of all rules, in order, over one manifest.
type Pass struct {
	Manifest *seed.Manifest
	Job      *seed.Job // of Manifest
	Source   *seed.Source
	Registry string // as in Options

	rule     *Rule
	invalid  map[seed.Pointer]bool // values that the schema refuses
	misnamed map[seed.Pointer]bool // objects with members that the schema does not know
	replaced map[seed.Pointer]bool // members that such a one stands for, so that they are not known
	found    []*diag.Diagnostic

	// Results that several rules need are computed once.
	parsed   bool
	parsing  error
	commands *command.Command
	names    map[string]member
	injected []member
	scalar   []member
}

// Reportf reports on the value at a pointer. The caller may add a hint or a fix to the diagnostic.
func (p *Pass) Reportf(at seed.Pointer, format string, args ...any) *diag.Diagnostic {
	d := &diag.Diagnostic{Rule: &p.rule.Rule, Pointer: at, Message: diag.Sprintf(format, args...)}
	p.found = append(p.found, d)
	return d
}

// reportPart reports on a part of the string at a pointer: byte offsets in the decoded string.
func (p *Pass) reportPart(at seed.Pointer, start, end int, format string, args ...any) *diag.Diagnostic {
	d := p.Reportf(at, format, args...)
	span := p.Source.StringSpan(at, start, end)
	d.Span = &span
	return d
}

// valid reports whether there is a value at a pointer that could be read, and the schema accepts it.
func (p *Pass) valid(at seed.Pointer) bool { return p.Source.Readable(at) && !p.invalid[at] }

// given reports whether a member is absent, or has a value that could be read and that the schema accepts. It is for
// members with a default.
func (p *Pass) given(at seed.Pointer) bool { return !p.Source.Has(at) || p.valid(at) }

func (p *Pass) line(at seed.Pointer) int { return p.Source.Position(p.Source.Span(at).Start).Line }

// replace adds an unsafe fix that writes another value at the diagnostic's pointer.
func (p *Pass) replace(d *diag.Diagnostic, title string, value any) {
	p.edit(d, title, p.Source.Span(d.Pointer), encode(value))
}

// rewrite adds a safe fix that writes the value at the diagnostic's pointer in another way.
func (p *Pass) rewrite(d *diag.Diagnostic, title string, value any) {
	p.replace(d, title, value)
	d.Fixes[len(d.Fixes)-1].Unsafe = false
}

// rewritePart adds a safe fix that replaces a part of the string at the diagnostic's pointer.
func (p *Pass) rewritePart(d *diag.Diagnostic, title string, start, end int, value string) {
	text := encode(value)
	p.edit(d, title, p.Source.StringSpan(d.Pointer, start, end), text[1:len(text)-1])
	d.Fixes[len(d.Fixes)-1].Unsafe = false
}

func (p *Pass) edit(d *diag.Diagnostic, title string, span seed.Span, text string) {
	d.Fixes = append(d.Fixes, diag.Fix{Title: title, Edits: []diag.Edit{{Span: span, New: text}}, Unsafe: true})
}

// add adds an unsafe fix that writes a member of an object after the last one, with the layout of the first. If the object
// has an unknown member, it adds no fix: that member may be this one, misspelled, and its own fix comes first.
func (p *Pass) add(d *diag.Diagnostic, title string, object seed.Pointer, name string, value any) {
	members := p.Source.Members(object)
	if len(members) == 0 || p.misnamed[object] || p.Source.Has(object.Member(name)) {
		return
	}
	open := p.Source.Span(object).Start + 1
	blank := string(p.Source.Text[open:p.Source.KeySpan(object.Member(members[0])).Start])
	if strings.Trim(blank, " \t\r\n") != "" || blank == "" {
		blank = " "
	}
	end := p.Source.Span(object.Member(members[len(members)-1])).End
	p.edit(d, title, seed.Span{Start: end, End: end}, ","+blank+encode(name)+": "+encode(value))
}

// encode returns a value as JSON text. It escapes no more characters than it must.
func encode(value any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // strings, numbers and booleans always have JSON text
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// A member is a named element of the interface.
type member struct {
	Name string
	// At is the pointer to the element. Its name is at At/name.
	At   seed.Pointer
	Kind string // "input", "json input", "setting", "output", "json output", "mount", "error" or "resource"
	// Required is false for an optional input.
	Required bool
	nameAt   seed.Pointer
}

func (m member) name() seed.Pointer { return m.nameAt }

const commandLongest = 128 << 10 // bytes; the kernel refuses a longer argument

// members returns the elements of an array that have a valid name.
func members[E any](p *Pass, array seed.Pointer, kind string, elements []E, name func(*E) (string, bool)) []member {
	var out []member
	for i := range elements {
		m := member{At: array.Index(i), Kind: kind}
		m.nameAt = m.At.Member("name")
		if m.Name, m.Required = name(&elements[i]); p.valid(m.name()) {
			out = append(out, m)
		}
	}
	return out
}

// variables returns all members that become variables: inputs and settings.
func (p *Pass) variables() []member {
	if p.injected == nil {
		p.injected = append(p.inputs(), p.settings()...)
	}
	return p.injected
}

func (p *Pass) inputs() []member {
	in := &p.Job.Interface.Inputs
	return append(
		members(p, seed.AtInputFiles, "input", in.Files, func(e *seed.InputFile) (string, bool) { return e.Name, e.Required }),
		members(p, seed.AtInputJSON, "json input", in.JSON, func(e *seed.InputJSON) (string, bool) { return e.Name, e.Required })...)
}

func (p *Pass) settings() []member {
	return members(p, seed.AtSettings, "setting", p.Job.Interface.Settings, func(e *seed.Setting) (string, bool) { return e.Name, true })
}

func (p *Pass) outputs() []member {
	out := &p.Job.Interface.Outputs
	return append(
		members(p, seed.AtOutputFiles, "output", out.Files, func(e *seed.OutputFile) (string, bool) { return e.Name, e.Required }),
		members(p, seed.AtOutputJSON, "json output", out.JSON, func(e *seed.OutputJSON) (string, bool) { return e.Name, e.Required })...)
}

func (p *Pass) mounts() []member {
	return members(p, seed.AtMounts, "mount", p.Job.Interface.Mounts, func(e *seed.Mount) (string, bool) { return e.Name, true })
}

func (p *Pass) errors() []member {
	return members(p, seed.AtErrors, "error", p.Job.Errors, func(e *seed.Error) (string, bool) { return e.Name, true })
}

func (p *Pass) scalars() []member {
	if p.scalar == nil {
		p.scalar = members(p, seed.AtScalar, "resource", p.Job.Resources.Scalar, func(e *seed.Scalar) (string, bool) { return e.Name, true })
	}
	return p.scalar
}

// command returns the parsed command, or nil if it is missing or cannot be parsed.
func (p *Pass) command() *command.Command {
	if !p.parsed && p.valid(seed.AtCommand) && len(p.Job.Interface.Command) <= commandLongest {
		p.commands, p.parsing = command.Parse(p.Job.Interface.Command)
	}
	p.parsed = true
	return p.commands
}
