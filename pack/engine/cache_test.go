//go:build linux

package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// put writes a file of a number of kilobytes below a directory.
func put(t *testing.T, dir, name string, kilobytes int) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), kilobytes<<10), 0o755); err != nil {
		t.Fatal(err)
	}
}

// keptFiles returns a cache directory with a file in each part of it.
func keptFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	current, err := cachedBuildkitd(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, kilobytes := range map[string]int{
		"buildkit/0/blob": 100, "buildkit/1/blob": 200, "buildkit/2/blob": 300, "buildkit/" + prunedPrefix + "123/root/blob": 50,
		"bin/" + filepath.Base(current): 10, "bin/buildkitd-v0.1.0": 20, "bin/.build-1/x": 5, "bin/.build-2/x": 5,
		"buildkit/notes": 1, "bin/other": 1, "elsewhere/x": 1,
	} {
		put(t, dir, name, kilobytes)
	}
	long := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "bin/.build-1"), long, long); err != nil {
		t.Fatal(err)
	}
	return dir
}

// left lists what is in a cache directory.
func left(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	for _, in := range []string{"buildkit", "bin", "elsewhere"} {
		entries, err := os.ReadDir(filepath.Join(dir, in))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			all = append(all, in+"/"+e.Name())
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestPrune(t *testing.T) {
	t.Parallel()
	current, _ := cachedBuildkitd("x")
	program := "bin/" + filepath.Base(current)
	for name, tt := range map[string]struct {
		all     bool
		running []string // roots
		want    string
		kept    int // because of them
	}{
		"spare":                  {false, nil, "bin/.build-2 bin/" + filepath.Base(current) + " bin/other buildkit/0 buildkit/notes elsewhere/x", 1},
		"all":                    {true, nil, "bin/.build-2 bin/other buildkit/notes elsewhere/x", 1},
		"spare, while one runs":  {false, []string{"1"}, "bin/.build-2 bin/buildkitd-v0.1.0 " + program + " bin/other buildkit/0 buildkit/1 buildkit/notes elsewhere/x", 3},
		"all, while the first":   {true, []string{"0"}, "bin/.build-2 bin/buildkitd-v0.1.0 " + program + " bin/other buildkit/0 buildkit/notes elsewhere/x", 4},
		"all, while two of them": {true, []string{"0", "2"}, "bin/.build-2 bin/buildkitd-v0.1.0 " + program + " bin/other buildkit/0 buildkit/2 buildkit/notes elsewhere/x", 5},
	} {
		dir := keptFiles(t)
		for _, n := range tt.running {
			unlock, err := lockFile(filepath.Join(dir, "buildkit", n, lockName))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = unlock() })
		}
		_, kept, err := Prune(t.Context(), dir, tt.all)
		if err != nil {
			t.Fatal(err)
		}
		if got := left(t, dir); got != tt.want || len(kept) != tt.kept {
			t.Errorf("%s leaves\n%s, not\n%s, and keeps %+v", name, got, tt.want, kept)
		}
	}
}

// Sizes are those on the disk; a file with two names counts once.
func TestCache(t *testing.T) {
	t.Parallel()
	dir := keptFiles(t)
	if err := os.Link(filepath.Join(dir, "buildkit/2/blob"), filepath.Join(dir, "buildkit/2/again")); err != nil {
		t.Fatal(err)
	}
	all, err := Cache(dir)
	if err != nil || len(all) != 8 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, k := range all {
		if filepath.Base(k.Path) == "2" && (k.Size < 300<<10 || k.Size > 400<<10) {
			t.Errorf("%+v", k)
		}
	}
	if all, err := Cache(filepath.Join(dir, "nothing")); err != nil || len(all) > 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := Cache(""); err == nil {
		t.Error("no cache directory is no error")
	}
}
