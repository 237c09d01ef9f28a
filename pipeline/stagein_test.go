package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A directory that was made by its path is in the one that was opened, or it is refused.
func TestIsIn(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	opened, other := filepath.Join(top, "opened"), filepath.Join(top, "other")
	if err := errors.Join(os.MkdirAll(filepath.Join(opened, "stage"), 0o700), os.MkdirAll(filepath.Join(other, "stage"), 0o700)); err != nil {
		t.Fatal(err)
	}
	dir, err := os.OpenRoot(opened)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := isIn(dir, filepath.Join(opened, "stage")); err != nil {
		t.Error(err)
	}
	if err := errors.Join(os.Rename(opened, opened+".moved"), os.Symlink(other, opened)); err != nil {
		t.Fatal(err)
	}
	if isIn(dir, filepath.Join(opened, "stage")) == nil || isIn(dir, filepath.Join(opened, "none")) == nil {
		t.Error("a directory behind a link is taken")
	}
}
