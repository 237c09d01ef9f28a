package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A copy that fails leaves no part of a file behind, and takes nothing away.
func TestMoveLeavesNoPart(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/mem"); err != nil {
		t.Skip("no file here that cannot be read")
	}
	from, err := os.OpenRoot("/proc/self")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	dir := t.TempDir()
	to, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if err := copyFile(from, "mem", to, "part", 0o600); err == nil {
		t.Error("a file that cannot be read is copied")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// Move renames on one file system and copies between two. Neither replaces a file or follows a link.
func TestMove(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	tree(t, top, "from/a", "from/there", "from/l -> ../to/there", "to/there")
	open := func(dir string) *os.Root {
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = root.Close() })
		return root
	}
	from, to := open(filepath.Join(top, "from")), open(filepath.Join(top, "to"))
	targets := map[string]*os.Root{"the same file system": to}
	if other, err := os.MkdirTemp("/dev/shm", "seedpack-"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(other) })
		tree(t, other, "there")
		targets["another file system"] = open(other)
	}
	for name, to := range targets {
		tree(t, top, "from/a")
		if err := os.Chmod(filepath.Join(top, "from/a"), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := Move(from, "a", to, "b"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		info, err := to.Stat("b")
		if _, gone := from.Lstat("a"); err != nil || info.Mode() != 0o640 || !errors.Is(gone, fs.ErrNotExist) {
			t.Errorf("%s: %v %v, %v", name, info, err, gone)
		}
		if err := Move(from, "there", to, "there"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: what is there is replaced: %v", name, err)
		}
		if err := Move(from, "l", to, "l"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if link, err := to.Readlink("l"); link != "../to/there" {
			t.Errorf("%s: %q %v", name, link, err)
		}
		_ = os.Symlink("../to/there", filepath.Join(top, "from/l")) // for the next round; it may be there
	}
}
