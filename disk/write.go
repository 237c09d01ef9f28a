package disk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// tempPrefix begins the names of files and directories that are not complete yet.
const tempPrefix = ".seedpack-"

func tempName() string { return tempPrefix + rand.Text()[:10] }

// CreateTemp makes a new file in a directory, for Rename. The mode is subject to the user's umask. The caller closes it.
func CreateTemp(dir *os.Root, mode fs.FileMode) (f *os.File, name string, err error) {
	name = tempName()
	f, err = dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	return f, name, err
}

// WriteFile writes a file whole or not at all, below the roots. Its directory must exist. A link at the path is replaced, not
// followed. A pipe or another device is written to directly. Commands write all their files with it.
func (r Roots) WriteFile(path string, mode fs.FileMode, write func(*os.File) error) error {
	if err := r.writeFile(path, mode, write); err != nil {
		return writeError(path, err)
	}
	return nil
}

func (r Roots) writeFile(path string, mode fs.FileMode, write func(*os.File) error) (err error) {
	dir, base, err := r.parent(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if isDevice(path) {
		f, err := r.openDevice(dir, path, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	return WriteIn(dir, base, mode, write)
}

// WriteIn writes a file in a directory, whole or not at all. A link of that name is replaced, not followed.
func WriteIn(dir *os.Root, name string, mode fs.FileMode, write func(*os.File) error) (err error) {
	f, temp, err := CreateTemp(dir, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dir.Remove(temp))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return dir.Rename(temp, name)
}

// openDevice opens a device to write to. Only without roots may it be a link, such as /dev/stdout.
func (r Roots) openDevice(dir *os.Root, path string, flag int) (*os.File, error) {
	if len(r) == 0 {
		return os.OpenFile(path, os.O_WRONLY|flag, 0)
	}
	if err := NoLink(dir, filepath.Base(path)); err != nil {
		return nil, err
	}
	return dir.OpenFile(filepath.Base(path), os.O_WRONLY|flag, 0)
}

// CopyToDevice writes to a pipe or another device. It waits for the reader of a named pipe. The wait ends with the context, and so
// does one for a reader that stops to read.
func (r Roots) CopyToDevice(ctx context.Context, path string, from io.Reader) (err error) {
	dir, _, err := r.parent(path)
	if err != nil {
		return writeError(path, err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	to, err := r.openDevice(dir, path, nonblock)
	for ; isPipe(path) && errors.Is(err, syscall.ENXIO); to, err = r.openDevice(dir, path, nonblock) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err != nil {
		return writeError(path, err)
	}
	defer context.AfterFunc(ctx, func() { _ = to.SetWriteDeadline(time.Now()) })() // a device without deadlines never waits for us
	_, err = io.Copy(to, from)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return errors.Join(err, to.Close())
}

func isPipe(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeNamedPipe != 0
}

// ReplaceFile writes a file that exists anew, whole or not at all, with the mode that it has. Of a link it is the target, if
// that is below the roots.
func (r Roots) ReplaceFile(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return r.WriteFile(path, info.Mode().Perm(), func(f *os.File) error {
		_, err := f.Write(text)
		return errors.Join(err, f.Sync()) // it may be the only copy of a user's work
	})
}

// CheckWritable makes sure that files can be written, before anything is built or even published. Empty paths are passed over.
func (r Roots) CheckWritable(paths ...string) error {
	for _, path := range paths {
		if path == "" || isDevice(path) {
			continue
		}
		dir, _, err := r.parent(path)
		if err == nil {
			err = errors.Join(tryWriting(dir), dir.Close())
		}
		if err != nil {
			return writeError(path, err)
		}
	}
	return nil
}

// CheckDirectory makes sure that files can be written to a directory. If it does not exist yet, its nearest parent counts.
func (r Roots) CheckDirectory(path string) error {
	nearest := path
	for _, err := os.Stat(nearest); errors.Is(err, fs.ErrNotExist) && nearest != filepath.Dir(nearest); _, err = os.Stat(nearest) {
		nearest = filepath.Dir(nearest)
	}
	dir, err := r.open(nearest, enter)
	if err == nil {
		err = errors.Join(tryWriting(dir), dir.Close())
	}
	if err != nil {
		return writeError(path, err)
	}
	return nil
}

func tryWriting(dir *os.Root) error {
	f, name, err := CreateTemp(dir, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), dir.Remove(name))
}

// parent opens the directory of a file.
func (r Roots) parent(path string) (dir *os.Root, base string, err error) {
	dir, err = r.open(filepath.Dir(path), enter)
	return dir, filepath.Base(path), err
}

// NoLink returns a *LinkError if a name in a directory is a link. Nothing there is no link.
func NoLink(dir *os.Root, name string) error {
	info, err := dir.Lstat(name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return &LinkError{filepath.Join(dir.Name(), name)}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeError says which file was to be written. What cannot be done to a temporary file cannot be done in its directory.
func writeError(path string, err error) error {
	if info, there := os.Lstat(path); there == nil && info.IsDir() {
		return fmt.Errorf("write %s: it is a directory", path)
	}
	var wrong *fs.PathError
	if errors.As(err, &wrong) {
		return fmt.Errorf("write %s: %s: %w", path, filepath.Dir(path), wrong.Err)
	}
	return fmt.Errorf("write %s: %w", path, err)
}

// isDevice reports whether a path takes bytes without being a file, such as a pipe: no file can take its place.
func isDevice(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}
