package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// Move moves a regular file or a link from one directory to another, under a new name. It replaces nothing: a name that is there
// is an error that is fs.ErrExist. If the directories are on two file systems, the file is copied, whole or not at all. It follows
// no link.
func Move(from *os.Root, name string, to *os.Root, target string) error {
	err := rename(from, name, to, target)
	if !errors.Is(err, errAnotherFileSystem) {
		return err
	}
	info, err := from.Lstat(name)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := from.Readlink(name)
		if err != nil {
			return err
		}
		return to.Symlink(link, target)
	}
	return copyFile(from, name, to, target, info.Mode().Perm())
}

// errAnotherFileSystem says that a file cannot be renamed, but could be copied.
var errAnotherFileSystem = errors.New("the directories are on two file systems")

func copyFile(from *os.Root, name string, to *os.Root, target string, mode fs.FileMode) error {
	r, err := OpenIn(from, name)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := to.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err = errors.Join(err, w.Close()); err != nil {
		return errors.Join(err, to.Remove(target)) // nobody should take it for the whole file
	}
	return from.Remove(name)
}
