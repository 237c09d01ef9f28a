package github

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/diag/report"
)

// An annotation is what GitHub shows at a line of a file, or of the run as a whole.
type annotation struct {
	fields  map[string]string
	message string
}

// An annotator shows annotations in a log.
type annotator struct {
	gha *githubactions.Action
	env func(string) string
}

// annotationsShown is below the runner's limit of ten for a level and step. So the last one, which counts the rest, is seen.
const annotationsShown = 9

// all shows what could not be checked, then errors, then warnings. The rest is in the log and the summary.
func (a *annotator) all(r *Document) {
	a.some("error", append(failures(a.env, r), findings(a.env, r, "error")...))
	a.some("warning", findings(a.env, r, "warning"))
}

func (a *annotator) some(level string, all []annotation) {
	for _, one := range all[:min(len(all), annotationsShown)] {
		a.show(level, one)
	}
	if left := len(all) - annotationsShown; left > 0 {
		a.show(level, annotation{message: fmt.Sprintf("%d more are in the summary of this run", left)})
	}
}

// failures returns what could not be checked or done.
func failures(env func(string) string, r *Document) (all []annotation) {
	for _, image := range r.Images {
		switch at := image.ErrorAt; {
		case image.Error == "":
		case at != nil:
			all = append(all, failure(env, at.Path, at.Line, image.Error))
		default:
			all = append(all, failure(env, image.Manifest, 0, image.Error))
		}
	}
	for _, at := range r.ErrorPlaces {
		all = append(all, failure(env, at.Path, at.Line, at.Message))
	}
	if r.Error != "" && len(r.ErrorPlaces) == 0 {
		all = append(all, annotation{nil, r.Error})
	}
	return all
}

// An ErrorPlace is a mistake in a file that is no manifest, such as .seedpack.yaml.
type ErrorPlace struct {
	Path    string `json:"path"`
	Line    int    `json:"line"` // counts from 1
	Message string `json:"message"`
}

// placed matches a mistake with its place.
var placed = regexp.MustCompile(`^(.+?):(\d+):\d+: (.+)$`)

// Places returns the mistakes that an error says of a policy file, or none.
func Places(err error) (all []ErrorPlace) {
	var wrong *policy.Error
	if !errors.As(err, &wrong) {
		return nil
	}
	for _, problem := range wrong.Problems {
		m := placed.FindStringSubmatch(problem)
		if m == nil {
			return nil // it is of the whole file: the error says which
		}
		line, err := strconv.Atoi(m[2])
		if err != nil {
			return nil
		}
		all = append(all, ErrorPlace{m[1], line, m[3]})
	}
	return all
}

// failure returns an annotation for what could not be done, at a line of a file if that is known.
func failure(env func(string) string, path string, line int, message string) annotation {
	a := annotation{fileOf(env, path), message}
	if a.fields != nil && line > 0 {
		a.fields["line"] = strconv.Itoa(line)
	}
	return a
}

// Annotate shows findings without the action, for --format github. What could not be checked and errors come first, since a
// runner shows only so many.
func Annotate(w io.Writer, getenv func(string) string, reports []*diag.Report, failures []report.Failure) {
	a := NewStep(getenv, w, nil).annotator
	for _, f := range failures {
		a.show("error", failure(getenv, f.Path, f.Line, f.Message))
	}
	r := &Document{Document: report.New(reports)}
	for _, level := range []string{"error", "warning"} {
		for _, one := range findings(getenv, r, level) {
			a.show(level, one)
		}
	}
}

func findings(env func(string) string, r *Document, level string) (all []annotation) {
	for _, f := range r.Reports {
		for _, e := range f.Diagnostics {
			if e.Severity.String() == level {
				all = append(all, finding(env, f.Path, e))
			}
		}
	}
	return all
}

// finding returns an annotation at its place. A runner takes columns only on a single line.
func finding(env func(string) string, path string, e report.Entry) annotation {
	a := annotation{fileOf(env, path), fmt.Sprintf("%s [%s]", withHint(e), e.Rule)}
	switch {
	case a.fields == nil:
		a.message = place(path, e) + ": " + a.message // it is of an image, for example
	case e.Line > 0:
		a.fields["line"], a.fields["endLine"] = strconv.Itoa(e.Line), strconv.Itoa(e.EndLine)
		if e.Line == e.EndLine {
			a.fields["col"], a.fields["endColumn"] = strconv.Itoa(e.Column), strconv.Itoa(e.EndColumn)
		}
	}
	return a
}

// fileOf names a file of a repository as GitHub does; nil if it is in none.
func fileOf(env func(string) string, path string) map[string]string {
	if c := checkoutOf(env, path); c.path != "" {
		return map[string]string{"file": c.path}
	}
	return nil
}

const annotationMax = 4000 // bytes; the runner cuts at 4,096

// show makes an annotation harmless and shows it. The library encodes it for the command: %, line ends, colons and commas.
func (a *annotator) show(level string, one annotation) {
	safe := map[string]string{"title": "Seedpack"}
	for k, v := range one.fields {
		safe[k] = report.Escape(v)
	}
	message := report.EscapeLines(one.message)
	if len(message) > annotationMax {
		message = strings.ToValidUTF8(message[:annotationMax], "") + " …"
	}
	to := a.gha.WithFieldsMap(safe)
	if level == "warning" {
		to.Warningf("%s", message)
		return
	}
	to.Errorf("%s", message)
}
