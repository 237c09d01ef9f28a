package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/seed"
)

// fixRounds is more than any manifest needs. A fix may uncover another, fixes that touch wait for each other, and of the
// faults of a text at most seed.MaxProblems are known at once.
const fixRounds = 200

// fixText applies the fixes of all diagnostics that the policy keeps, until none is left.
func fixText(path string, text []byte, opt lint.Options, policy diag.Policy) []byte {
	for range fixRounds {
		found := policy.Apply(lint.Manifest(path, seed.Parse(text), opt))
		fixed, changed := diag.ApplyFixes(text, found.Diagnostics)
		if !changed {
			break
		}
		text = fixed
	}
	return text
}

// fixAll fixes manifests in place, or only shows how. A fixed standard input is printed. The returned reader has the same
// text, for the next reader of standard input.
func fixAll(p *Process, paths []string, opt lint.Options, policies []diag.Policy, show bool) (stdin io.Reader, err error) {
	stdin = p.Stdin
	for i, path := range paths {
		j, err := job.Read(path, stdin)
		if err != nil {
			return nil, err
		}
		old := j.Manifest.Source.Text
		fixed := fixText(path, old, opt, policies[i])
		switch {
		case show:
			_, err = fmt.Fprint(p.Stdout, escapeDiff(string(diff.Diff(path, old, path+" mended", fixed))))
		case path == "-":
			stdin = bytes.NewReader(fixed)
			_, err = p.Stdout.Write(fixed)
		case string(fixed) != string(old):
			err = p.roots.ReplaceFile(path, fixed)
		}
		if err != nil {
			return nil, err
		}
	}
	return stdin, nil
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
