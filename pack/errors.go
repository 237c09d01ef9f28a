package pack

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/moby/buildkit/solver/errdefs"
)

// A StepError is a step of the Dockerfile that did not succeed.
type StepError struct {
	File   string
	Line   int    // 1-based; 0 when it is not known
	Source string // the step's text
	// Tail is the last output of the step, a few lines of foreign text.
	Tail []string
	Err  error
}

// Error names the line and the step, and quotes nothing of the output.
func (e *StepError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	return fmt.Sprintf("build %s: %s: %s", at, e.Source, lastCause(e.Err))
}

// Unwrap gives BuildKit's error.
func (e *StepError) Unwrap() error { return e.Err }

// A SyntaxError is a Dockerfile that the frontend cannot read.
type SyntaxError struct {
	File    string
	Line    int // 1-based; 0 when it is not known
	Message string
}

// Error is FILE:LINE: MESSAGE.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

var parseError = regexp.MustCompile(`dockerfile parse error on line (\d+): (.*)`)

// explain makes an error of a build say where in the Dockerfile it happened.
func explain(ctx context.Context, err error, log *buildLog) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	file, line, text := failedAt(err)
	if m := parseError.FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1]) // the expression allows digits alone
		return &SyntaxError{File: file, Line: n, Message: m[2]}
	}
	if line == 0 || log == nil || log.failed == "" {
		return fmt.Errorf("build: %s", lastCause(err))
	}
	return &StepError{File: file, Line: line, Source: text, Tail: log.tail(10), Err: err}
}

// failedAt is the first place in a Dockerfile that the error names.
func failedAt(err error) (file string, line int, text string) {
	file = "Dockerfile"
	for _, s := range errdefs.Sources(err) {
		if s.Info == nil || len(s.Ranges) == 0 {
			continue
		}
		first := int(s.Ranges[0].GetStart().GetLine())
		lines := strings.Split(string(s.Info.Data), "\n")
		if first < 1 || first > len(lines) {
			continue
		}
		return s.Info.Filename, first, strings.TrimSpace(lines[first-1])
	}
	return file, 0, ""
}

// lastCause leaves out the chain of calls that BuildKit writes before what went wrong.
func lastCause(err error) string {
	s := err.Error()
	for _, prefix := range []string{"failed to solve: ", "failed to run Build function: ", "rpc error: code = Unknown desc = "} {
		for strings.HasPrefix(s, prefix) {
			s = strings.TrimPrefix(s, prefix)
		}
	}
	var step *StepError
	if errors.As(err, &step) {
		return step.Error()
	}
	return s
}
