package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A LinkError says that something would have been written through a link. Path is that of the link.
type LinkError struct{ Path string }

func (e *LinkError) Error() string {
	return fmt.Sprintf("%s is a link: nothing is written through it; put a directory or a file in its place", e.Path)
}

// OpenDir opens a directory to write to, and makes it if it is missing. Without roots, it follows links in the path. With
// roots, it begins at the root of the path, opens one directory after the other, and follows no link: a link is a *LinkError,
// also one that has come since the path was checked. Nothing that is written with the result leaves the directory. The caller
// closes it.
func (r Roots) OpenDir(path string) (*os.Root, error) { return r.open(path, step) }

// open opens a directory. Each step below the root of the path is that of next.
func (r Roots) open(path string, next func(*os.Root, string) (*os.Root, error)) (*os.Root, error) {
	if len(r) == 0 {
		dir, err := os.OpenRoot(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return dir, err
		}
		return openMissing(path, next)
	}
	root, rel, err := r.locate(path)
	if err != nil {
		return nil, err
	}
	top, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	return descend(top, rel, next)
}

// openMissing opens a directory of which only parents exist.
func openMissing(path string, next func(*os.Root, string) (*os.Root, error)) (*os.Root, error) {
	clean := filepath.Clean(path)
	dir := clean
	for {
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		dir = parent
		top, err := os.OpenRoot(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(dir, clean)
		if err != nil {
			return nil, errors.Join(err, top.Close())
		}
		return descend(top, rel, next)
	}
}

// locate returns the root that a path is in, and the path from there.
func (r Roots) locate(path string) (root, rel string, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", "", err
	}
	for _, root := range r {
		named, real, err := resolveRoot(root)
		if err != nil {
			return "", "", err
		}
		for _, top := range []string{named, real} {
			if Below(top, abs) {
				rel, err := filepath.Rel(top, abs)
				return real, rel, err
			}
		}
	}
	return "", "", r.outside(path)
}

// Sub opens a directory below another one, and makes it if it is missing. It follows no link: see Roots.OpenDir. The caller
// closes it.
func Sub(dir *os.Root, path string) (*os.Root, error) { return below(dir, path, step) }

// Enter opens a directory below another one, which must exist. It follows no link: see Roots.OpenDir. The caller closes it.
func Enter(dir *os.Root, path string) (*os.Root, error) { return below(dir, path, enter) }

func below(dir *os.Root, path string, next func(*os.Root, string) (*os.Root, error)) (*os.Root, error) {
	same, err := dir.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	return descend(same, path, next)
}

// descend closes dir.
func descend(dir *os.Root, path string, next func(*os.Root, string) (*os.Root, error)) (*os.Root, error) {
	if !filepath.IsLocal(path) {
		return nil, errors.Join(fmt.Errorf("path %q leaves %s", path, dir.Name()), dir.Close())
	}
	for name := range strings.SplitSeq(filepath.ToSlash(filepath.Clean(path)), "/") {
		if name == "." {
			continue
		}
		sub, err := next(dir, name)
		if err := errors.Join(err, dir.Close()); err != nil {
			return nil, err
		}
		dir = sub
	}
	return dir, nil
}

// step opens a directory in another one, and makes it if it is missing.
func step(dir *os.Root, name string) (*os.Root, error) {
	if err := dir.Mkdir(name, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return enter(dir, name)
}

// enter opens a directory in another one. If a link takes the place of the directory meanwhile, another directory is opened
// than was seen.
func enter(dir *os.Root, name string) (*os.Root, error) {
	at := filepath.Join(dir.Name(), name)
	seen, err := dir.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case seen.Mode()&fs.ModeSymlink != 0:
		return nil, &LinkError{at}
	case !seen.IsDir():
		return nil, &fs.PathError{Op: "open", Path: at, Err: syscall.ENOTDIR}
	}
	sub, err := dir.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := sub.Stat(".")
	if err == nil && !os.SameFile(seen, opened) {
		err = &LinkError{at}
	}
	if err != nil {
		return nil, errors.Join(err, sub.Close())
	}
	return sub, nil
}
