package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seedpack/seedpack"

// arrows says which of our packages each may import, directly. Change it here before you change an arrow.
var arrows = map[string][]string{
	"seed":                   {},
	"lint/glob":              {},
	"lint/command":           {},
	"diag":                   {"seed"},
	"lint/schema":            {"seed", "diag"},
	"diag/report":            {"seed", "diag"},
	"diag/policy":            {"diag"},
	"lint/dockerfile":        {"seed", "diag", "lint/command"},
	"lint":                   {"seed", "diag", "lint/schema", "lint/command", "lint/glob"},
	"pack/supervisor/wire":   {},
	"pack/supervisor/bin":    {},
	"pack/supervisor":        {"pack/supervisor/wire"},
	"pack/source":            {},
	"pack/registry":          {"pack/source"},
	"pack/engine":            {"pack/registry"},
	"pack":                   {"seed", "diag", "pack/engine", "pack/registry", "pack/source", "pack/supervisor/wire", "pack/supervisor/bin"},
	"verify/cases":           {"seed", "diag", "pack"},
	"verify":                 {"verify/cases", "seed", "diag", "lint/schema", "lint/command", "lint/glob", "pack", "pack/source", "pack/supervisor/wire"},
	"scaffold":               {"seed", "lint/glob", "verify/cases"},
	"exit":                   {},
	"job":                    {"seed", "diag", "exit"},
	"pipeline":               {"job", "exit", "seed", "diag", "diag/report", "lint", "lint/dockerfile", "pack", "pack/engine", "pack/registry", "pack/source", "verify", "verify/cases"},
	"github":                 {"pipeline", "job", "exit", "seed", "diag", "diag/report", "pack"},
	"cli":                    {"github", "pipeline", "exit", "job", "lint", "seed", "diag", "lint/schema", "lint/dockerfile", "diag/report", "diag/policy", "pack", "pack/engine", "pack/registry", "pack/source", "verify", "verify/cases", "scaffold"},
	"":                       {"cli", "exit"},
	"lint/internal/material": {},
	"lint/schema/oracle":     {},
	"e2e":                    {},
	"docs":                   {"lint", "diag", "lint/dockerfile", "seed", "verify"},
	"setup/base":             {},
	"setup/bench":            {},
	"setup/beside":           {},
	"setup/docker":           {"setup/beside"},
	"setup/label":            {},
	"setup/registry":         {"setup/beside"},
}

// doors says which packages alone may import a foreign module, directly.
var doors = map[string][]string{
	"github.com/moby/buildkit":                     {"pack", "pack/engine", "lint/dockerfile"},
	"github.com/moby/buildkit/frontend/dockerfile": {"lint/dockerfile"},
	"github.com/moby/buildkit/client":              {"pack", "pack/engine"},
	"github.com/moby/moby":                         {"pack", "pack/engine"},
	"github.com/qri-io/jsonschema":                 {"lint/schema"},
	"github.com/sethvargo/go-githubactions":        {"github"},
	"github.com/spf13/cobra":                       {"cli"},
	"github.com/google/go-containerregistry":       {"pack", "pack/registry", "pack/source", "verify", "setup/base"},
	"mvdan.cc/sh/v3":                               {"lint/command"},
}

func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")
		may, known := arrows[from]
		if !known {
			t.Errorf("%s has no row in the table of arrows", from)
		}
		for _, imported := range fields[1:] {
			if own, ok := strings.CutPrefix(imported, module); ok {
				if to := strings.TrimPrefix(own, "/"); !slices.Contains(may, to) {
					t.Errorf("%q imports %s, which the table of arrows does not allow", from, to)
				}
				continue
			}
			for door, keepers := range doors {
				if (imported == door || strings.HasPrefix(imported, door+"/")) && !slices.Contains(keepers, from) {
					t.Errorf("%q imports %s: only %q may", from, imported, keepers)
				}
			}
		}
	}
}

func TestModuleInstalls(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, directive := range []string{`"Replace": [`, `"Exclude": [`} {
		if strings.Contains(string(out), directive) {
			t.Errorf("go.mod has a directive that go install refuses: %s", directive)
		}
	}
}
