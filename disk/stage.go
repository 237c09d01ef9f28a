package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A Stage is a new directory in another one, in which something is written before it is moved to its place.
type Stage struct {
	Dir  *os.Root
	Name string // in the parent

	parent *os.Root
	handle *os.File
}

// NewStage makes a stage that only this user can read. Remove closes it. The parent stays open until then.
func NewStage(parent *os.Root) (*Stage, error) {
	s := &Stage{Name: tempName(), parent: parent}
	if err := parent.Mkdir(s.Name, 0o700); err != nil {
		return nil, err
	}
	var err error
	if s.Dir, err = parent.OpenRoot(s.Name); err == nil {
		s.handle, err = s.Dir.Open(".")
	}
	if err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// Path returns a path of the stage, for code that takes only paths. On Linux, it leads to this very directory, whatever takes
// the place of its parents meanwhile. It is valid until Remove.
func (s *Stage) Path() string {
	if path := handlePath(s.handle); path != "" {
		return path
	}
	return filepath.Join(s.parent.Name(), s.Name)
}

// Rename moves the stage to a name in its parent. Others may then read it.
func (s *Stage) Rename(name string) error {
	return errors.Join(s.handle.Chmod(0o755), s.parent.Rename(s.Name, name))
}

// Remove closes the stage and removes what is left of it.
func (s *Stage) Remove() error {
	var errs []error
	if s.handle != nil {
		errs = append(errs, s.handle.Close())
	}
	if s.Dir != nil {
		errs = append(errs, s.Dir.Close())
	}
	return ignoreClosed(errors.Join(append(errs, s.parent.RemoveAll(s.Name))...))
}

// ignoreClosed lets a stage be removed twice.
func ignoreClosed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}
