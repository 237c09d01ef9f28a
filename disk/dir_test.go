package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// tree makes directories, links and files below a directory: "d/", "l -> to", "f".
func tree(t *testing.T, top string, names ...string) {
	t.Helper()
	for _, name := range names {
		path, to, link := cutLink(name)
		path = filepath.Join(top, path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case link:
			err = os.Symlink(to, path)
		case name[len(name)-1] == '/':
			err = os.MkdirAll(path, 0o755)
		default:
			err = os.WriteFile(path, []byte("old"), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func cutLink(name string) (path, to string, ok bool) {
	const arrow = " -> "
	for i := range name {
		if i+len(arrow) <= len(name) && name[i:i+len(arrow)] == arrow {
			return name[:i], name[i+len(arrow):], true
		}
	}
	return name, "", false
}

// list returns everything below a directory; directories end with a slash, and of files the content follows.
func list(t *testing.T, top string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == top {
			return err
		}
		rel, err := filepath.Rel(top, path)
		switch {
		case err != nil:
		case e.IsDir():
			rel += "/"
		case e.Type().IsRegular():
			var text []byte
			text, err = os.ReadFile(path)
			rel += " " + string(text)
		}
		all = append(all, rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Each way through a link, wherever on the way it is and wherever it leads, is refused. Nothing outside changes.
func TestWriteThroughLinks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, link, path string }{
		{"the directory itself", "d -> ../outside", "d"},
		{"its parent", "p -> ../outside", "p/d"},
		{"a parent above that", "p -> ../outside", "p/d/e/f"},
		{"a link to nothing", "d -> ../outside/new", "d"},
		{"an absolute link", "d -> /proc", "d/x"},
		{"a link within the root", "d -> real", "d"},
		{"a link to itself", "d -> d", "d/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			top := t.TempDir()
			tree(t, top, "root/real/", "outside/keep", "root/"+tt.link)
			before := list(t, top)
			roots := Roots{filepath.Join(top, "root")}
			path := filepath.Join(top, "root", tt.path)
			link := new(LinkError)
			if dir, err := roots.OpenDir(path); !errors.As(err, &link) {
				t.Errorf("OpenDir: %v, %v", dir, err)
			}
			write := func(f *os.File) error { _, err := f.WriteString("new"); return err }
			if err := roots.WriteFile(filepath.Join(path, "f"), 0o644, write); err == nil {
				t.Error("WriteFile wrote")
			}
			if err := roots.CheckWritable(filepath.Join(path, "f")); err == nil {
				t.Error("CheckWritable passed")
			}
			if after := list(t, top); !slices.Equal(before, after) {
				t.Errorf("there was %q, there is %q", before, after)
			}
		})
	}
}

// A path outside of the roots is refused, also one that only begins like a root.
func TestWriteOutside(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	tree(t, top, "root/", "root2/", "named -> root")
	roots := Roots{filepath.Join(top, "root")}
	for _, path := range []string{"root2", "root/../root2", "", "other"} {
		if dir, err := roots.OpenDir(filepath.Join(top, path)); err == nil {
			t.Errorf("%q: %s was opened", path, dir.Name())
		}
	}
	// The root itself may be named by a link: it is the caller's.
	for _, root := range []string{"root", "named"} {
		dir, err := Roots{filepath.Join(top, root)}.OpenDir(filepath.Join(top, root, "a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(WriteIn(dir, "f", 0o644, func(*os.File) error { return nil }), dir.Close()); err != nil {
			t.Error(err)
		}
	}
	if got, want := list(t, filepath.Join(top, "root")), []string{"a/", "a/b/", "a/b/f "}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// Without roots a user's own links are followed, but none below the directory that the user named.
func TestWriteWithoutRoots(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	tree(t, top, "real/sub/", "mine -> real", "real/away -> ../outside", "outside/")
	dir, err := Roots(nil).OpenDir(filepath.Join(top, "mine", "new", "er"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := os.Stat(filepath.Join(top, "real/new/er")); err != nil {
		t.Error(err)
	}
	named, err := Roots(nil).OpenDir(filepath.Join(top, "mine"))
	if err != nil {
		t.Fatal(err)
	}
	defer named.Close()
	for _, path := range []string{"away", "away/x", "..", "sub/../../outside"} {
		if sub, err := Sub(named, path); err == nil {
			t.Errorf("%q: %s was opened", path, sub.Name())
		}
	}
	if got := list(t, filepath.Join(top, "outside")); len(got) > 0 {
		t.Errorf("outside there is %q", got)
	}
}

// A file is replaced as a whole. If writing fails, the old one stays and nothing else does. A link of its name is replaced.
func TestWriteFile(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	tree(t, top, "root/f", "outside/keep", "root/l -> ../outside/keep")
	roots := Roots{filepath.Join(top, "root")}
	fail := errors.New("no")
	for _, name := range []string{"f", "l"} {
		path := filepath.Join(top, "root", name)
		if err := roots.WriteFile(path, 0o644, func(f *os.File) error { _, _ = f.WriteString("half"); return fail }); !errors.Is(err, fail) {
			t.Errorf("%s: %v", name, err)
		}
		if err := roots.WriteFile(path, 0o640, func(f *os.File) error { _, err := f.WriteString("new"); return err }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode() != 0o640 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if got, want := list(t, top), []string{"outside/", "outside/keep old", "root/", "root/f new", "root/l new"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if err := roots.WriteFile(filepath.Join(top, "root", "none", "f"), 0o644, func(*os.File) error { return nil }); err == nil {
		t.Error("a directory that is not there was written to")
	}
}

// The path of a stage leads to the stage, whatever takes the place of its parent.
func TestStage(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	tree(t, top, "root/d/", "outside/")
	dir, err := Roots{filepath.Join(top, "root")}.OpenDir(filepath.Join(top, "root", "d"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	s, err := NewStage(dir)
	if err != nil {
		t.Fatal(err)
	}
	if handlePath(s.handle) == "" {
		t.Skip("this system has no path of an open directory")
	}
	if err := errors.Join(os.Rename(filepath.Join(top, "root/d"), filepath.Join(top, "root/moved")), os.Symlink("../outside", filepath.Join(top, "root/d"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Path(), "f"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Rename("kept"), s.Remove()); err != nil {
		t.Fatal(err)
	}
	if got, want := list(t, top), []string{"outside/", "root/", "root/d", "root/moved/", "root/moved/kept/", "root/moved/kept/f text"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
