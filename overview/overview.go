package overview

import (
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/page"
	"github.com/seedpack/seedpack/pipeline"
)

// A Run is what a command came to.
type Run struct {
	Command  string // pack, smoke, run, publish, lint or verify
	Version  string // of the program
	Began    time.Time
	Took     time.Duration
	Images   []*pipeline.Image // of the jobs that were worked on, with their Reports; lint and verify have none
	Reports  []*diag.Report    // all findings, also those of the images
	Failures []report.Failure  // what could not be checked or done
	// Line returns the address of a line of a file, where the file can be seen on the web. It may be nil.
	Line func(path string, line int) string
	// Repository is the address of the repository on GitHub that a workflow runs for; empty if there is none.
	Repository string
	// Log is the address of the log of the run; empty if it is not known.
	Log string
}

// HTML writes a page about the run. It is one file that asks for nothing. All text of jobs is escaped.
func (r *Run) HTML(w io.Writer) error {
	set, err := page.Parse()
	if err != nil {
		return err
	}
	v := r.view()
	footer := "Made by Seedpack"
	if r.Version != "" {
		footer += " " + r.Version
	}
	return set.Write(w, "run", page.Page{Title: v.Title + " · Seedpack", Site: "Seedpack", Inline: true, Footer: footer + ". This page is one file and loads nothing.", Data: v})
}

// A view is the data of the template.
type view struct {
	Title, Lead       string
	Version           string // of the only job
	Verdict           badge
	Facts             []fact
	Jobs              []jobView
	Files             []fileView // findings about what is no job of the run
	Failures          []string
	ShowJobs          bool // as a table: there are several
	Errors            int
	Warnings, Notices int
}

// A badge is a word and how good it is.
type badge struct {
	Text string
	Tone Tone
}

type fact struct{ Key, Value, Link string }

// A jobView is one job.
type jobView struct {
	ID, Title, Version, Package, Path string
	Verdict                           badge
	Took                              string
	Image, ImagePage, Digest          string
	Platforms                         []string
	Error                             string
	ErrorOutput                       []string
	Stages                            []stageView
	Cases                             []caseView
	Passed                            string // "2 of 3 cases"
	Findings                          []findingView
	Counts                            string
}

// A stageView is a row of the picture of stages. X and Width are percent.
type stageView struct {
	Name, Took, X, Width string
	Tone                 Tone
}

// A caseView is a smoke case.
type caseView struct {
	ID, Name, Platform, Reason string
	Verdict                    badge
	Figures                    []figure
	Charts                     []chart
	Outputs                    []outputView
	JSON                       []jsonView
	MoreJSON                   int
	Kept                       string
	Printed                    []printedView
	Findings                   []findingView
}

// A figure is an amount, and what part it is of what is declared.
type figure struct {
	Key, Value, Of string
	Part           string // percent of the declared amount, at most 100%; empty if nothing is declared
	Tone           Tone
}

type outputView struct {
	Name, Total string
	Files       []fileSize
	More        int
}

type fileSize struct{ Name, Size string }

// A jsonView is a JSON output. Note says whether the manifest declares and requires it.
type jsonView struct{ Name, Type, Value, Note string }

type printedView struct{ Name, Text, Size string }

// A fileView holds the findings about a file or an image.
type fileView struct {
	Path     string
	Counts   string
	Findings []findingView
}

// A findingView is one finding. Before, Place and After are the line that it is about.
type findingView struct {
	Severity             string
	Tone                 Tone
	Message, Hint, Rule  string
	Where, Link          string
	Before, Place, After string
}

func (r *Run) view() *view {
	v := &view{ShowJobs: len(r.Images) > 1}
	for _, found := range r.Reports {
		if found != nil {
			v.Errors += found.Count(diag.Error)
			v.Warnings += found.Count(diag.Warning)
			v.Notices += found.Count(diag.Notice)
		}
	}
	shown := map[*diag.Report]bool{}
	for n, i := range r.Images {
		v.Jobs = append(v.Jobs, r.job(n, i))
		for _, found := range i.Reports {
			shown[found] = true
		}
	}
	for _, found := range r.Reports {
		if found == nil || shown[found] || len(found.Diagnostics) == 0 && len(r.Images) > 0 {
			continue
		}
		v.Files = append(v.Files, fileView{Path: filepath.ToSlash(found.Path), Findings: r.findings([]*diag.Report{found}, nil),
			Counts: Counts(found.Count(diag.Error), found.Count(diag.Warning), found.Count(diag.Notice))})
	}
	slices.SortStableFunc(v.Files, func(a, b fileView) int { return min(len(b.Findings), 1) - min(len(a.Findings), 1) })
	for _, f := range r.Failures {
		if !r.isJob(f.Path) {
			v.Failures = append(v.Failures, join(f.Path, f.Message))
		}
	}
	r.head(v)
	return v
}

func join(path, message string) string {
	if path == "" {
		return message
	}
	return filepath.ToSlash(path) + ": " + message
}

// isJob reports whether a failure is shown with its job.
func (r *Run) isJob(path string) bool {
	return slices.ContainsFunc(r.Images, func(i *pipeline.Image) bool {
		return i.Error != "" && (i.Manifest == path || i.ErrorAt != nil && i.ErrorAt.Path == path)
	})
}

// head sets what stands at the top: what came of the run as a whole.
func (r *Run) head(v *view) {
	bad, warn := len(v.Failures) > 0 || len(v.Jobs) == 0 && v.Errors > 0, v.Warnings > 0
	good := 0
	for i := range v.Jobs {
		switch v.Jobs[i].Verdict.Tone {
		case Bad:
			bad = true
		case Warn:
			warn, good = true, good+1
		default:
			good++
		}
	}
	v.Verdict = badge{"all is well", Good}
	switch {
	case bad:
		v.Verdict = badge{"something is wrong", Bad}
	case warn:
		v.Verdict = badge{"with warnings", Warn}
	}
	switch {
	case len(v.Jobs) == 1:
		j := &v.Jobs[0]
		v.Title, v.Version, v.Verdict = j.Title, j.Version, j.Verdict
	case len(v.Jobs) > 1:
		v.Title = diag.Count(len(v.Jobs), "job")
		v.Lead = diag.Count(good, "job") + " of " + Number(float64(len(v.Jobs))) + " went through."
	default:
		v.Title = r.Command + ": " + diag.Count(len(v.Files), "file")
	}
	v.Facts = append(v.Facts, fact{Key: "Command", Value: "seedpack " + r.Command})
	if !r.Began.IsZero() {
		v.Facts = append(v.Facts, fact{Key: "Began", Value: r.Began.UTC().Format("2 January 2006, 15:04 UTC")})
	}
	v.Facts = append(v.Facts, fact{Key: "Took", Value: Duration(r.Took)}, fact{Key: "Found", Value: Counts(v.Errors, v.Warnings, v.Notices)})
	if r.Log != "" {
		v.Facts = append(v.Facts, fact{Key: "Log", Value: "of this run", Link: r.Log})
	}
}
