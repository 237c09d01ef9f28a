// Package docs checks that documents agree with the code they are made from.
package docs

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/verify"
)

var update = flag.Bool("update", false, "write the documents anew")

// stages are the stages with rules. The Spec of a rule names the requirements that it checks. A new stage here fills
// its rows of the table.
var stages = []struct {
	test  string // the test of the rules' archives
	rules []*diag.Rule
}{
	{"lint.TestRules", lint.Rules()},
	{"dockerfile.TestRules", dockerfile.Rules()},
	{"compare.TestRules", compare.Rules()},
	{"", verify.Rules()}, // their tests are in tests.txt
}

// complete are the places in which every requirement needs a test.
var complete = []string{"lint", "dockerfile", "smoke", "run", "pack", "published", "discover"}

// A requirement is one line of requirements.txt.
type requirement struct{ id, level, place string }

func lines(t *testing.T, file string) [][]string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if line := s.Text(); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, strings.Fields(line))
		}
	}
	return out
}

func requirements(t *testing.T) []requirement {
	var out []requirement
	for _, f := range lines(t, "requirements.txt") {
		out = append(out, requirement{f[0], f[1], f[2]})
	}
	return out
}

// A keeping names the rules and tests that check a requirement.
type keeping struct{ rules, tests []string }

// numbered matches a requirement in a Spec, which also names its section.
var numbered = regexp.MustCompile(`^[STJ]-[0-9]`)

func keepings(t *testing.T) map[string]*keeping {
	all := map[string]*keeping{}
	add := func(id, rule, test string) {
		k := all[id]
		if k == nil {
			k = &keeping{}
			all[id] = k
		}
		if rule != "" && !slices.Contains(k.rules, rule) {
			k.rules = append(k.rules, rule)
		}
		if test != "" && !slices.Contains(k.tests, test) {
			k.tests = append(k.tests, test)
		}
	}
	for _, stage := range stages {
		for _, r := range stage.rules {
			for _, id := range strings.Fields(r.Spec) {
				if numbered.MatchString(id) {
					add(strings.TrimSuffix(id, ","), r.ID, stage.test)
				}
			}
		}
	}
	for _, f := range lines(t, "../lint/testdata/requirements.txt") {
		rest := f[slices.Index(f, "=>")+1:]
		if rest[0] == "none" {
			add(f[0], "", "lint.TestRequirements")
			continue
		}
		for rule := range strings.SplitSeq(rest[1], "|") {
			add(f[0], rule, "lint.TestRequirements")
		}
	}
	for _, f := range lines(t, "tests.txt") {
		add(f[0], "", f[1])
	}
	return all
}

const head = `# Conformance

What the Seed standard asks for, by the numbers that rules and findings quote, and what sees to it here. A row without a rule
but with a test is one that permits something, or that a test alone can show. This table is made by ` + "`go test ./docs -update`" + `.

| requirement | level | where | rules | tests |
|---|---|---|---|---|
`

func table(t *testing.T) string {
	all := keepings(t)
	var b strings.Builder
	b.WriteString(head)
	for _, r := range requirements(t) {
		k := all[r.id]
		if k == nil {
			k = &keeping{}
		}
		slices.Sort(k.rules)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.id, r.level, r.place, strings.Join(k.rules, ", "), strings.Join(k.tests, ", "))
	}
	return b.String()
}

// The table in conformance.md is up to date.
func TestConformance(t *testing.T) {
	t.Parallel()
	want := table(t)
	if *update {
		if err := os.WriteFile("conformance.md", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("conformance.md is not what the rules and tests say: run go test ./docs -update")
	}
}

// Every requirement of a complete place has a test, and every requirement and test exists.
func TestComplete(t *testing.T) {
	t.Parallel()
	all, known := keepings(t), map[string]bool{}
	for _, r := range requirements(t) {
		known[r.id] = true
		if slices.Contains(complete, r.place) && (all[r.id] == nil || len(all[r.id].tests) == 0) {
			t.Errorf("%s (%s) has no test", r.id, r.place)
		}
	}
	for id, k := range all {
		if !known[id] {
			t.Errorf("%s is no requirement", id)
		}
		for _, test := range k.tests {
			if !exists(t, test) {
				t.Errorf("%s: there is no test %s", id, test)
			}
		}
	}
}

// exists reports whether a test, named as package.TestName, is in a folder with the package's name.
func exists(t *testing.T, test string) bool {
	pkg, name, _ := strings.Cut(test, ".")
	for _, pattern := range []string{"../*/*_test.go", "../*/*/*_test.go", "../*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			folder := filepath.Base(filepath.Dir(file))
			if folder != pkg && !(folder == ".." && pkg == "main") {
				continue
			}
			if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte("func "+name+"(")) {
				return true
			}
		}
	}
	return false
}
