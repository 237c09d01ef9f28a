package report

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag"
)

// SARIFOptions are options of SARIF. The zero value works.
type SARIFOptions struct {
	// Version is the version of the program.
	Version string
	// ID distinguishes this run from other runs of the program, so that one does not hide the findings of another. The
	// part after the last slash may differ from run to run. Default: none.
	ID string
	// Help returns a rule's documentation. Default: its Doc, or else its Summary.
	Help func(*diag.Rule) RuleHelp
	// Locate returns the file of the repository that a report is about: relative to the root, or absolute if it is in
	// no repository. It is not ok for anything else, such as an image. Default: paths are not changed.
	Locate func(path string) (file string, ok bool)
	// NoFixes leaves out fixes, because the text is from an image and not from a file. Default: false.
	NoFixes bool
	// Failures are checks that could not be made.
	Failures []Failure
}

// A RuleHelp is the documentation of a rule. Empty texts are replaced by the rule's Doc, or else by its Summary.
type RuleHelp struct {
	Reason         string // why the rule is there, as plain text
	Text, Markdown string // all of it
	URI            string // of a page, with the scheme
}

// A Failure is a check that could not be made. It is not a finding.
type Failure struct {
	Path    string // the file or image; may be empty
	Message string
	Line    int // counts from 1; 0 if it is not known
}

// SARIF writes reports as one run in a log of SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/.
//
// It lists only rules with results. Files are relative to SRCROOT, the root of the repository. The log does not say
// where that root is, so the log is the same on every machine.
func SARIF(w io.Writer, reports []*diag.Report, opt SARIFOptions) error {
	s := &sarifWriter{SARIFOptions: opt, rules: map[string]int{}, artifacts: map[sarifArtifactLocation]int{}}
	s.run.Results, s.run.Artifacts = []sarifResult{}, []sarifArtifact{}
	for _, r := range reports {
		if r != nil {
			s.report(r)
		}
	}
	s.finish()
	return Encode(w, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []*sarifRun{&s.run},
	})
}

type sarifWriter struct {
	SARIFOptions
	run       sarifRun
	rules     map[string]int // index of each rule, by ID
	artifacts map[sarifArtifactLocation]int
	prints    fingerprints
}

const sourceRoot = "%SRCROOT%"

func (s *sarifWriter) finish() {
	s.run.ColumnKind = "unicodeCodePoints"
	s.run.Bases = map[string]sarifBase{sourceRoot: {sarifText{"the root of the repository"}}}
	driver := &s.run.Tool.Driver
	driver.Name, driver.Version = "Seedpack", sarifVersion(s.Version)
	driver.InformationURI = "https://github.com/seedpack/seedpack"
	if driver.Rules == nil {
		driver.Rules = []sarifRule{}
	}
	if s.ID != "" {
		s.run.Automation = &sarifID{s.ID}
	}
	invocation := sarifInvocation{Successful: len(s.Failures) == 0}
	for _, f := range s.Failures {
		message := f.Message
		if f.Path != "" {
			message = f.Path + ": " + message
		}
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"error", sarifMessage(message)})
	}
	if n := s.cut(); n > 0 {
		invocation.Notifications = append(invocation.Notifications,
			sarifNotification{"warning", sarifMessage(fmt.Sprintf("%d more results are left out, the least severe: there may be %d", n, maxResults))})
	}
	s.run.Invocations = []sarifInvocation{invocation}
}

// maxResults is GitHub's limit for a run. GitHub refuses a log with more results.
const maxResults = 25_000

// cut leaves out the least severe results above the limit, and returns how many.
func (s *sarifWriter) cut() int {
	n := len(s.run.Results) - maxResults
	if n <= 0 {
		return 0
	}
	rank := map[string]int{"error": 0, "warning": 1, "note": 2}
	slices.SortStableFunc(s.run.Results, func(a, b sarifResult) int { return cmp.Compare(rank[a.Level], rank[b.Level]) })
	s.run.Results = s.run.Results[:maxResults]
	return n
}

func (s *sarifWriter) report(r *diag.Report) {
	location, isFile := s.locate(r.Path)
	location.Index = s.artifact(location)
	for i := range r.Diagnostics {
		d := &r.Diagnostics[i]
		result := sarifResult{
			Rule: d.Rule.ID, RuleIndex: s.rule(d.Rule), Level: sarifLevel(d.Level()), Message: sarifMessage(withHint(d)),
			Locations: []sarifLocation{s.location(r, d, location, isFile)},
			Prints:    map[string]string{"seedpack/v1": s.prints.of(location.URI, r, d)},
		}
		if isFile && r.Source != nil && !s.NoFixes {
			result.Fixes = sarifFixes(r, d, location)
		}
		s.run.Results = append(s.run.Results, result)
	}
}

// artifact returns the index of the artifact at a location.
func (s *sarifWriter) artifact(at sarifArtifactLocation) *int {
	i, ok := s.artifacts[at]
	if !ok {
		i = len(s.run.Artifacts)
		s.artifacts[at] = i
		s.run.Artifacts = append(s.run.Artifacts, sarifArtifact{at, []string{"analysisTarget"}})
	}
	return &i
}

