//go:build unix

package disk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRoots(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{"work/job/sub", "work2", "temp", "outside"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"work/in": "job", "work/absolute": filepath.Join(top, "work/job"), "work/out": "../outside", "work/nothing": "job/none",
		"work/temp": "../temp", "work/deep": "job/sub", "work/away": filepath.Join(top, "outside", "new"),
		`work/back\`: "../outside",
	} {
		if err := os.Symlink(to, filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(top, "work"))
	confined := Roots{filepath.Join(top, "work"), filepath.Join(top, "temp")}
	for path, want := range map[string]string{
		"": "", "-": "", ".": "", "job": "", "job/../job": "", "job/new.json": "", "job/new/new.json": "", "in": "", "absolute": "",
		filepath.Join(top, "temp"): "", filepath.Join(top, "temp", "out.json"): "", "../temp/out.json": "",
		"..": "is outside of", "../work2": "is outside of", "/etc/passwd": "is outside of", "../outside/new": "is outside of",
		"out": "leads out of", "out/new": "leads out of", "temp": "leads out of", "temp/new": "leads out of",
		"nothing": "is a link to nothing", "away": "is a link to nothing",
		"deep/../../../outside": "is outside of", "deep/../x": "", "out/../job": "leads out of", "deep/../../../../work/job": "is outside of",
		"job/none/../../in": "no such file", `back\/new`: "leads out of",
	} {
		err := confined.Check(path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
	if err := (Roots{}).Check("/etc/passwd"); err != nil {
		t.Errorf("without a root: %v", err)
	}
	if err := (Roots{filepath.Join(top, "none")}).Check("job"); err == nil {
		t.Error("a root that is not there confines nothing")
	}
}
