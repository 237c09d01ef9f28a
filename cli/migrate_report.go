package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/migrate"
	"github.com/seedpack/seedpack/seed"
)

// A migrateDocument is what migrate prints as JSON: lint's object with the migration. Its reports have questions as errors, and
// losses and places in code as warnings.
type migrateDocument struct {
	report.Document
	From      seed.Form           `json:"from"`
	Manifests []*migrate.Manifest `json:"manifests"` // what is known so far
	Questions []migrate.Question  `json:"questions"`
	Losses    []migrate.Loss      `json:"losses"`
	Changes   []migrate.Change    `json:"changes"`
	Code      []migrate.Place     `json:"code"`
	Findings  *report.Document    `json:"findings,omitempty"` // errors in the new manifests
	Written   []string            `json:"written,omitempty"`
}

// print prints the report.
func (m *migration) print() error {
	switch m.format {
	case formatJSON:
		return m.process.encode(m.process.Stdout, m.document())
	case formatGitHub:
		github.Annotate(m.process.results(), m.process.Getenv, m.annotations(), nil)
		return nil
	}
	return m.printText((*migration).text)
}

// printText prints a part of the report for people.
func (m *migration) printText(part func(*migration, io.Writer)) error {
	w := m.process.Stderr
	if m.outDir != "" {
		w = m.process.results()
	}
	var b bytes.Buffer
	part(m, &b)
	_, err := w.Write(b.Bytes())
	return err
}

// list returns a slice that JSON writes as a list, also if it is nil.
func list[E any](all []E) []E {
	if all == nil {
		return []E{}
	}
	return all
}

func (m *migration) document() *migrateDocument {
	r := m.result
	doc := &migrateDocument{Document: report.New(m.annotations()), From: r.From, Manifests: list(r.Manifests), Questions: list(r.Questions), Losses: list(r.Losses), Changes: list(r.Changes), Code: list(m.code)}
	if len(m.reports) > 0 {
		found := report.New(m.reports)
		doc.Findings = &found
	}
	doc.Written = m.paths
	return doc
}

// at returns the place of a member of the old manifest.
func (m *migration) at(p seed.Pointer) string {
	if m.old.line > 0 {
		return fmt.Sprintf("%s:%d: %s", m.old.path, m.old.line, p)
	}
	if m.old.doc.Label {
		return fmt.Sprintf("%s: %s", m.old.path, p)
	}
	pos := m.old.doc.Source.Position(m.old.doc.Source.KeySpan(p).Start)
	return fmt.Sprintf("%s:%d:%d", m.old.path, pos.Line, pos.Column)
}

// text prints the report for people.
func (m *migration) text(w io.Writer) {
	m.sections(w)
	m.ending(w)
}

// sections prints what is new, what is to be decided, what is lost, and where to look in the code.
func (m *migration) sections(w io.Writer) {
	r := m.result
	what := r.From.String()
	if what == "JobPack" {
		what += " (" + string(r.From) + ")"
	}
	if !r.From.Old() && len(r.Changes) == 0 {
		sayf(w, "%s is %s: there is nothing to migrate", m.old.path, what)
	} else {
		sayf(w, "%s is %s%s", m.old.path, what, m.jobs())
	}
	m.section(w, "What changes", changeLines(r.Changes))
	m.section(w, "What you must decide", m.questionLines())
	m.section(w, "What is lost", m.lossLines())
	m.section(w, "Where to look in the code", m.codeLines())
	m.section(w, "The image", m.imageLines())
	m.errors(w)
}

// ending prints what was written, and what comes next.
func (m *migration) ending(w io.Writer) {
	switch {
	case m.open():
		fmt.Fprintln(w)
		sayf(w, "nothing is written until this is settled")
	case m.outDir != "":
		fmt.Fprintln(w)
		for _, path := range m.paths {
			sayf(w, "wrote %s", path)
		}
		sayf(w, "next: seedpack lint %s", command.Quote(m.outDir))
	}
}

func (m *migration) jobs() string {
	if n := len(m.result.Manifests); n > 1 {
		return fmt.Sprintf(" with %d jobs, each of which gets its own manifest", n)
	}
	return ""
}

