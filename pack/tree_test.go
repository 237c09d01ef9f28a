package pack

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTree(t *testing.T) {
	t.Parallel()
	host := t.TempDir()
	for name, mode := range map[string]fs.FileMode{"tool": 0o700, "data": 0o600} {
		if err := os.WriteFile(filepath.Join(host, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("data", filepath.Join(host, "link")); err != nil {
		t.Fatal(err)
	}
	f, err := newTreeFS(Tree{
		"a/made": {Content: []byte("hello")}, "a/b/host": {Host: filepath.Join(host, "data")}, "a.txt": {}, "mount": {Host: host, Dir: true}, "none": {Dir: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	var walked []string
	if err := f.Walk(t.Context(), "", func(path string, e fs.DirEntry, err error) error {
		info, errInfo := e.Info()
		if err != nil || errInfo != nil {
			t.Fatal(err, errInfo)
		}
		walked = append(walked, info.Mode().String()+" "+path)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// The content of a directory comes before a sibling whose name sorts before the slash.
	want := []string{"drwxr-xr-x a", "drwxr-xr-x a/b", "-rw-r--r-- a/b/host", "-rw-r--r-- a/made", "-rw-r--r-- a.txt", "drwxr-xr-x mount",
		"-rw-r--r-- mount/data", "Lrwxrwxrwx mount/link", "-rwxr-xr-x mount/tool", "drwxr-xr-x none"}
	if !slices.Equal(walked, want) {
		t.Errorf("walked\n%q, not\n%q", walked, want)
	}
	for name, content := range map[string]string{"a/made": "hello", "a/b/host": "data", "mount/tool": "tool"} {
		r, err := f.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != content {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.Open("nowhere"); err == nil {
		t.Error("a file that is not there was opened")
	}
	for _, bad := range []string{"../x", "/x", "a//b", "."} {
		if _, err := newTreeFS(Tree{bad: {}}); err == nil {
			t.Errorf("the path %q was taken", bad)
		}
	}
}
