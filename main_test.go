package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/seedpack/seedpack"

// arrows says which of our packages each may import, directly. Change it here before you change an arrow.
//
// The vocabulary that stages share comes first, then the stages, then a job's way through them, then the doors to the
// outside. Every arrow points upwards in this list.
var arrows = map[string][]string{
	"seed":         {"internal/lazy"},
	"exit":         {},
	"git":          {"disk"},
	"disk":         {"exit"},
	"secret":       {},
	"lint/glob":    {},
	"lint/command": {"internal/lazy"},
	"diag":         {"seed"},
	"diag/report":  {"seed", "diag"},
	"diag/policy":  {"seed", "diag", "disk"},
	"job":          {"seed", "diag", "exit", "disk"},

	"lint/schema":     {"seed", "diag", "internal/lazy"},
	"lint/dockerfile": {"seed", "diag", "lint/command", "internal/lazy"},
	"lint":            {"seed", "diag", "lint/schema", "lint/command", "lint/glob", "internal/lazy"},
	"compare":         {"seed", "diag", "lint"},

	"pack/supervisor/wire": {},
	"pack/supervisor/bin":  {},
	"pack/supervisor":      {"pack/supervisor/wire", "secret"},
	"pack/source":          {"disk"},
	"pack/registry":        {"pack/source", "disk", "secret"},
	"pack/engine":          {"pack/registry", "disk"},
	"pack":                 {"internal/lazy", "seed", "diag", "disk", "pack/engine", "pack/registry", "pack/source", "pack/supervisor/wire", "pack/supervisor/bin", "secret"},

	"verify/cases": {"seed", "diag", "disk", "lint/schema", "lint/glob", "pack"},
	"verify": {"internal/lazy", "verify/cases", "seed", "diag", "disk", "lint", "lint/schema", "lint/command", "lint/glob", "pack", "pack/source", "pack/registry",
		"pack/supervisor/wire", "secret"},
	"runtime":  {"disk", "pack", "pack/supervisor/wire", "pack/supervisor/bin"},
	"scaffold": {"seed", "lint/command", "lint/glob", "verify/cases"},
	"migrate":  {"seed", "lint/command", "lint/dockerfile"},

	"export":            {"seed", "diag", "lint/command", "lint/glob"},
	"export/slurm":      {"export", "seed"},
	"export/jobbergate": {"export", "export/slurm", "secret", "seed"},
	"export/openjd":     {"export", "seed"},
	"export/cwl":        {"export", "seed", "lint/command", "lint/glob"},

	"pipeline": {"compare", "job", "git", "exit", "disk", "seed", "diag", "diag/report", "lint", "lint/dockerfile", "pack", "pack/engine", "pack/registry",
		"pack/source", "runtime", "verify", "verify/cases", "migrate", "secret"},
	"overview": {"pipeline", "diag", "diag/report", "page"},
	"github":   {"catalogue", "compare", "pipeline", "overview", "job", "exit", "disk", "seed", "diag", "diag/policy", "diag/report", "pack"},
	"cli": {"git", "compare", "github", "overview", "pipeline", "job", "exit", "disk", "seed", "diag", "diag/report", "diag/policy", "lint", "lint/command", "lint/schema", "lint/dockerfile",
		"catalogue", "pack", "pack/engine", "pack/registry", "pack/source", "runtime", "verify", "verify/cases", "scaffold", "migrate",
		"export", "export/openjd", "export/slurm", "export/jobbergate", "export/cwl", "secret"},
	"": {"cli"},

	"e2e":        {},
	"e2e/faulty": {},
	"e2e/podman": {},
	"docs":       {},

	"internal/material":  {},
	"internal/needs":     {},
	"internal/pipe":      {},
	"internal/lazy":      {},
	"lint/schema/oracle": {},
	"setup/base":         {},
	"setup/bench":        {},
	"setup/beside":       {},
	"setup/docker":       {"setup/beside"},
	"setup/label":        {},
	"setup/manual":       {"cli"},
	"setup/registry":     {"setup/beside"},

	"page":      {},
	"catalogue": {"seed", "diag", "disk", "lint", "lint/command", "compare", "pack", "pack/registry", "pack/source", "page"},
}

// doors says which packages alone may import a foreign module, directly. The longest name that fits counts.
var doors = map[string][]string{
	"github.com/moby/buildkit":                     {"pack", "pack/engine"},
	"github.com/moby/buildkit/frontend/dockerfile": {"lint/dockerfile"},
	"github.com/moby/moby":                         {"pack", "pack/engine"},
	"github.com/qri-io/jsonschema":                 {"lint/schema"},
	"github.com/sethvargo/go-githubactions":        {"github"},
	"github.com/spf13/cobra":                       {"cli", "setup/manual"},
	"github.com/spf13/pflag":                       {"cli", "github"},
	"github.com/google/go-containerregistry":       {"pack", "pack/registry", "pack/source", "verify", "setup/base", "setup/bench"},
	"mvdan.cc/sh/v3":                               {"lint/command"},
}

