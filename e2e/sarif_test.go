//go:build linux

package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seedpack/seedpack/cli"
)

// This file has Microsoft's validator judge the reports for code scanning.

// sarifCommands has the arguments with which each command finds something, and writes a report to REPORT.
var sarifCommands = map[string][]string{
	"lint":    {"jobs", "--verbose"},
	"pack":    {"BROKEN/undeclared-exit-code", "--build-context", "BASE"},
	"smoke":   {"BROKEN/two-files", "BROKEN/undeclared-exit-code", "--build-context", "BASE"},
	"run":     {"BROKEN/two-files", "--build-context", "BASE", "--output-dir", "out"},
	"publish": {"oci:BASELAYOUT", "--against", "BROKEN/two-files", "--push=false"},
	"verify":  {"oci:BASELAYOUT", "nowhere.example:1/a-1.0.0-seed:1.0.0"},
	"export":  {"job", "--to", "slurm", "--output-dir", "exported"},
}

// TestSARIFIsValid proves that GitHub's rules have nothing against the report of any command that writes one, nor against the
// findings of all rules of manifests and Dockerfiles.
func TestSARIFIsValid(t *testing.T) {
	t.Parallel()
	validator, base, program := needs.Variable(t, "SEEDPACK_TEST_SARIF"), needs.Variable(t, "SEEDPACK_TEST_BASE"), buildProgram(t)
	broken, err := filepath.Abs("testdata/broken")
	if err != nil {
		t.Fatal(err)
	}
	dir, reports := t.TempDir(), t.TempDir()
	writeArchives(t, filepath.Join(dir, "jobs"))
	if err := os.CopyFS(filepath.Join(dir, "job"), os.DirFS("testdata/jobs/image-watermark")); err != nil {
		t.Fatal(err)
	}
	places := strings.NewReplacer("BROKEN", broken, "BASELAYOUT", base, "BASE", "busybox:1.36=oci-layout://"+base)
	for _, c := range cli.Commands() {
		if args := sarifCommands[c.Name()]; (args == nil) == (c.Flags().Lookup("sarif-file") != nil) {
			t.Errorf("%s: does it write SARIF? sarifCommands says otherwise", c.Name())
		}
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(sarifCommands)) {
		file := filepath.Join(reports, name+".sarif")
		args := []string{name, "--sarif-file", file}
		for _, arg := range sarifCommands[name] {
			args = append(args, places.Replace(arg))
		}
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		start := time.Now()
		out, _ := cmd.CombinedOutput() // it finds something
		t.Log(name, time.Since(start))
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), `"ruleId"`) && name != "export" {
			t.Errorf("%s reports nothing, %v:\n%s", name, err, out)
		}
		files = append(files, file)
	}
	validate := func(files ...string) ([]byte, error) {
		cmd := exec.Command(validator, append([]string{"validate", "--rule-kind", "Sarif;Gh"}, files...)...)
		cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1") // it needs no library for languages then
		return cmd.CombinedOutput()
	}
	out, err := validate(files...)
	if want := fmt.Sprintf("%d files scanned", len(files)); err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, without %q:\n%s", err, want, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, ": error ") || strings.Contains(line, ": warning ") {
			t.Error(line)
		}
	}
	file := filepath.Join(reports, "verify.sarif")
	broke := strings.Replace(readText(t, file), `"fullDescription"`, `"fullDescribed"`, 1)
	if err := os.WriteFile(file, []byte(broke), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _ := validate(file); !strings.Contains(string(out), "GH2012") {
		t.Errorf("a rule without description is right, too: the validator looks at nothing:\n%s", out)
	}
}

// writeArchives writes the bad files of all archives of rules below a directory, those of each archive as a job of its own.
func writeArchives(t *testing.T, dir string) {
	t.Helper()
	archives, err := filepath.Glob("lint/testdata/*.txtar")
	if err != nil || len(archives) < 20 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	more, err := filepath.Glob("lint/dockerfile/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(archives, more...) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			name := map[string]string{"bad.json": "seed.manifest.json", "bad/Dockerfile": "Dockerfile", "bad/a.json": "seed.manifest.json"}[f.Name]
			if name == "" {
				continue
			}
			to := filepath.Join(dir, strings.TrimSuffix(filepath.Base(path), ".txtar"), name)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
