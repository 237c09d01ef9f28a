// Package github is a step of GitHub Actions: what it is given and what it shows. It turns inputs into the flags that a person
// would type, and results into annotations, outputs and a summary. Nothing works in GitHub alone but presentation.
//
// A runner obeys commands that it finds in what a step prints. So all text is escaped here before it is printed.
package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pipeline"
)

// A Step is a step of a workflow. What it is given is in inputs.go and secrets.go; what it shows, in annotations.go,
// outputs.go and summary.go.
type Step struct {
	out     io.Writer
	env     func(string) string
	gha     *githubactions.Action
	said    tail // of standard error
	group   string
	roots   job.Roots
	secrets map[string]string // values of inputs, by the variables that stand for them on the command line
}

// NewStep returns the step that an environment describes. It shows everything on out.
func NewStep(getenv func(string) string, out io.Writer) *Step {
	return &Step{out: out, env: getenv, secrets: map[string]string{},
		gha: githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(out))}
}

// Getenv is the environment of the command, with the secrets of the inputs in it.
func (s *Step) Getenv(name string) string {
	if value, ok := s.secrets[name]; ok {
		return value
	}
	return s.env(name)
}

// Stderr is where the command says what is no result: in the log, of which the step remembers the end.
func (s *Step) Stderr() io.Writer { return io.MultiWriter(s.out, &s.said) }

// Begin folds the log of each stage of a job into a group of its own. An empty stage ends the last group.
func (s *Step) Begin(job, stage string) {
	if s.group != "" {
		s.gha.EndGroup()
	}
	s.group = ""
	if stage != "" {
		s.group = report.Escape(stage + " " + job)
		s.gha.Group(s.group)
	}
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

// message is the last thing that was said, without the program's name.
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
	Images []*pipeline.Image `json:"images"`
	Error  string            `json:"error"`
}

// Fail shows why a command was not even started.
func (s *Step) Fail(err error) { s.annotate("error", nil, err.Error()) }

// Present turns what a command printed as JSON into log, annotations, a summary and outputs. It prints nothing of the job
// unescaped. Status is the command's exit status.
func (s *Step) Present(printed []byte, status int) error {
	var r Document
	if err := json.Unmarshal(printed, &r); err != nil {
		if status != exit.StatusClean {
			s.annotate("error", nil, s.said.message())
			return nil // nothing was printed, since the command line was wrong
		}
		return fmt.Errorf("read the result: %w", err)
	}
	s.log(&r)
	s.annotateAll(&r)
	err := s.writeOutputs(&r, printed)
	if s.input("summary") != "false" {
		err = errors.Join(err, s.writeSummary(&r))
	}
	return err
}

// log says everything that annotations have no room for.
func (s *Step) log(r *Document) {
	if r.Errors+r.Warnings+r.Notices == 0 {
		return
	}
	s.Begin(plural(r.Errors, "error")+", "+plural(r.Warnings, "warning")+", "+plural(r.Notices, "notice"), "findings:")
	for _, f := range r.Reports {
		for _, e := range f.Diagnostics {
			fmt.Fprintln(s.out, report.Escape(fmt.Sprintf("%s: %s: %s [%s]", place(f.Path, e), e.Severity, withHint(e), e.Rule)))
		}
	}
	s.Begin("", "")
}

// place is where a finding stands, in a line of text.
func place(path string, e report.Entry) string {
	if e.Line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d:%d", path, e.Line, e.Column)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func withHint(e report.Entry) string {
	if advice := e.Advice(); advice != "" {
		return e.Message + "; " + advice
	}
	return e.Message
}