// files says which files alone may use what reaches out of the process.
var files = []struct {
	uses string // package and name
	may  []string
}{
	{"os.Stdin", []string{"main.go"}},
	{"os.Stdout", []string{"main.go"}},
	{"os.Stderr", []string{"main.go"}},
	{"os.Exit", []string{"main.go"}},
	// All other files are opened by package disk, which does not wait for a pipe. These are our own, of git, or of the kernel.
	{"os.Open", []string{"disk/open.go"}},
	{"os.ReadFile", []string{"git/commit.go", "pack/engine/daemon.go", "pack/engine/daemon_clean.go", "pack/engine/daemon_clean_linux.go"}},
	// What users name is written with disk.Roots. These are our own files.
	{"os.WriteFile", []string{"pack/engine/buildkitd.go", "pack/engine/daemon_clean.go", "pack/engine/daemon_environ.go"}},
	{"os.MkdirAll", []string{"pack/registry/login.go", "pack/engine/buildkitd.go", "pack/engine/daemon.go", "pack/engine/daemon_clean.go", "pack/source/layoutdir.go"}},
	{`exec "git"`, []string{"cli/init.go", "git/commit.go", "setup/bench/versions.go"}},
}

// Packages import what the table of arrows says, and nothing else of ours.
func TestArrows(t *testing.T) {
	eachImport(t, func(from, imported string) {
		may, known := arrows[from]
		if !known && imported == "" {
			t.Errorf("%s has no row in the table of arrows", from)
		}
		if own, ok := strings.CutPrefix(imported, module); ok {
			if to := strings.TrimPrefix(own, "/"); !slices.Contains(may, to) {
				t.Errorf("%q imports %s, which the table of arrows does not allow", from, to)
			}
		}
	})
}

// Foreign modules are imported where their doors are, and nothing else reaches out of the process.
func TestDoors(t *testing.T) {
	eachImport(t, func(from, imported string) {
		door := ""
		for d := range doors {
			if (imported == d || strings.HasPrefix(imported, d+"/")) && len(d) > len(door) {
				door = d
			}
		}
		if door != "" && !slices.Contains(doors[door], from) {
			t.Errorf("%q imports %s: only %q may", from, imported, doors[door])
		}
	})
	eachFile(t, func(path string, file *ast.File) {
		for _, use := range files {
			if uses(file, use.uses) && !slices.Contains(use.may, path) {
				t.Errorf("%s uses %s: only %q may", path, use.uses, use.may)
			}
		}
		if strings.HasPrefix(path, "pipeline/") && path != "pipeline/image.go" && tagged(file, "json") {
			t.Errorf("%s has json tags: results have theirs in pipeline/image.go alone", path)
		}
	})
}

// eachImport calls do for each direct import of each of our packages, named from the module's top. A package without
// imports counts as importing nothing.
func eachImport(t *testing.T, do func(from, imported string)) {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")
		for _, imported := range append(fields[1:], "") {
			do(from, imported)
		}
	}
}

// ownPrograms are programs of their own: the supervisor that runs in a container, and those of the set-up.
var ownPrograms = []string{"pack/supervisor/", "setup/", "e2e/podman/"}

// eachFile calls do for each of the program's own files that is no test.
func eachFile(t *testing.T, do func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != "." && strings.HasPrefix(e.Name(), "."), e.IsDir() && e.Name() == "testdata":
			return filepath.SkipDir
		case e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		path = filepath.ToSlash(path)
		if slices.ContainsFunc(ownPrograms, func(dir string) bool { return strings.HasPrefix(path, dir) }) {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			do(path, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// uses reports whether a file names something of a package, such as os.Exit, or runs a program: exec "git".
func uses(file *ast.File, what string) (found bool) {
	program, runs := strings.CutPrefix(what, "exec ")
	pkg, name, _ := strings.Cut(what, ".")
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			found = found || !runs && ok && x.Name == pkg && n.Sel.Name == name
		case *ast.CallExpr:
			call, ok := n.Fun.(*ast.SelectorExpr)
			if !runs || !ok {
				return true
			}
			x, ok := call.X.(*ast.Ident)
			found = found || ok && x.Name == "exec" && slices.ContainsFunc(n.Args, func(arg ast.Expr) bool {
				text, ok := arg.(*ast.BasicLit)
				return ok && text.Value == program
			})
		}
		return true
	})
	return found
}

// tagged reports whether a struct of the file has a tag of a kind.
func tagged(file *ast.File, kind string) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			text, err := strconv.Unquote(field.Tag.Value)
			found = found || err == nil && strings.Contains(text, kind+`:"`)
		}
		return true
	})
	return found
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
