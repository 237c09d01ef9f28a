package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A StrayLink is the error for a link that is not followed. Otherwise the file would be left out in silence, or another one
// would be read than the one that is meant.
type StrayLink struct {
	Path, Target string
	Why          string
}

// Error names the link and what to do.
func (e *StrayLink) Error() string {
	return fmt.Sprintf("%s is a link to %q, %s: put a copy of the file there", filepath.Base(e.Path), e.Target, e.Why)
}

// CheckLink returns a *StrayLink if a path is a link to nothing, or one out of a directory. Anything else is no error, neither
// is a path at which nothing is, nor a link to what is no file.
func CheckLink(path, within string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return nil // no link
	}
	refused := func(why string) error { return &StrayLink{path, target, why} }
	real, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refused("which is not there")
	case err != nil:
		return refused("which cannot be followed")
	case Check(path) != nil:
		return nil // it leads to no file, which is said when it is opened
	}
	top, err := filepath.EvalSymlinks(within)
	if err != nil {
		return err
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	if top, err = filepath.Abs(top); err != nil {
		return err
	}
	if rel, err := filepath.Rel(top, real); err != nil || !filepath.IsLocal(rel) {
		return refused("which is outside of " + within)
	}
	return nil
}

// IsLink reports whether a path is that of a link, wherever it leads.
func IsLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// IsMissing reports whether there is nothing under a path, not even a link to nothing. It asks once, which is enough to know that
// of most places that are looked at.
func IsMissing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// Checkout returns the directory that links of a directory may lead to: the checkout that it is in, which has .git, or else the
// directory itself.
func Checkout(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return abs
		}
	}
}
