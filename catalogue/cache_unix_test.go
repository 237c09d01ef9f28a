//go:build unix

package catalogue

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seedpack/seedpack/disk"
)

// What is no file in the place of what a cache keeps is read anew, and nobody waits for it.
func TestCacheOfPipes(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.job("", "a", "1.0.0", "1.0.0")
	root := cacheDir(t)
	if found := f.find("", Options{Kind: Plain, Cache: root}); len(found.Images) != 1 || !found.Complete {
		t.Fatalf("%+v", found)
	}
	kept, err := filepath.Glob(filepath.Join(root.Name(), "blobs/sha256/*/*"))
	if err != nil || len(kept) != 2 {
		t.Fatalf("%q, %v", kept, err)
	}
	for _, path := range append(kept, filepath.Join(root.Name(), referencesFile)) {
		if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if found := f.find("", Options{Kind: Plain, Cache: root}); len(found.Images) != 1 || !found.Complete {
		t.Errorf("%+v", found)
	}
	for _, path := range kept {
		if err := disk.Check(path); err != nil {
			t.Error(err)
		}
	}
}

// Nothing is written through a link in a cache, wherever it leads.
func TestCacheLinks(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"blobs", "blobs/sha256"} {
		f := newFake(t)
		f.job("", "a", "1.0.0", "1.0.0")
		root := cacheDir(t)
		own := filepath.Join(root.Name(), "own")
		at := filepath.Join(root.Name(), link)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.Mkdir(own, 0o755), os.Symlink(own, at)); err != nil {
			t.Fatal(err)
		}
		found := f.find("", Options{Kind: Plain, Cache: root})
		if len(found.Images) != 1 || !found.Complete || len(found.Notes) != 1 || !strings.Contains(found.Notes[0], "is a link") {
			t.Errorf("%s: %d images, %v, %q", link, len(found.Images), found.Failures, found.Notes)
		}
		if all, err := os.ReadDir(own); err != nil || len(all) > 0 {
			t.Errorf("%s: %v, %v", link, all, err)
		}
	}
}
