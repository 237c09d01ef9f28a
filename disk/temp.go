package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// errHeld says that another process holds the lock of a directory.
var errHeld = errors.New("another process holds it")

// TempDir makes a directory in another one for what this process needs until its end. Its name begins with the prefix. Before that,
// it removes those that processes have left that were killed: directories of this user whose names begin so, and that no process
// holds. The caller removes the directory and then calls release.
func TempDir(parent, prefix string) (path string, release func() error, err error) {
	removeLeft(parent, prefix)
	for {
		if path, err = os.MkdirTemp(parent, prefix); err != nil {
			return "", nil, err
		}
		release, err = hold(path)
		switch {
		case err == nil:
			return path, release, nil
		case !errors.Is(err, errHeld) && !errors.Is(err, os.ErrNotExist):
			return "", nil, errors.Join(err, os.Remove(path))
		}
		// Another process took it for one that is left, before it was held.
	}
}

// Scratch is TempDir with one function that removes the directory, with all that is in it, and releases it.
func Scratch(parent, prefix string) (path string, remove func() error, err error) {
	path, release, err := TempDir(parent, prefix)
	if err != nil {
		return "", nil, err
	}
	return path, func() error { return errors.Join(os.RemoveAll(path), release()) }, nil
}

// TempFile makes a file in a directory for what this process needs until it closes the file. It has no name if the system allows
// that: nothing is left of it then, however the process ends. Otherwise the caller removes the file that it remains.
func TempFile(dir, pattern string) (f *os.File, remains bool, err error) {
	if f, err = os.CreateTemp(dir, pattern); err != nil {
		return nil, false, err
	}
	return f, os.Remove(f.Name()) != nil, nil
}

// hold holds a new directory, and makes sure that it is still there.
func hold(path string) (release func() error, err error) {
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	release, _, err = tryLock(dir)
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(path); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// removeLeft removes what it can. What belongs to another user of a container stays, and disturbs nobody.
func removeLeft(parent, prefix string) {
	if parent == "" {
		parent = os.TempDir()
	}
	entries, _ := os.ReadDir(parent) // those that it could read
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			removeUnheld(filepath.Join(parent, e.Name()))
		}
	}
}

// removeUnheld removes a directory of this user if no process holds it. It follows no link.
func removeUnheld(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || !isOwn(info) {
		return
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return
	}
	release, held, err := tryLock(dir)
	_ = dir.Close()
	if err != nil {
		return
	}
	if held {
		_ = os.RemoveAll(path)
	}
	_ = release()
}
