package cli

import (
	"fmt"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pipeline"
)

// A smokeUpdate writes what runs left into smoke files. It shows how they change, and asks, unless it need not.
type smokeUpdate struct {
	process *Process
	yes     bool
	person  bool   // there is one to ask
	asker   *asker // nil before the first question
}

// job updates the smoke file of one job, after its results have been printed.
func (u *smokeUpdate) job(pipe *pipeline.Pipeline, r *pipeline.Result) error {
	update, err := pipe.UpdateCases(r)
	if err != nil || update == nil {
		return err
	}
	for _, note := range update.Notes {
		sayf(u.process.Stderr, "%s: %s", r.Path, u.process.secrets.HideAgain(note))
	}
	if len(update.Files) == 0 {
		if len(update.Notes) == 0 {
			sayf(u.process.Stderr, "%s: its smoke file needs no update", r.Path)
		} else {
			sayf(u.process.Stderr, "%s: its smoke file is not changed", r.Path)
		}
		return nil
	}
	var paths []string
	for _, f := range update.Files {
		paths = append(paths, f.Path)
		if _, err := fmt.Fprint(u.process.Stderr, u.difference(f)); err != nil {
			return err
		}
	}
	write, err := u.agreed(paths)
	if err != nil {
		return err
	}
	if !write {
		return exit.Findings
	}
	for _, f := range update.Files {
		if err := u.process.roots.ReplaceFile(f.Path, f.New); err != nil {
			return err
		}
		sayf(u.process.Stderr, "%s: updated", f.Path)
	}
	return nil
}

// difference shows how a file changes.
func (u *smokeUpdate) difference(f pipeline.FileUpdate) string {
	if !utf8.Valid(f.Old) || !utf8.Valid(f.New) {
		return fmt.Sprintf("%s is not text: its size was %s, and becomes %d\n", report.Escape(f.Path), diag.Count(len(f.Old), "byte"), len(f.New))
	}
	text := diff.Diff(f.Path, f.Old, f.Path+" with what the runs left", f.New)
	return escapeDiff(u.process.secrets.HideAgain(string(text)))
}

// agreed reports whether files are to be written.
func (u *smokeUpdate) agreed(paths []string) (bool, error) {
	if u.yes {
		return true, nil
	}
	if !u.person {
		sayf(u.process.Stderr, "nothing is written, since there is no terminal to ask on: --yes writes it")
		return false, nil
	}
	if u.asker == nil {
		u.asker = newAsker(u.process.Stdin, u.process.Stderr)
	}
	return u.asker.agrees(paths)
}
