//go:build unix

package disk

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// What a killed process has left is removed by the next one. What a process holds stays, and so does all that is no such directory.
func TestTempDirRemovesWhatIsLeft(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	held, release, err := TempDir(parent, "x-")
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(parent, "x-left")
	if err := errors.Join(os.MkdirAll(filepath.Join(left, "sub"), 0o755), os.WriteFile(filepath.Join(left, "sub", "f"), nil, 0o644),
		os.Mkdir(filepath.Join(parent, "other"), 0o755), os.WriteFile(filepath.Join(parent, "x-file"), nil, 0o644),
		os.Symlink("other", filepath.Join(parent, "x-link"))); err != nil {
		t.Fatal(err)
	}
	next, releaseNext, err := TempDir(parent, "x-")
	if err != nil {
		t.Fatal(err)
	}
	check := func(want ...string) {
		t.Helper()
		entries, err := os.ReadDir(parent)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, filepath.Join(parent, e.Name()))
		}
		want = append(want, filepath.Join(parent, "other"), filepath.Join(parent, "x-file"), filepath.Join(parent, "x-link"))
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("there are %q, want %q", got, want)
		}
	}
	check(held, next)
	if err := errors.Join(release(), releaseNext()); err != nil {
		t.Fatal(err)
	}
	removeLeft(parent, "x-")
	check()
}

// Processes that start at the same time do not take a new directory of another one for one that is left.
func TestTempDirSideBySide(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				path, release, err := TempDir(parent, "x-")
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(os.WriteFile(filepath.Join(path, "f"), nil, 0o644), os.RemoveAll(path), release()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
