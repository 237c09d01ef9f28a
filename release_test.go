//go:build linux

package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A release is built from the same source in two places with the same result, byte for byte: the sums in the action's
// tree are made in one place and the release in another.
func TestReleaseIsReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("links every program twice")
	}
	platforms := []string{"linux/" + runtime.GOARCH}
	if os.Getenv("SEEDPACK_LONG") != "" {
		platforms = nil // all of them
	}
	var sums [2][]byte
	for i := range sums {
		tree, out := sourceTree(t), t.TempDir()
		cmd := exec.Command("setup/release.sh", append([]string{"v0.0.0-test", out}, platforms...)...)
		cmd.Dir = tree
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		var err error
		if sums[i], err = os.ReadFile(filepath.Join(out, "release.sums")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(sums[0], sums[1]) {
		t.Errorf("two builds differ:\n%s\n%s", sums[0], sums[1])
	}
	if want := "  seedpack_linux_" + runtime.GOARCH + "\n"; !strings.HasPrefix(string(sums[0]), "# v0.0.0-test\n") || !bytes.Contains(sums[0], []byte(want)) {
		t.Errorf("the launcher cannot read these sums:\n%s", sums[0])
	}
}

// sourceTree is a copy of what is, or will be, committed.
func sourceTree(t *testing.T) string {
	t.Helper()
	list, err := exec.Command("git", "ls-files", "-coz", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	tree := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue // removed but not committed yet
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}
