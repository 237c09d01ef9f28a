package report

import (
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/diag"
)

// GitLabOptions are options of GitLab. The zero value works.
type GitLabOptions struct {
	// Locate is that of SARIFOptions.
	Locate func(path string) (file string, ok bool)
	// Failures are checks that could not be made.
	Failures []Failure
}

// GitLab writes reports as GitLab reads them for its widget Code Quality and the lines of a merge request,
// https://docs.gitlab.com/ci/testing/code_quality/. An error is major, a warning is minor and a notice is info. A check that
// could not be made is a blocker.
func GitLab(w io.Writer, reports []*diag.Report, opt GitLabOptions) error {
	g := &gitlabWriter{GitLabOptions: opt, issues: []gitlabIssue{}}
	for _, r := range reports {
		if r != nil {
			g.report(r)
		}
	}
	for _, f := range opt.Failures {
		file := g.locate(f.Path)
		g.issues = append(g.issues, gitlabIssue{Description: "could not be checked: " + Escape(clip(f.Message)), Check: "could-not-be-checked",
			Fingerprint: g.prints.name("could-not-be-checked", file), Severity: "blocker", Location: gitlabLocation{file, gitlabLines{max(f.Line, 1)}}})
	}
	return Encode(w, g.issues)
}

type gitlabWriter struct {
	GitLabOptions
	issues []gitlabIssue
	prints fingerprints
}

type gitlabIssue struct {
	Description string         `json:"description"`
	Check       string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"` // relative to the root of the repository
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"` // counts from 1
}

func (g *gitlabWriter) report(r *diag.Report) {
	file := g.locate(r.Path)
	for i := range r.Diagnostics {
		d := &r.Diagnostics[i]
		issue := gitlabIssue{Description: Escape(withHint(d)), Check: d.Rule.ID, Fingerprint: g.prints.of(file, r, d),
			Severity: gitlabSeverity(d.Level()), Location: gitlabLocation{file, gitlabLines{1}}}
		if start, _, ok := position(r, d); ok {
			issue.Location.Lines.Begin = start.Line
		}
		g.issues = append(g.issues, issue)
	}
}

// locate returns the path that GitLab shows. It needs one for each finding, so that of an image is its name.
func (g *gitlabWriter) locate(name string) string {
	if g.Locate != nil {
		if file, ok := g.Locate(name); ok {
			name = file
		}
	}
	if name = strings.TrimPrefix(path.Clean(filepath.ToSlash(name)), "./"); name == "" {
		name = "."
	}
	return Escape(name)
}

func gitlabSeverity(s diag.Severity) string {
	switch s {
	case diag.Error:
		return "major"
	case diag.Warning:
		return "minor"
	}
	return "info"
}
