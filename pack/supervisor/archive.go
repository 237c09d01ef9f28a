//go:build linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"syscall"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// writeArchive writes the directories of the spec's Archive. The job has ended, so they do not change.
func writeArchive(w io.Writer, spec *wire.Spec) error {
	a := archiver{w: w, left: spec.ArchiveMax}
	for i, dir := range spec.Archive {
		if err := os.Chdir(dir); err != nil {
			return err
		}
		a.dir = i
		if err := a.add("", 0); err != nil {
			return fmt.Errorf("keep %s: %w", dir, err)
		}
	}
	end := wire.ArchiveEntry{End: true, Cut: a.cut}
	_, err := end.WriteTo(w)
	return err
}

// An archiver walks through the current directory. It does not follow links.
type archiver struct {
	w          io.Writer
	dir        int
	left       int64 // bytes
	files, cut int
}

func (a *archiver) add(dir string, depth int) error {
	f, err := os.OpenFile(cmp.Or(dir, "."), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for a.cut < maxCounted {
		names, err := f.Readdirnames(1000)
		for _, name := range names {
			if err := a.entry(path.Join(dir, name), depth); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *archiver) entry(name string, depth int) error {
	info, err := os.Lstat(name)
	if err != nil || a.files >= wire.MaxFiles || depth > maxDepth || info.Mode().IsRegular() && info.Size() > a.left {
		a.cut++
		return nil
	}
	a.files++
	e := wire.ArchiveEntry{Dir: a.dir, File: describe(name, name, info)}
	switch {
	case info.Mode().IsRegular():
		return a.file(&e)
	case info.IsDir():
		if _, err := e.WriteTo(a.w); err != nil {
			return err
		}
		return a.add(name, depth+1)
	}
	_, err = e.WriteTo(a.w)
	return err
}

func (a *archiver) file(e *wire.ArchiveEntry) error {
	f, err := openFile(e.File.Name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := e.WriteTo(a.w); err != nil {
		return err
	}
	n, err := io.CopyN(a.w, f, e.File.Size)
	a.left -= n
	return err
}
