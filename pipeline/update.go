package pipeline

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// A CasesUpdate is a smoke file with what the runs of a job left, as expectations.
type CasesUpdate struct {
	Files []FileUpdate // that change: the smoke file, and then files that it names
	Notes []string     // what stays as it is, or is removed, and why
}

// A FileUpdate is the old and the new content of a file.
type FileUpdate struct {
	Path     string
	Old, New []byte
}

// UpdateCases returns how the smoke file of a job changes that was tried with Smoke.Update. It writes nothing. The result is nil if
// the job was not tried.
func (p *Pipeline) UpdateCases(r *Result) (*CasesUpdate, error) {
	if len(r.Smoked) == 0 {
		return nil, nil
	}
	path, _ := p.casesPath(r.Job)
	var results []*verify.Result
	for _, s := range r.Smoked {
		results = append(results, s.Result)
	}
	old, err := disk.ReadFile(path, disk.MaxText)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(old, r.smokeFile) {
		return nil, fmt.Errorf("%s was changed during the runs: nothing is written", path)
	}
	updated, err := cases.Update(path, old, r.Manifest, caseEnv(p.host.Getenv), verify.Left(r.Manifest, results...))
	if err != nil {
		return nil, err
	}
	u := &CasesUpdate{Notes: updated.Notes}
	if !bytes.Equal(old, updated.Text) {
		u.Files = append(u.Files, FileUpdate{path, old, updated.Text})
	}
	for _, f := range updated.Files {
		u.Files = append(u.Files, FileUpdate{filepath.Join(filepath.Dir(path), filepath.FromSlash(f.Path)), f.Old, f.New})
	}
	return u, nil
}

// noSmokeFile says that there is nothing to update.
func noSmokeFile(path string) error {
	return exit.Usagef("%s: there is no such file to update\nseedpack init --smoke writes one to start from", path)
}
