//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

func TestArchive(t *testing.T) {
	dir := t.TempDir()
	odd := "a\n\xff"
	for name, content := range map[string]string{odd: "odd", "sub/b": "bb", "large": strings.Repeat("x", 100)} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(".") // so that the end of the test restores the directory
	var b bytes.Buffer
	if err := writeArchive(&b, &wire.Spec{Archive: []string{dir, filepath.Join(dir, "sub")}, ArchiveMax: 50}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	a := wire.NewArchive(&b)
	for {
		e, err := a.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(a)
		if err != nil {
			t.Fatal(err)
		}
		got[string(rune('0'+e.Dir))+e.File.Name] = string(content) + e.File.Link
	}
	want := map[string]string{"0" + odd: "odd", "0sub": "", "0sub/b": "bb", "0link": "/etc", "1b": "bb"}
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%q holds %q, not %q", name, got[name], content)
		}
	}
	if len(got) != len(want) || a.Cut != 1 {
		t.Errorf("%d entries, %d left out: %q", len(got), a.Cut, got)
	}
}
