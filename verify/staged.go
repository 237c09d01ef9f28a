package verify

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// takeStaged moves what a run has left in directories of the host, in the order of the trees. Names and links are as hostile as
// those of an archive, and are treated in the same way. What is not kept stays in the directories.
func (k *Kept) takeStaged(dirs []string, trees []*tree) error {
	for i, path := range dirs {
		if i >= len(trees) {
			break
		}
		top, err := os.OpenRoot(path)
		if err != nil {
			return err
		}
		err = k.takeDir(top, "", i, trees[i])
		if err := errors.Join(err, top.Close()); err != nil {
			return err
		}
	}
	return nil
}

// takeDir moves the content of one directory, sorted by name. The job has ended, so it does not change meanwhile. The path is the
// one below the directory of the run.
func (k *Kept) takeDir(dir *os.Root, at string, i int, t *tree) error {
	list, err := dir.Open(".")
	if err != nil {
		return err
	}
	names, err := list.Readdirnames(-1)
	if err := errors.Join(err, list.Close()); err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := k.takeName(dir, at, name, i, t); err != nil {
			return err
		}
	}
	return nil
}

// maxStagedDepth is that of the supervisor's own lists.
const maxStagedDepth = 128

func (k *Kept) takeName(dir *os.Root, at, name string, i int, t *tree) error {
	info, err := dir.Lstat(name)
	if err != nil {
		return err
	}
	e := &wire.ArchiveEntry{Dir: i, File: wire.File{Name: path.Join(at, name), Mode: info.Mode(), Size: info.Size()}}
	if info.Mode()&fs.ModeSymlink != 0 {
		if e.File.Link, err = dir.Readlink(name); err != nil {
			return err
		}
	}
	put := func(to *os.Root, target string) error { return k.move(dir, name, info, to, target) }
	if err := k.skipExisting(&e.File, k.write(t, e, put)); err != nil {
		return err
	}
	if !info.IsDir() {
		return nil
	}
	if strings.Count(e.File.Name, "/") >= maxStagedDepth {
		k.leaveOut("what is below %q is too deep", e.File.Name)
		return nil
	}
	below, err := disk.Enter(dir, name)
	if err != nil {
		return err
	}
	return errors.Join(k.takeDir(below, e.File.Name, i, t), below.Close())
}

// move moves a regular file. Bits of its mode beyond permissions are dropped.
func (k *Kept) move(from *os.Root, name string, info fs.FileInfo, to *os.Root, target string) error {
	if mode := 0o600 | info.Mode().Perm(); mode != info.Mode() {
		if err := from.Chmod(name, mode); err != nil {
			return err
		}
	}
	if err := disk.Move(from, name, to, target); err != nil {
		return err
	}
	k.Files++
	k.Bytes += info.Size()
	return nil
}
