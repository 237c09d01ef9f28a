//go:build unix

package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// specials makes one of each kind of thing that is no file, and a link to each. It returns what they are called in errors.
func specials(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{"fifo": "a named pipe", "socket": "a socket", "zero": "a device"}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "socket"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero")); err != nil {
		t.Fatal(err)
	}
	for name, what := range all {
		link := name + "-link"
		if err := os.Symlink(name, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
		defer func() { all[link] = what }()
	}
	return all
}

// What is no file is refused at once, under any name, with what it is.
func TestOpenSpecial(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "s") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	all := specials(t, dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, what := range all {
		path := filepath.Join(dir, name)
		_, readErr := ReadFile(path, 10)
		for way, err := range map[string]error{"ReadFile": readErr, "Check": Check(path)} {
			if want := fmt.Sprintf("read %s: it is %s, a regular file is needed", path, what); err == nil || err.Error() != want {
				t.Errorf("%s %s: %v", way, name, err)
			}
		}
		if _, err := ReadIn(root, name, 10); err == nil { // the link to a device leaves the directory
			t.Errorf("ReadIn %s: nothing is wrong", name)
		}
		if err := CheckSockets(path); (err == nil) != (what == "a socket") {
			t.Errorf("CheckSockets %s: %v", name, err)
		}
	}
	if _, err := ReadFile(dir, 10); err == nil || !strings.HasSuffix(err.Error(), ": is a directory") {
		t.Errorf("a directory: %v", err)
	}
	if err := Check("", dir, filepath.Join(dir, "none"), os.DevNull); err != nil {
		t.Errorf("what Check lets pass: %v", err)
	}
}

// A file is read up to its limit, and an empty file is one.
func TestReadFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(path, 10); string(text) != "0123456789" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := ReadFile(path, 9); err == nil || err.Error() != fmt.Sprintf("read %s: it has more than 9 bytes", path) {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := ReadFile(os.DevNull, 0); len(text) > 0 || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := ReadFile(filepath.Join(dir, "none"), 9); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// What the process was given under a number is read as it is, also a pipe.
func TestOpenGiven(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if !IsGiven(path) || IsStdin(path) || !IsStdin("/dev/stdin") || !IsStdin("/proc/self/fd/0") || IsGiven("/dev/fd/x") || IsGiven("fd/0") {
		t.Error("which paths stand for descriptors")
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := w.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(f); string(text) != "text" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := Check(path); err != nil {
		t.Error(err)
	}
	if f, err := Open("/dev/fd/999999"); err == nil {
		t.Errorf("%s was opened", f.Name())
	}
}

// A pipe gets what is written once it has a reader. Without one, the wait ends with the context, and so does a write that is not read.
func TestCopyToDevice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	roots := Roots{dir}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if err := roots.CopyToDevice(ctx, path, strings.NewReader("lost")); !errors.Is(err, context.Canceled) {
		t.Errorf("without a reader: %v", err)
	}
	written := make(chan error, 1)
	go func() { written <- roots.CopyToDevice(t.Context(), path, strings.NewReader("text")) }()
	text, err := os.ReadFile(path)
	if err := errors.Join(err, <-written); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if err := roots.CopyToDevice(ctx, path, strings.NewReader(strings.Repeat("x", 1<<20))); !errors.Is(err, context.Canceled) {
		t.Errorf("with a reader that does not read: %v", err)
	}
	if err := roots.CopyToDevice(t.Context(), os.DevNull, strings.NewReader("x")); err == nil {
		t.Error("a device outside of the roots was written to")
	}
	if err := Roots(nil).CopyToDevice(t.Context(), os.DevNull, strings.NewReader("x")); err != nil {
		t.Error(err)
	}
}
