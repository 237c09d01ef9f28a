package disk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A link is followed within its directory, and refused if it leads out or to nothing.
func TestCheckLink(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "dir")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"dir/file", "dir/sub/file", "outside"} {
		if err := os.WriteFile(filepath.Join(top, path), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"up": "../outside", "in": filepath.Join(dir, "file"), "twice": "up", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	for target, why := range map[string]string{
		"file": "", "sub/file": "", "sub": "", "in": "", filepath.Join(dir, "file"): "", "sub/../file": "",
		"../outside": "which is outside of ", "up": "which is outside of ", "twice": "which is outside of ", "/": "which is outside of ",
		"nowhere": "which is not there", "../nowhere": "which is not there", "loop": "which cannot be followed", "file/x": "which cannot be followed",
	} {
		path := filepath.Join(dir, "link")
		_ = os.Remove(path)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		err := CheckLink(path, dir)
		var refused *StrayLink
		if why == "" && err != nil || why != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), "link is a link to ") || !strings.Contains(err.Error(), why)) {
			t.Errorf("%s: %v", target, err)
		}
	}
	for _, path := range []string{"file", "none"} {
		if err := CheckLink(filepath.Join(dir, path), dir); err != nil {
			t.Error(err)
		}
	}
}

// Links of a checkout may lead anywhere in it.
func TestCheckout(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "jobs", "one")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := Checkout(dir); got != dir {
		t.Errorf("without a repository: %s", got)
	}
	if err := os.WriteFile(filepath.Join(top, ".git"), nil, 0o644); err != nil { // that of a worktree
		t.Fatal(err)
	}
	if got := Checkout(dir); got != top {
		t.Errorf("in a repository: %s", got)
	}
}
