package main

import (
	"fmt"
	"os"
	"path/filepath"
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
func (s *githubStep) annotateAll(r *result) {
	s.annotateSome("error", append(s.failures(r), s.findings(r, "error")...))
	s.annotateSome("warning", s.findings(r, "warning"))
}

func (s *githubStep) annotateSome(level string, all []annotation) {
	for _, a := range all[:min(len(all), annotationsShown)] {
		s.annotate(level, a.fields, a.message)
	}
	if left := len(all) - annotationsShown; left > 0 {
		s.annotate(level, nil, fmt.Sprintf("%d more are in the summary of this run", left))
	}
}

// failures are what kept the command from finding out.
func (s *githubStep) failures(r *result) (all []annotation) {
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

// annotateReports shows findings without the action, for --format github: errors and what could not be found out first,
// since a runner shows only so many.
func (p *program) annotateReports(reports []*diag.Report, failures []report.Failure) {
	s := p.newStep()
	for _, f := range failures {
		s.annotate("error", s.file(f.Path), f.Message)
	}
	r := &result{Document: report.New(reports)}
	for _, level := range []string{"error", "warning"} {
		for _, a := range s.findings(r, level) {
			s.annotate(level, a.fields, a.message)
		}
	}
}

func (s *githubStep) findings(r *result, level string) (all []annotation) {
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
func (s *githubStep) finding(path string, e report.Entry) annotation {
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
func (s *githubStep) file(path string) map[string]string {
	if c := s.checkoutOf(path); c.path != "" {
		return map[string]string{"file": c.path}
	}
	return nil
}

const annotationMax = 4000 // bytes; the runner cuts at 4,096

func (s *githubStep) annotate(level string, fields map[string]string, message string) {
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

// A checkout is a file in the repository that holds it.
type checkout struct {
	dir  string // of the repository
	path string // of the file, relative to it, with slashes; empty when the file is in none
}

// checkoutOf finds the repository of a file, which need not be the workspace: actions/checkout has an input path.
func (s *githubStep) checkoutOf(path string) checkout {
	abs, err := filepath.Abs(path)
	if err != nil {
		return checkout{}
	}
	if _, err := os.Lstat(abs); err != nil {
		return checkout{}
	}
	workspace := s.program.getenv("GITHUB_WORKSPACE")
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		_, err := os.Lstat(filepath.Join(dir, ".git"))
		if rel, relErr := filepath.Rel(dir, abs); relErr == nil && (err == nil || dir == workspace) {
			return checkout{dir, filepath.ToSlash(rel)}
		}
		if dir == filepath.Dir(dir) {
			return checkout{}
		}
	}
}
