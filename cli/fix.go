package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
)

// fixes applies the fixes of findings, or shows them.
type fixes struct {
	process *Process
	options lint.Options
	unsafe  bool
	show    bool      // change nothing
	out     io.Writer // gets a line for each fix
}

// all fixes manifests in place. A fixed stream is printed. It returns the texts of streams, which cannot be read again. What
// cannot be read is left to the linter.
func (f *fixes) all(work *lintWork) (streams map[string][]byte, err error) {
	streams = map[string][]byte{}
	for _, t := range work.tasks {
		if t.alone || t.err != nil {
			continue
		}
		j, err := job.Read(t.manifest, f.process.roots, f.process.Stdin)
		if err != nil && !f.show {
			continue
		}
		if err != nil {
			return nil, err
		}
		if f.show {
			streams[t.manifest] = j.Manifest.Source.Text // a stream cannot be read again
			err = f.diff(t.manifest, j.Manifest.Source.Text, t.policy)
		} else {
			err = f.one(t, j.Manifest.Source.Text, streams)
		}
		if err != nil {
			return nil, err
		}
	}
	return streams, nil
}

// one fixes one manifest.
func (f *fixes) one(t *lintTask, text []byte, streams map[string][]byte) error {
	fixed := lint.Fix(t.manifest, text, f.options, t.policy, f.unsafe)
	var err error
	switch {
	case job.IsStream(t.manifest):
		streams[t.manifest] = fixed.Text
		_, err = f.process.Stdout.Write(fixed.Text)
	case len(fixed.Changes) > 0:
		err = f.process.roots.ReplaceFile(t.manifest, fixed.Text)
	}
	if err == nil {
		f.say(t.manifest, fixed)
	}
	return err
}

// say prints a line for each fix that was applied, and how many were not.
func (f *fixes) say(path string, fixed lint.Fixed) {
	for n, c := range fixed.Changes {
		if n == diag.MaxFindings { // nobody reads thousands
			sayf(f.out, "%s: fixed: %d more", path, len(fixed.Changes)-n)
			break
		}
		sayf(f.out, "%s:%d:%d: fixed: %s [%s]", path, c.At.Line, c.At.Column, c.Title, c.Rule.ID)
	}
	if fixed.Refused != "" {
		sayf(f.out, "%s: nothing is fixed: %s", path, fixed.Refused)
	}
	if n := fixed.Withheld; n > 0 {
		it := "it"
		if n > 1 {
			it = "them"
		}
		sayf(f.out, "%s: %s: --diff shows %s, --fix --unsafe-fixes applies %[3]s", path, withheld(n), it)
	}
}

func withheld(n int) string {
	if n == 1 {
		return "1 unsafe fix is withheld"
	}
	return fmt.Sprintf("%d unsafe fixes are withheld", n)
}

// diff shows what --fix would do, and then what --unsafe-fixes would do besides.
func (f *fixes) diff(path string, old []byte, policy diag.Policy) error {
	safe := lint.Fix(path, old, f.options, policy, false)
	all := lint.Fix(path, old, f.options, policy, true)
	text := diff.Diff(path, old, path+" with --fix", safe.Text)
	if string(all.Text) != string(safe.Text) {
		from := path
		if string(safe.Text) != string(old) {
			from += " with --fix"
		}
		text = append(text, diff.Diff(from, safe.Text, path+" with --fix --unsafe-fixes", all.Text)...)
	}
	if _, err := fmt.Fprint(f.process.Stdout, escapeDiff(string(text))); err != nil {
		return err
	}
	switch {
	case safe.Refused != "":
		sayf(f.process.Stderr, "%s: nothing is fixed: %s", path, safe.Refused)
	case all.Refused != "":
		sayf(f.process.Stderr, "%s: with --unsafe-fixes nothing is fixed: %s", path, all.Refused)
	case len(text) == 0 && len(all.Changes) == 0:
		sayf(f.process.Stderr, "%s: there is no fix to show", path)
	}
	return nil
}

// escapeDiff makes foreign text harmless and keeps its tabs.
func escapeDiff(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j := range cells {
			cells[j] = report.Escape(cells[j])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
