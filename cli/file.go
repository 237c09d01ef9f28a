package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// newFile is the mode of files that are written for programs to read.
const newFile = 0o644

// writeWhole writes a file whole or not at all. A pipe or another device is written to directly.
func writeWhole(path string, mode fs.FileMode, write func(*os.File) error) (err error) {
	if isDevice(path) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("write %w", err)
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// replaceFile writes a file that exists anew, whole or not at all, with the mode that it has. Of a link it is the target.
func replaceFile(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return writeWhole(path, info.Mode().Perm(), func(f *os.File) error {
		_, err := f.Write(text)
		return errors.Join(err, f.Sync()) // it may be the only copy of a user's work
	})
}

// checkWritable makes sure that files can be written, before anything is built or even published. Empty paths are passed over.
func checkWritable(paths ...string) error {
	for _, path := range paths {
		if path == "" || isDevice(path) {
			continue
		}
		f, err := createBeside(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// checkDirectory makes sure that files can be written to a directory. If it does not exist yet, its nearest parent counts.
func checkDirectory(dir string) error {
	for _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir); _, err = os.Stat(dir) {
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".seedpack-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// createBeside opens a temporary file that can become the one at a path. The error is about that path.
func createBeside(path string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".seedpack-*")
	var wrong *fs.PathError
	if errors.As(err, &wrong) {
		return nil, fmt.Errorf("write %s: %s: %w", path, filepath.Dir(path), wrong.Err)
	}
	return f, err
}

// isDevice reports whether a path takes bytes without being a file, such as a pipe: no file can take its place.
func isDevice(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
