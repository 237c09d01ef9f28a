package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// Whatever fuzz target there is, make test-long runs it.
func TestFuzzTargetsRun(t *testing.T) {
	script, err := os.ReadFile("setup/fuzz.sh")
	if err != nil {
		t.Fatal(err)
	}
	targets := 0
	err = filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != "." && strings.HasPrefix(e.Name(), "."):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range fuzzTarget.FindAllStringSubmatch(string(text), -1) {
			targets++
			if line := "\n./" + filepath.ToSlash(filepath.Dir(path)) + " " + m[1] + " "; !strings.Contains(string(script), line) {
				t.Errorf("setup/fuzz.sh does not run %s of %s", m[1], path)
			}
		}
		return err
	})
	if err != nil || targets == 0 {
		t.Errorf("%d targets: %v", targets, err)
	}
}
