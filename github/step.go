// Package github is a step of GitHub Actions: what it is given and what it shows. It turns inputs into the flags that a person
// would type, and results into annotations, outputs and a summary. Only presentation is GitHub's own.
//
// A runner obeys commands that it finds in what a step prints. So all text is escaped before it is printed: here, and in what
// the command itself prints to Stderr.
package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sethvargo/go-githubactions"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pipeline"
)

// A Step is a step of a workflow. It turns inputs into a command line (inputs.go, secrets.go), and what comes back into
// annotations, outputs and a summary (annotations.go, outputs.go, summary.go).
type Step struct {
	out       io.Writer
	env       func(string) string
	gha       *githubactions.Action
	inputs    inputs
	annotator annotator
	said      tail // of standard error
	command   string
	group     bool // a group of the log is open
	hide      func(string) string
}

// NewStep returns the step that an environment describes. It shows everything on out. Hide redacts secrets in the summary,
// once more, where texts of several places stand together; nil redacts nothing.
func NewStep(getenv func(string) string, out io.Writer, hide func(string) string) *Step {
	if hide == nil {
		hide = func(text string) string { return text }
	}
	gha := githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(out))
	return &Step{out: out, env: getenv, hide: hide, gha: gha, annotator: annotator{gha, getenv},
		inputs: inputs{gha: gha, env: getenv, secrets: map[string]string{}}}
}

// Arguments returns the command line that the inputs stand for. FlagsOf returns the flags of a command, and nil if there is
// no such command.
func (s *Step) Arguments(flagsOf func(command string) *pflag.FlagSet) ([]string, error) {
	name, flags, err := s.inputs.command(flagsOf)
	if err != nil {
		return nil, err
	}
	s.command = name
	if err := s.inputs.refuse(); err != nil {
		return nil, err
	}
	if _, err := s.inputs.values("summary", yesOrNo); err != nil {
		return nil, err
	}
	args := []string{name, "--format=json"}
	if args, err = s.inputs.addRoots(args); err != nil {
		return nil, err
	}
	if flags.Lookup("progress") != nil {
		args = append(args, "--progress=plain")
	}
	for _, f := range inputFlags {
		flag := flags.Lookup(f.flag)
		if flag == nil {
			continue
		}
		values, err := s.inputs.flagValues(name, f, flag)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			args = append(args, "--"+f.flag+"="+v)
		}
	}
	if args, err = s.inputs.addSecrets(args, flags); err != nil {
		return nil, err
	}
	args = s.inputs.addPush(args, flags)
	args = s.inputs.addBase(name, args, flags)
	rest, err := s.inputs.operands(name)
	return append(args, rest...), err
}

// Getenv is the environment of the command. It includes the secrets of the inputs.
func (s *Step) Getenv(name string) string {
	if value, ok := s.inputs.secrets[name]; ok {
		return value
	}
	return s.env(name)
}

// Stderr returns where the command writes its errors and its progress: to the log. The step remembers the end of it.
func (s *Step) Stderr() io.Writer { return io.MultiWriter(s.out, &s.said) }

// Begin folds the log of each stage of a job into a group of its own. An empty stage ends the last group.
func (s *Step) Begin(job, stage string) {
	s.endGroup()
	if stage != "" {
		s.openGroup(stage + " " + job)
	}
}

func (s *Step) openGroup(title string) {
	s.group = true
	s.gha.Group(report.Escape(title))
}

func (s *Step) endGroup() {
	if s.group {
		s.gha.EndGroup()
	}
	s.group = false
}

// A tail keeps the end of what is written to it.
type tail struct{ text []byte }

const tailMax = 16 << 10 // bytes

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b...)
	if len(t.text) > 2*tailMax {
		t.text = append(t.text[:0], t.text[len(t.text)-tailMax:]...)
	}
	return len(b), nil
}

// message returns the last message, without the program's name.
func (t *tail) message() string {
	text := "\n" + strings.TrimSpace(string(t.text))
	const from = "\nseedpack: "
	if i := strings.LastIndex(text, from); i >= 0 {
		text = text[i+len(from):]
	}
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
}

// A Document is what a command prints as JSON.
type Document struct {
	report.Document
	Images      []*pipeline.Image `json:"images"`
	Comparisons []*JobComparison  `json:"comparisons,omitempty"`
	Error       string            `json:"error"`
	ErrorPlaces []ErrorPlace      `json:"errorPlaces,omitempty"` // of Error, if it is of a file; each becomes an annotation
}

// Fail shows why a command was not started.
func (s *Step) Fail(err error) { s.annotator.show("error", annotation{message: err.Error()}) }

// Present turns what a command printed as JSON into log, annotations, a summary and outputs. It prints nothing of the job
// unescaped. Status is the command's exit status.
func (s *Step) Present(printed []byte, status int) error {
	if s.command == "discover" {
		return s.presentFound(printed, status)
	}
	var r Document
	if err := json.Unmarshal(printed, &r); err != nil {
		if status != exit.StatusClean {
			s.annotator.show("error", annotation{message: s.said.message()})
			return nil // nothing was printed, since the command line was wrong
		}
		return fmt.Errorf("read the result: %w", err)
	}
	if err := s.compared(&r, printed); err != nil {
		return err
	}
	s.log(&r)
	s.annotator.all(&r)
	err := writeOutputs(s.env, &r, printed, map[string]string{"sarif-file": s.inputs.input("sarif-file"), "html": s.inputs.input("html")})
	switch {
	case s.inputs.noSummary():
	case s.command == "list":
		var l listDocument
		err = errors.Join(err, json.Unmarshal(printed, &l), writeList(s.env, &l, s.hide))
	default:
		err = errors.Join(err, writeSummary(s.env, &r, s.hide))
	}
	return err
}

// compared adds the comparison that diff prints.
func (s *Step) compared(r *Document, printed []byte) error {
	if s.command != "diff" || r.Error != "" {
		return nil
	}
	c := &JobComparison{Comparison: new(Comparison)}
	if err := json.Unmarshal(printed, c.Comparison); err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	c.Manifest = c.New.From
	r.Comparisons = append(r.Comparisons, c)
	return nil
}

// log prints all findings. Annotations have no room for all.
func (s *Step) log(r *Document) {
	if r.Errors+r.Warnings+r.Notices == 0 {
		return
	}
	s.openGroup("findings: " + diag.Count(r.Errors, "error") + ", " + diag.Count(r.Warnings, "warning") + ", " + diag.Count(r.Notices, "notice"))
	for _, f := range r.Reports {
		for _, e := range f.Diagnostics {
			fmt.Fprintln(s.out, report.Escape(fmt.Sprintf("%s: %s: %s [%s]", place(f.Path, e), e.Severity, withHint(e), e.Rule)))
		}
	}
	s.endGroup()
}

// place returns where a finding is, for a line of text.
func place(path string, e report.Entry) string {
	if e.Line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d:%d", path, e.Line, e.Column)
}

func withHint(e report.Entry) string {
	if advice := e.Advice(); advice != "" {
		return e.Message + "; " + advice
	}
	return e.Message
}
