// Package disk opens files and directories of this machine. It reads only what is a file, so that nothing waits for a pipe that
// nobody writes to. It writes only below the directories that a caller may write to, and through no link.
//
// All rooms use it for paths that users, manifests and repositories name. It knows nothing of jobs.
package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/exit"
)

// Roots are the directories that paths are confined to. None lets every path through.
type Roots []string

// Check refuses a path that leaves the root that it begins in, by its name or by a link. The file need not exist yet.
// A path is judged as it is written, and as filepath.Clean writes it: both forms are opened, and a link before ".."
// makes them differ. An empty path and "-" pass. What is refused is a mistake in the command line.
func (r Roots) Check(path string) error {
	if len(r) == 0 || path == "" || path == "-" {
		return nil
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(path) {
		path = cwd + string(filepath.Separator) + path
	}
	clean := filepath.Clean(path)
	for _, root := range r {
		abs, real, err := resolveRoot(root)
		if err != nil {
			return err
		}
		if !Below(abs, clean) && !Below(real, clean) {
			continue
		}
		if err := staysBelow(real, clean); err != nil {
			return err
		}
		return staysBelow(real, path)
	}
	return r.outside(path)
}

func (r Roots) outside(path string) error {
	return exit.Usagef("path %q is outside of --root %q: give one inside it", path, []string(r))
}

// resolveRoot returns the absolute path of a root as it is named, and where its links lead.
func resolveRoot(root string) (named, real string, err error) {
	if named, err = filepath.Abs(root); err != nil {
		return "", "", err
	}
	if real, err = filepath.EvalSymlinks(named); err != nil {
		return "", "", exit.Usagef("--root %q: %w", root, err)
	}
	return named, real, nil
}

// staysBelow refuses a path whose links lead out of a root.
func staysBelow(root, path string) error {
	real, err := resolve(path)
	if err != nil {
		return exit.Usagef("path %q: %w", path, err)
	}
	if !Below(root, real) {
		return exit.Usagef("path %q leads out of --root %q, to %q: give one that stays inside it", path, root, real)
	}
	return nil
}

// Below reports whether a path is a root or lies below it, by its name alone.
func Below(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}

// resolve returns where a path leads once its links are followed. A path that does not exist yet leads to where it would be.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", errors.New("is a link to nothing")
	}
	dir, name := filepath.Split(path)
	if name == "" || name == ".." || dir == path {
		return "", err
	}
	for len(dir) > 1 && os.IsPathSeparator(dir[len(dir)-1]) {
		dir = dir[:len(dir)-1]
	}
	if dir, err = resolve(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, name), nil
}
