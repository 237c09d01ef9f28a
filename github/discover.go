package github

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/catalogue"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
)

// A found is a catalogue, and its images as people count them: several tags of one digest are one image.
type found struct {
	*catalogue.Catalogue
	lines []catalogue.Line
}

// presentFound turns a catalogue into a summary and outputs.
func (s *Step) presentFound(printed []byte, status int) error {
	read, err := catalogue.Decode(bytes.NewReader(printed))
	if err != nil {
		if status != exit.StatusClean {
			s.annotator.show("error", annotation{message: s.said.message()})
			return nil // nothing was found out, and standard error says why
		}
		return fmt.Errorf("read the result: %w", err)
	}
	f := found{read, read.Lines(s.inputs.input("query"))}
	if !f.Complete {
		s.annotator.show("error", annotation{message: "the catalogue is not complete: " + s.said.message()})
	}
	err = s.writeFound(f, printed)
	if !s.inputs.noSummary() {
		err = errors.Join(err, s.summarizeFound(f))
	}
	return err
}

func (s *Step) writeFound(f found, printed []byte) error {
	outputs := map[string]string{"images": strconv.Itoa(len(f.lines)), "skipped": strconv.Itoa(len(f.Skipped)), "complete": strconv.FormatBool(f.Complete)}
	if html := s.inputs.input("html"); html != "" && job.IsFile(filepath.Join(html, "index.html")) {
		outputs["html"] = checked(fileForm, html)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, printed); err == nil && line.Len() <= resultMax {
		outputs["result"] = line.String()
	}
	for name, value := range outputs {
		if err := writeOutput(s.env, name, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Step) summarizeFound(f found) error {
	b := &summary{env: s.env}
	fmt.Fprintf(b, "## Seedpack\n\n%s in %s, %s skipped", diag.Count(len(f.Jobs()), "job"), diag.Count(len(f.lines), "image"), strconv.Itoa(len(f.Skipped)))
	if !f.Complete {
		b.WriteString(". **This is not all:** something could not be listed or read")
	}
	b.WriteString("\n\n")
	cell := func(text string) string { return report.Markdown(report.Escape(strings.TrimSpace(text))) }
	if len(f.lines) > 0 {
		b.table("image", "also tagged", "title")
	}
	for _, i := range f.lines {
		b.row(cell(i.Reference), cell(strings.Join(i.Tags, ", ")), cell(i.Seed().Job.Title))
	}
	if len(f.Skipped) > 0 {
		b.WriteString("\n")
		b.table("skipped", "because")
	}
	for _, k := range f.Skipped {
		b.row(cell(k.Reference), cell(k.Reason))
	}
	if b.left > 0 {
		fmt.Fprintf(b, "\n%d more are not shown\n", b.left)
	}
	return appendTo(s.env, "GITHUB_STEP_SUMMARY", b.String())
}
