package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sethvargo/go-githubactions"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
)

// newActionCommand is what the action's launcher starts. It hands the step's inputs to the flags that a person would type,
// and presents what comes back: nothing works in GitHub alone but presentation.
func newActionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:    "action",
		Short:  "Run as a step of GitHub Actions, with inputs from the environment",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(cmd *cobra.Command, _ []string) error { return p.action(cmd.Context()) },
	}
}

// A githubStep is a step of a workflow. What it is given is in github_inputs.go and github_secrets.go; what it gives, in
// github_annotations.go, github_outputs.go and github_summary.go.
type githubStep struct {
	program *program
	gha     *githubactions.Action
	said    tail // of standard error
	group   string
	roots   job.Roots
	secrets map[string]string // values of inputs, by the variables that stand for them on the command line
}

func (p *program) newStep() *githubStep {
	return &githubStep{program: p, secrets: map[string]string{},
		gha: githubactions.New(githubactions.WithGetenv(p.getenv), githubactions.WithWriter(p.stdout))}
}

func (p *program) action(ctx context.Context) error {
	step := p.newStep()
	args, err := step.args()
	if err != nil {
		step.annotate("error", nil, err.Error())
		return err
	}
	fmt.Fprintln(p.stdout, report.Escape("seedpack "+strings.Join(shown(args), " ")))
	var printed bytes.Buffer
	status := run(ctx, args, &program{
		stdin: p.stdin, stdout: &printed, stderr: io.MultiWriter(p.stdout, &step.said), // one stream, so that a runner keeps the order
		getenv: step.getenv, stage: step.begin,
	})
	step.begin("", "")
	return errors.Join(step.present(printed.Bytes(), status), statusError(status))
}

// shown is the command line without what is there for the step alone, for whoever wants to try the same at home.
func shown(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		return arg == "--format=json" || arg == "--progress=plain" || strings.HasPrefix(arg, "--root=")
	})
}

// getenv is the environment of the command, with the secrets of the inputs in it.
func (s *githubStep) getenv(name string) string {
	if value, ok := s.secrets[name]; ok {
		return value
	}
	return s.program.getenv(name)
}

// begin folds the log of each stage of a job into a group of its own.
func (s *githubStep) begin(job, stage string) {
	if s.group != "" {
		s.gha.EndGroup()
	}
	s.group = ""
	if stage != "" {
		s.group = report.Escape(stage + " " + job)
		s.gha.Group(s.group)
	}
}

// statusError passes an exit status on that has been explained already.
func statusError(status int) error {
	switch status {
	case exit.StatusClean:
		return nil
	case exit.StatusUsage:
		return exit.Usagef("the inputs of the step are wrong, see above")
	case exit.StatusFindings:
		return exit.Findings
	}
	return errors.New("the step could not find out, see above")
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

// A result is what a command prints as JSON.
type result struct {
	report.Document
	Images []*packed `json:"images"`
	Error  string    `json:"error"`
}

// present turns the result into log, annotations, a summary and outputs.
func (s *githubStep) present(printed []byte, status int) error {
	var r result
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
func (s *githubStep) log(r *result) {
	if r.Errors+r.Warnings+r.Notices == 0 {
		return
	}
	s.begin(plural(r.Errors, "error")+", "+plural(r.Warnings, "warning")+", "+plural(r.Notices, "notice"), "findings:")
	for _, f := range r.Reports {
		for _, e := range f.Diagnostics {
			fmt.Fprintln(s.program.stdout, report.Escape(fmt.Sprintf("%s: %s: %s [%s]", place(f.Path, e), e.Severity, withHint(e), e.Rule)))
		}
	}
	s.begin("", "")
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

// appendTo writes to one of the files that a runner reads after the step.
func (s *githubStep) appendTo(variable, text string) (err error) {
	path := s.program.getenv(variable)
	if path == "" {
		return nil // not on a runner
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.WriteString(f, text)
	return err
}
