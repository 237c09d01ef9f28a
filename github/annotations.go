package github

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
)

// An annotation is what GitHub shows at a line of a file, or of the run as a whole.
type annotation struct {
	fields  map[string]string
	message string
}

// annotationsShown is below the runner's limit of ten for a level and step, so that the one that counts the rest is seen.
const annotationsShown = 9

// annotateAll shows what could not be found out, then errors, then warnings. All else is in the log and the summary.
func (s *Step) annotateAll(r *Document) {
	s.annotateSome("error", append(s.failures(r), s.findings(r, "error")...))
	s.annotateSome("warning", s.findings(r, "warning"))
}

func (s *Step) annotateSome(level string, all []annotation) {
	for _, a := range all[:min(len(all), annotationsShown)] {
		s.annotate(level, a.fields, a.message)
	}
	if left := len(all) - annotationsShown; left > 0 {
		s.annotate(level, nil, fmt.Sprintf("%d more are in the summary of this run", left))
	}
}

// failures are what kept the command from finding out.
func (s *Step) failures(r *Document) (all []annotation) {
	for _, image := range r.Images {
		if image.Error != "" {
			all = append(all, annotation{s.file(image.Manifest), image.Error})
		}
	}
	if r.Error != "" {
		all = append(all, annotation{nil, r.Error})
	}
	return all
}

// Annotate shows findings without the action, for --format github: errors and what could not be found out first,
// since a runner shows only so many.
func Annotate(w io.Writer, getenv func(string) string, reports []*diag.Report, failures []report.Failure) {
	s := NewStep(getenv, w)
	for _, f := range failures {
		s.annotate("error", s.file(f.Path), f.Message)
	}
	r := &Document{Document: report.New(reports)}
	for _, level := range []string{"error", "warning"} {
		for _, a := range s.findings(r, level) {
			s.annotate(level, a.fields, a.message)
		}
	}
}

func (s *Step) findings(r *Document, level string) (all []annotation) {
	for _, f := range r.Reports {
		for _, e := range f.Diagnostics {
			if e.Severity.String() == level {
				all = append(all, s.finding(f.Path, e))
			}
		}
	}
	return all
}

// finding is an annotation at its place. A runner takes columns only on a single line.
func (s *Step) finding(path string, e report.Entry) annotation {
	a := annotation{s.file(path), fmt.Sprintf("%s [%s]", withHint(e), e.Rule)}
	switch {
	case a.fields == nil:
		a.message = place(path, e) + ": " + a.message // it is of an image, say
	case e.Line > 0:
		a.fields["line"], a.fields["endLine"] = strconv.Itoa(e.Line), strconv.Itoa(e.EndLine)
		if e.Line == e.EndLine {
			a.fields["col"], a.fields["endColumn"] = strconv.Itoa(e.Column), strconv.Itoa(e.EndColumn)
		}
	}
	return a
}

// file names a file of a repository as GitHub does; nil when it is none.
func (s *Step) file(path string) map[string]string {
	if c := checkoutOf(s.env, path); c.path != "" {
		return map[string]string{"file": c.path}
	}
	return nil
}

const annotationMax = 4000 // bytes; the runner cuts at 4,096

func (s *Step) annotate(level string, fields map[string]string, message string) {
	safe := map[string]string{"title": "Seedpack"}
	for k, v := range fields {
		safe[k] = report.Escape(v)
	}
	message = report.Escape(message)
	if len(message) > annotationMax {
		message = strings.ToValidUTF8(message[:annotationMax], "") + " …"
	}
	a := s.gha.WithFieldsMap(safe)
	if level == "warning" {
		a.Warningf("%s", message)
		return
	}
	a.Errorf("%s", message)
}
