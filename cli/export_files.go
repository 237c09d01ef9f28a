package cli

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/export"
)

// writeDir writes files to a directory, which is new or empty: all of them or none.
func writeDir(roots disk.Roots, path string, files []export.File) (err error) {
	if err := checkEmpty(roots, path); err != nil {
		return err
	}
	dir, err := roots.OpenDir(path)
	if err != nil {
		return exit.Usagef("--output-dir: %w", err)
	}
	defer func() {
		if err != nil {
			for _, f := range files {
				top, _, _ := strings.Cut(f.Name, "/")
				err = errors.Join(err, dir.RemoveAll(top))
			}
		}
		err = errors.Join(err, dir.Close())
	}()
	for _, f := range files {
		if err := writeIn(dir, f); err != nil {
			return err
		}
	}
	return nil
}

// checkEmpty refuses a directory that has files, or that cannot be written to. An empty path is no directory.
func checkEmpty(roots disk.Roots, path string) error {
	if path == "" {
		return nil
	}
	entries, err := os.ReadDir(path)
	switch {
	case err == nil && len(entries) > 0:
		return exit.Usagef("--output-dir %s is not empty: give a new or empty directory", path)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return exit.Usagef("--output-dir: %w", err)
	}
	if err := roots.CheckDirectory(path); err != nil {
		return exit.Usagef("--output-dir: %w", err)
	}
	return nil
}

// writeIn writes one file, and the directory that it is in.
func writeIn(dir *os.Root, f export.File) error {
	folder, name := path.Split(f.Name)
	if folder != "" {
		sub, err := disk.Sub(dir, filepath.FromSlash(path.Clean(folder)))
		if err != nil {
			return err
		}
		defer sub.Close()
		dir = sub
	}
	return disk.WriteIn(dir, name, newFile, func(w *os.File) error {
		_, err := w.WriteString(f.Text)
		return err
	})
}