// locate returns the location of what a report is about. Code scanning refuses a result without a location, so an image
// gets one too.
func (s *sarifWriter) locate(name string) (location sarifArtifactLocation, isFile bool) {
	file, ok := name, true
	if s.Locate != nil {
		file, ok = s.Locate(name)
	}
	if !ok {
		return sarifArtifactLocation{URI: relativeURI(name)}, false
	}
	if filepath.IsAbs(file) {
		return sarifArtifactLocation{URI: (&url.URL{Scheme: "file", Path: path.Clean("/" + filepath.ToSlash(file))}).String()}, true
	}
	return sarifArtifactLocation{URI: relativeURI(filepath.ToSlash(file)), Base: sourceRoot}, true
}

// relativeURI escapes any path.
func relativeURI(name string) string {
	name = strings.TrimLeft(name, "/")
	if name == "" {
		return "."
	}
	// Text before a colon would be a scheme.
	return strings.ReplaceAll(strings.TrimPrefix((&url.URL{Path: "/" + name}).String(), "/"), ":", "%3A")
}

func (s *sarifWriter) location(r *diag.Report, d *diag.Diagnostic, at sarifArtifactLocation, isFile bool) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: at, Region: sarifRegionOf(r, d)}}
	switch {
	case d.Pointer != "":
		l.Logical = []sarifLogical{{Name: Escape(string(d.Pointer)), Kind: "member"}}
	case !isFile:
		l.Logical = []sarifLogical{{Name: Escape(r.Path), Kind: "resource"}}
	}
	return l
}

// sarifRegionOf returns the place of a finding. What has no text, such as an image, gets its first line, since code scanning
// needs one.
func sarifRegionOf(r *diag.Report, d *diag.Diagnostic) *sarifRegion {
	start, end, ok := position(r, d)
	if !ok {
		return &sarifRegion{StartLine: 1}
	}
	return &sarifRegion{start.Line, start.Column, end.Line, end.Column}
}

func sarifFixes(r *diag.Report, d *diag.Diagnostic, at sarifArtifactLocation) (fixes []sarifFix) {
	for _, f := range d.Fixes {
		change := sarifChange{Artifact: at}
		for _, e := range f.Edits {
			start, end := r.Source.Position(e.Span.Start), r.Source.Position(e.Span.End)
			change.Replacements = append(change.Replacements, sarifReplacement{
				sarifRegion{start.Line, start.Column, end.Line, end.Column}, sarifText{e.New}})
		}
		if len(change.Replacements) > 0 {
			fixes = append(fixes, sarifFix{sarifMessage(f.Title), []sarifChange{change}})
		}
	}
	return fixes
}

func (s *sarifWriter) rule(r *diag.Rule) int {
	if i, ok := s.rules[r.ID]; ok {
		return i
	}
	driver := &s.run.Tool.Driver
	s.rules[r.ID] = len(driver.Rules)
	var help RuleHelp
	if s.Help != nil {
		help = s.Help(r)
	}
	doc := cmp.Or(r.Doc, r.Summary)
	level := sarifLevel(r.Severity)
	problem := level
	if level == "note" {
		problem = "recommendation"
	}
	driver.Rules = append(driver.Rules, sarifRule{
		ID: r.ID, Short: sarifText{r.Summary}, Full: sarifText{limit(cmp.Or(help.Reason, doc), maxDescription)},
		Help: sarifHelp{cmp.Or(help.Text, doc), help.Markdown}, HelpURI: help.URI, Default: sarifConfiguration{level},
		Properties: sarifRuleProperties{problem, []string{"seed"}},
	})
	return s.rules[r.ID]
}

// maxDescription is GitHub's limit for the description of a rule, in characters.
const maxDescription = 1024

// limit shortens a text to a number of characters.
func limit(text string, n int) string {
	all := []rune(text)
	if len(all) <= n {
		return text
	}
	return string(all[:n-1]) + "…"
}

// sarifVersion returns a version that begins with a number, so that those of two reports can be compared: 1.2.3 for v1.2.3, and
// 0.0.0-devel for devel. An empty one stays empty, and is not written.
func sarifVersion(version string) string {
	number := strings.TrimPrefix(version, "v")
	if number == "" || number[0] >= '0' && number[0] <= '9' {
		return number
	}
	return "0.0.0-" + version
}

func sarifLevel(s diag.Severity) string {
	switch s {
	case diag.Error:
		return "error"
	case diag.Warning:
		return "warning"
	}
	return "note"
}

func withHint(d *diag.Diagnostic) string {
	if hint := advice(d.Hint, titles(d)); hint != "" {
		return clip(d.Message) + "; " + clip(hint)
	}
	return clip(d.Message)
}

// sarifMessage escapes foreign text in a message, since "[text](target)" would be a link.
func sarifMessage(s string) sarifText {
	return sarifText{strings.ReplaceAll(Escape(s), "](", "] (")}
}
