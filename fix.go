package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/seed"
)

// fixRounds is more than any manifest needs: a fix may uncover another, fixes that touch wait for each other, and of the
// faults of a text at most seed.MaxProblems are known at once.
const fixRounds = 200

// mend makes all fixes that the policy's diagnostics have, until none is left.
func mend(path string, text []byte, opt lint.Options, policy diag.Policy) []byte {
	for range fixRounds {
		found := policy.Apply(lint.Manifest(path, seed.Parse(text), opt))
		mended, changed := diag.ApplyFixes(text, found.Diagnostics)
		if !changed {
			break
		}
		text = mended
	}
	return text
}

// fixAll mends manifests in place, or only shows how. Standard input is printed as it would be, and holds the mended text
// for whoever reads it next.
func (p *program) fixAll(paths []string, opt lint.Options, policies []diag.Policy, show bool) error {
	for i, path := range paths {
		j, err := job.Read(path, p.stdin)
		if err != nil {
			return err
		}
		old := j.Manifest.Source.Text
		mended := mend(path, old, opt, policies[i])
		switch {
		case show:
			_, err = fmt.Fprint(p.stdout, escapeDiff(string(diff.Diff(path, old, path+" mended", mended))))
		case path == "-":
			p.stdin = bytes.NewReader(mended)
			_, err = p.stdout.Write(mended)
		case string(mended) != string(old):
			err = replaceFile(path, mended)
		}
		if err != nil {
			return err
		}
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

// replaceFile writes a file anew, whole or not at all, with the mode that it has. Of a link it is the target.
func replaceFile(path string, text []byte) (err error) {
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".seedpack-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
