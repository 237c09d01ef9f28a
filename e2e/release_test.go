//go:build linux

package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// This file builds releases.

// TestReleaseIsReproducible proves that the same source, built in two places, gives the same bytes. The sums in the action's
// tree are made in one place, and the release in another. What was built is then installed and run.
func TestReleaseIsReproducible(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("links every program twice")
	}
	platforms := []string{"linux/" + runtime.GOARCH, "windows/amd64"}
	if os.Getenv("SEEDPACK_LONG") != "" {
		platforms = nil // all of them
	}
	var sums [2][]byte
	var out string
	for i := range sums {
		var tree string
		tree, out = sourceTree(t), t.TempDir()
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
	if !strings.HasPrefix(string(sums[0]), "# v0.0.0-test\n") {
		t.Errorf("the launcher cannot read these sums:\n%s", sums[0])
	}
	for _, name := range []string{"seedpack_linux_" + runtime.GOARCH, "buildkitd_linux_" + runtime.GOARCH, "seedpack_windows_amd64.exe",
		"seedpack_linux_" + runtime.GOARCH + ".deb", "seedpack_linux_" + runtime.GOARCH + ".rpm", "seedpack_manual.tar.gz"} {
		if !strings.Contains(string(sums[0]), "  "+name+"\n") {
			t.Errorf("there is no %s:\n%s", name, sums[0])
		}
	}
	t.Run("packages", func(t *testing.T) { t.Parallel(); testPackages(t, out) })
	t.Run("image", func(t *testing.T) { t.Parallel(); testImage(t, out) })
}

// TestReleaseCrossCompiles proves that the program builds for the other platforms, too, as an executable of each.
func TestReleaseCrossCompiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds for other machines")
	}
	// A platform takes a minute to compile. The program has files for a system, and none for an architecture.
	platforms := []string{"darwin/arm64"}
	if os.Getenv("SEEDPACK_LONG") != "" {
		platforms = append(platforms, "linux/arm64", "linux/amd64", "darwin/amd64")
	}
	for platform, magic := range map[string]string{"linux/arm64": "\x7fELF", "linux/amd64": "\x7fELF", "darwin/amd64": "\xcf\xfa\xed\xfe", "darwin/arm64": "\xcf\xfa\xed\xfe"} {
		goos, goarch, _ := strings.Cut(platform, "/")
		if platform == "linux/"+runtime.GOARCH || !slices.Contains(platforms, platform) {
			continue
		}
		file := filepath.Join(t.TempDir(), "seedpack")
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s", "-o", file, ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", platform, err, output)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil || !bytes.HasPrefix(text, []byte(magic)) {
			t.Errorf("%s: begins with %q, %v", platform, text[:min(len(text), 4)], err)
		}
	}
}

// sourceTree makes a copy of the files that are committed, or will be.
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
