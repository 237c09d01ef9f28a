// Package report writes reports: as text for people, and as JSON, SARIF, JUnit and GitLab's Code Quality for programs.
//
// It decides nothing: diag.Policy settled before which diagnostics count. All text that it writes is escaped, wherever
// it came from.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// A Document is the JSON form of reports. Its members are permanent: later versions add members, or change
// SchemaVersion.
type Document struct {
	SchemaVersion int    `json:"schemaVersion"` // 1
	Reports       []File `json:"reports"`
	Errors        int    `json:"errors"`
	Warnings      int    `json:"warnings"`
	Notices       int    `json:"notices"`
}

// A File holds the findings on one file or image.
type File struct {
	Path        string  `json:"path"`
	Diagnostics []Entry `json:"diagnostics"`
}

// An Entry is one diagnostic. Lines and columns count from 1, and columns count code points. The end is the first code
// point after the place. All four are 0 if the text is not available.
type Entry struct {
	Rule      string        `json:"rule"`
	Severity  diag.Severity `json:"severity"`
	Pointer   seed.Pointer  `json:"pointer"` // RFC 6901; empty for the whole document and in files that are not JSON
	Line      int           `json:"line"`
	Column    int           `json:"column"`
	EndLine   int           `json:"endLine"`
	EndColumn int           `json:"endColumn"`
	Message   string        `json:"message"`
	Hint      string        `json:"hint"`
	Fixes     []string      `json:"fixes"` // the title of each, "Write it in lower case"; lint --fix applies the first
	// UnsafeFix is true if the first fix guesses, removes text, or changes what the job offers: lint --fix applies it only
	// with --unsafe-fixes.
	UnsafeFix bool `json:"unsafeFix,omitempty"`
	// Case is the name of the smoke case whose run shows it; empty if it is of no run.
	Case string `json:"case,omitempty"`
}

// Advice returns the hint. Without a hint, it returns what the only fix would do.
func (e Entry) Advice() string { return advice(e.Hint, e.Fixes) }

func advice(hint string, fixes []string) string {
	if hint != "" || len(fixes) != 1 {
		return hint
	}
	first, size := utf8.DecodeRuneInString(fixes[0])
	if size == 0 {
		return ""
	}
	return string(unicode.ToLower(first)) + fixes[0][size:]
}

func titles(d *diag.Diagnostic) []string {
	all := []string{}
	for _, f := range d.Fixes {
		all = append(all, f.Title)
	}
	return all
}

// New returns the document of some reports, in their order. It leaves out nil reports.
func New(reports []*diag.Report) Document {
	doc := Document{SchemaVersion: 1, Reports: []File{}}
	for _, r := range reports {
		if r == nil {
			continue
		}
		f := File{Path: r.Path, Diagnostics: []Entry{}}
		for i := range r.Diagnostics {
			f.Diagnostics = append(f.Diagnostics, entry(r, &r.Diagnostics[i]))
		}
		doc.Reports = append(doc.Reports, f)
	}
	doc.Errors, doc.Warnings, doc.Notices = count(reports)
	return doc
}

func entry(r *diag.Report, d *diag.Diagnostic) Entry {
	e := Entry{Rule: d.Rule.ID, Severity: d.Level(), Pointer: d.Pointer, Message: d.Message, Hint: d.Hint, Fixes: titles(d), Case: d.Case}
	e.UnsafeFix = len(d.Fixes) > 0 && d.Fixes[0].Unsafe
	if start, end, ok := position(r, d); ok {
		e.Line, e.Column, e.EndLine, e.EndColumn = start.Line, start.Column, end.Line, end.Column
	}
	return e
}

// position returns where d starts and ends. It is not ok if r has no text.
func position(r *diag.Report, d *diag.Diagnostic) (start, end seed.Position, ok bool) {
	if r.Source == nil {
		return start, end, false
	}
	at := r.Place(d)
	return r.Source.Position(at.Start), r.Source.Position(at.End), true
}

func count(reports []*diag.Report) (errors, warnings, notices int) {
	for _, r := range reports {
		if r != nil {
			errors += r.Count(diag.Error)
			warnings += r.Count(diag.Warning)
			notices += r.Count(diag.Notice)
		}
	}
	return errors, warnings, notices
}

// JSON writes the document of some reports.
func JSON(w io.Writer, reports []*diag.Report) error { return Encode(w, New(reports)) }

// Encode writes any value as indented JSON and a line break. It escapes foreign text.
func Encode(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode as JSON: %w", err)
	}
	_, err = w.Write(append(EscapeJSON(text), '\n'))
	return err
}
