package pack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"

	"github.com/moby/buildkit/solver/errdefs"

	"github.com/seedpack/seedpack/disk"
)

// A StepError is the error for a step of the Dockerfile that failed.
type StepError struct {
	File   string
	Line   int    // 1-based; 0 if it is unknown
	Source string // first line of the step
	// Step is its name in the progress, such as [2/3] RUN make.
	Step string
	// Lines are the step's lines of the Dockerfile with a few lines around them.
	Lines []SourceLine
	// Tail is the last output of the step, a few lines of foreign text.
	Tail []string
	Err  error
}

// A SourceLine is one line of a Dockerfile, 1-based.
type SourceLine struct {
	Number int
	Text   string
	Failed bool // the line belongs to the step
}

// Error names the line and the step. It does not quote the output. A hint is a line of its own.
func (e *StepError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	why := e.why()
	text := fmt.Sprintf("build %s: %s: %s", at, brief(e.Source), why.text)
	if why.hint != "" {
		text += "\n" + why.hint
	}
	return text
}

// Unwrap returns BuildKit's error.
func (e *StepError) Unwrap() error { return e.Err }

// A SyntaxError is the error for a Dockerfile that the frontend cannot read.
type SyntaxError struct {
	File    string
	Line    int // 1-based; 0 if it is unknown
	Message string
}

// Error returns FILE:LINE: MESSAGE.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

var parseError = lazy.Regexp(`dockerfile parse error on line (\d+): (.*)`)

// explain adds the place in the Dockerfile to an error of a build. The path is that of the file as the user wrote it.
// The engine knows only its last element.
func explain(ctx context.Context, err error, log *buildLog, path string) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	at := placeOf(err)
	if at.file == filepath.Base(path) {
		if at.file = path; at.isOfAnother() {
			at = place{file: path} // the engine shares a step among builds, and then names the place in the Dockerfile of the other
		}
	}
	if m := parseError().FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1]) // the expression matches only digits
		return &SyntaxError{File: at.file, Line: n, Message: mistakeWords(m[2])}
	}
	if at.first == 0 && log != nil {
		at = placeOfStep(path, log.names[failedStep(err, log)])
	}
	if at.first == 0 {
		at = placeOfFrom(path, err.Error())
	}
	message := plainMessage(lastCause(err))
	switch missing := missingStage(at, err.Error()); {
	case at.first == 0:
		return withoutPlace(message)
	case missing != "":
		return &SyntaxError{File: at.file, Line: at.first, Message: missing}
	case log != nil && log.failed != "":
	case causeOf(message, nil).fault == Caller || isOfImage().MatchString(message):
		return &StepError{File: at.file, Line: at.first, Source: strings.TrimSpace(at.lines[at.first-1]), Lines: at.excerpt(), Err: err}
	default:
		return &SyntaxError{File: at.file, Line: at.first, Message: message}
	}
	log.failed = failedStep(err, log)
	return &StepError{File: at.file, Line: at.first, Source: strings.TrimSpace(at.lines[at.first-1]), Step: log.names[log.failed],
		Lines: at.excerpt(), Tail: log.tail(20), Err: err}
}

// failedStep returns the digest of the step that an error is about, and not of one that was stopped because of it.
func failedStep(err error, log *buildLog) string {
	var vertex *errdefs.VertexError
	if errors.As(err, &vertex) && log.names[vertex.Digest] != "" {
		return vertex.Digest
	}
	return log.failed
}

// isOfImage matches errors about an image of another place, which no step of the Dockerfile itself has.
var isOfImage = lazy.Regexp(`failed to resolve source metadata for `)

// withoutPlace returns an error that is at no certain line.
func withoutPlace(message string) error {
	why := causeOf(message, nil)
	if why.hint != "" {
		why.text += "\n" + why.hint
	}
	return fmt.Errorf("build: %s", why.text)
}

// plainMessage returns a message of the engine on one line, without characters that cannot be shown.
func plainMessage(text string) string {
	return mistakeWords(strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " "))
}

// A place is one or more lines of a Dockerfile.
type place struct {
	file        string
	lines       []string // of the whole file
	first, last int      // 1-based; 0 if they are unknown
}

// isOfAnother reports whether the file of the place has other lines.
func (p place) isOfAnother() bool {
	if disk.IsGiven(p.file) {
		return false // it can be read only once
	}
	text, err := disk.ReadFile(p.file, disk.MaxText)
	return err == nil && len(p.lines) > 0 && strings.TrimSuffix(string(text), "\n") != strings.Join(p.lines, "\n")
}

// placeOf returns the first place in a Dockerfile that the error names.
func placeOf(err error) place {
	for _, s := range errdefs.Sources(err) {
		if s.Info == nil || len(s.Ranges) == 0 {
			continue
		}
		p := place{file: s.Info.Filename, lines: strings.Split(strings.TrimSuffix(string(s.Info.Data), "\n"), "\n"),
			first: int(s.Ranges[0].GetStart().GetLine())}
		for _, r := range s.Ranges {
			p.first, p.last = min(p.first, int(r.GetStart().GetLine())), max(p.last, int(r.GetEnd().GetLine()))
		}
		if p.first < 1 || p.first > len(p.lines) {
			continue
		}
		p.last = min(max(p.first, p.last), len(p.lines))
		return p
	}
	return place{file: "Dockerfile"}
}

// linesAround and linesShown keep an excerpt short, because a step may have a script of hundreds of lines.
const (
	linesAround = 2
	linesShown  = 12
)

func (p place) excerpt() []SourceLine {
	var all []SourceLine
	last := min(p.last+linesAround, len(p.lines), p.first+linesShown)
	for n := max(1, p.first-linesAround); n <= last; n++ {
		all = append(all, SourceLine{Number: n, Text: strings.TrimSuffix(p.lines[n-1], "\r"), Failed: n >= p.first && n <= p.last})
	}
	return all
}

// engineWords matches what tells how the engine works, and nothing of the Dockerfile.
var engineWords = lazy.Regexp(`failed to compute cache key: |failed to calculate checksum of ref \S+: |rpc error: code = \w+ desc = `)

// lastCause removes the chain of calls that BuildKit writes before the cause.
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
	return engineWords().ReplaceAllString(s, "")
}
