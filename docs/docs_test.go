package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/cli"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/seed"
)

// The table of rules in the docs is the list of rules.
func TestRulesPage(t *testing.T) {
	const begin, end = "<!-- rules: go test ./docs -run TestRulesPage -update -->\n", "<!-- end of rules -->"
	text, err := os.ReadFile("rules.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("rules.md has no place for the rules")
	}
	var table strings.Builder
	table.WriteString("| rule | severity | what should be |\n|---|---|---|\n")
	seen := map[string]bool{}
	for _, r := range cli.AllRules() {
		if seen[r.ID] || r.Summary == "" {
			t.Errorf("rule %s is there twice, or says nothing", r.ID)
		}
		seen[r.ID] = true
		fmt.Fprintf(&table, "| <a id=\"%s\"></a>`%s` | %s | %s |\n", r.ID, r.ID, r.Severity, strings.ReplaceAll(r.Summary, "|", `\|`))
	}
	want := before + begin + table.String() + end + after
	if *update {
		if err := os.WriteFile("rules.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the table of rules in docs/rules.md is not that of the program: go test ./docs -run TestRulesPage -update")
	}
}

// Every shown command line of the README's table exists.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range cli.Commands() {
		if !cmd.Hidden && cmd.Name() != "help" && cmd.Name() != "completion" && !strings.Contains(string(text), "| `seedpack "+cmd.Use+"`") &&
			!strings.Contains(string(text), "| `seedpack "+cmd.Name()+" ") {
			t.Errorf("the README does not show seedpack %s", cmd.Name())
		}
	}
}

// The manifest and the Dockerfile of the README are a job in which the linter finds nothing.
func TestReadmeJob(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string) []byte {
		_, rest, ok := strings.Cut(string(text), "```"+kind+"\n")
		block, _, end := strings.Cut(rest, "```")
		if !ok || !end {
			t.Fatalf("the README has no block of %s", kind)
		}
		return []byte(block)
	}
	m := seed.Parse(block("json"))
	for _, found := range []*diag.Report{lint.Manifest("seed.manifest.json", m, lint.Options{}), dockerfile.Check("Dockerfile", block("dockerfile"), m)} {
		for i := range found.Diagnostics {
			t.Errorf("%s: %s [%s]", found.Path, found.Diagnostics[i].Message, found.Diagnostics[i].Rule.ID)
		}
	}
}