// sectionMost is how many lines of a section are printed. JSON has all.
const sectionMost = 60

func (m *migration) section(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	for _, line := range lines[:min(len(lines), sectionMost)] {
		for i, part := range strings.Split(line, "\n") {
			indent := "  "
			if i > 0 {
				indent = "      "
			}
			fmt.Fprintln(w, indent+report.Escape(part))
		}
	}
	if left := len(lines) - sectionMost; left > 0 {
		fmt.Fprintf(w, "  and %d more: --format json prints all\n", left)
	}
}

// changeLines says each kind of change once.
func changeLines(all []migrate.Change) []string {
	seen := map[string]bool{}
	var lines []string
	for _, c := range all {
		if !seen[c.Message] {
			seen[c.Message] = true
			lines = append(lines, c.Message)
		}
	}
	return lines
}

func (m *migration) questionLines() (lines []string) {
	for _, q := range m.result.Questions {
		lines = append(lines, "question: "+q.Message)
	}
	return lines
}

func (m *migration) lossLines() (lines []string) {
	for _, l := range m.result.Losses {
		lines = append(lines, fmt.Sprintf("%s: warning: %s", m.at(l.From), l.Message))
	}
	return lines
}

func (m *migration) codeLines() (lines []string) {
	for _, p := range m.code {
		lines = append(lines, fmt.Sprintf("%s:%d: %s\n%s", m.codePath(p), p.Line, p.Message, p.Text))
	}
	return lines
}

// codePath is the path of a place in code, as the user would write it.
func (m *migration) codePath(p migrate.Place) string {
	return filepath.Join(m.old.dir, filepath.FromSlash(p.File))
}

// imageLines says which images have another name now.
func (m *migration) imageLines() (lines []string) {
	if m.open() {
		return nil
	}
	for _, manifest := range m.result.Manifests {
		now := seed.Parse(manifest.Text()).ImageName()
		if old := manifest.OldImage; old != "" && old != now {
			lines = append(lines, fmt.Sprintf("%s is %s now", old, now))
		}
	}
	return lines
}

// errors prints the errors in the new manifests, with the flag that sets the member.
func (m *migration) errors(w io.Writer) {
	var lines []string
	for _, r := range m.reports {
		for i := range r.Diagnostics {
			d := &r.Diagnostics[i]
			lines = append(lines, fmt.Sprintf("%s: error: %s [%s]: --set %s=…", r.Path, d.Message, d.Rule.ID, d.Pointer))
		}
	}
	m.section(w, "What is wrong with the result", lines)
}

// Rules of what migrate shows as annotations.
var (
	migrateQuestion = &diag.Rule{ID: "migrate-question", Severity: diag.Error}
	migrateLoss     = &diag.Rule{ID: "migrate-loss", Severity: diag.Warning}
	migrateCode     = &diag.Rule{ID: "migrate-code", Severity: diag.Warning}
)

// annotations returns the report as findings: questions are errors, losses and places in code are warnings.
func (m *migration) annotations() []*diag.Report {
	own := &diag.Report{Path: m.old.path}
	if !m.old.doc.Label {
		own.Source = m.old.doc.Source
	}
	for _, q := range m.result.Questions {
		own.Add(diag.Diagnostic{Rule: migrateQuestion, Message: q.Message})
	}
	for _, r := range m.reports {
		for _, d := range r.Diagnostics {
			own.Add(diag.Diagnostic{Rule: d.Rule, Message: fmt.Sprintf("the new manifest: %s: --set %s=…", d.Message, d.Pointer)})
		}
	}
	for _, l := range m.result.Losses {
		own.Add(diag.Diagnostic{Rule: migrateLoss, Pointer: l.From, Key: true, Message: l.Message})
	}
	all := []*diag.Report{own}
	for _, p := range m.code {
		text, err := disk.ReadFile(m.codePath(p), disk.MaxText)
		if err != nil {
			continue // it was there a moment ago
		}
		src := seed.TextSource(text)
		span := src.Line(p.Line)
		r := &diag.Report{Path: m.codePath(p), Source: src}
		r.Add(diag.Diagnostic{Rule: migrateCode, Span: &span, Message: p.Message})
		all = append(all, r)
	}
	return all
}
