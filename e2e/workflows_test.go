//go:build linux

package e2e_test

import (
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"go.yaml.in/yaml/v4"
)

// This file runs the workflows and commands of the documentation as they are there. Only the registry is another.

// A documented is a workflow of a page.
type documented struct {
	page string
	line int
	text string
	name string
}

var fence = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// documentedWorkflows returns all blocks of YAML with jobs, by their names.
func documentedWorkflows(t *testing.T) map[string]documented {
	t.Helper()
	found := map[string]documented{}
	for _, page := range []string{"README.md", "docs/action.md"} {
		text := readText(t, page)
		for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
			d := documented{page: page, line: strings.Count(text[:m[2]], "\n") + 1, text: text[m[2]:m[3]]}
			if !strings.Contains(d.text, "\njobs:\n") {
				continue // a part of a workflow, or of another system
			}
			var w struct{ Name string }
			if err := yaml.Unmarshal([]byte(d.text), &w); err != nil {
				t.Errorf("%s:%d: %v", page, d.line, err)
			}
			if found[w.Name].text != "" || w.Name == "" {
				t.Errorf("%s:%d: the name %q is there twice, or empty", page, d.line, w.Name)
			}
			d.name = w.Name
			found[w.Name] = d
		}
	}
	return found
}

// TestDocumentedInputs proves that the docs use only inputs and outputs that the action declares.
func TestDocumentedInputs(t *testing.T) {
	t.Parallel()
	var action struct{ Inputs, Outputs map[string]any }
	if err := yaml.Unmarshal([]byte(readText(t, "action.yml")), &action); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	output := regexp.MustCompile(`steps\.(?:seedpack|list)\.outputs\.([a-z-]+)`)
	uses := 0
	for _, page := range append(pages, "README.md") {
		for _, m := range fence.FindAllStringSubmatch(readText(t, page), -1) {
			var block yaml.Node
			if err := yaml.Unmarshal([]byte(m[1]), &block); err != nil {
				t.Errorf("%s: %v\n%s", page, err, m[1])
			}
			for input := range askedInputs(&block) {
				uses++
				if action.Inputs[input] == nil {
					t.Errorf("%s: there is no input %s\n%s", page, input, m[1])
				}
			}
			for _, name := range output.FindAllStringSubmatch(m[1], -1) {
				if action.Outputs[name[1]] == nil {
					t.Errorf("%s: there is no output %s", page, name[1])
				}
			}
		}
	}
	if uses < 20 {
		t.Errorf("the docs use %d inputs in all: are they found?", uses)
	}
}

// askedInputs yields the inputs of all steps below a node that use the action.
func askedInputs(n *yaml.Node) iter.Seq[string] {
	return func(yield func(string) bool) {
		var step struct {
			Uses string
			With map[string]any
		}
		if n.Kind == yaml.MappingNode && n.Decode(&step) == nil && strings.HasSuffix(step.Uses, "/seedpack@v1") {
			for input := range step.With {
				if !yield(input) {
					return
				}
			}
		}
		for _, child := range n.Content {
			for input := range askedInputs(child) {
				if !yield(input) {
					return
				}
			}
		}
	}
}

// TestDocumentedWorkflows proves that each workflow of the docs does in act what its page says.
func TestDocumentedWorkflows(t *testing.T) {
	t.Parallel()
	registry, program, base := needs.Variable(t, "SEEDPACK_TEST_REGISTRY"), buildProgram(t), publishedBase(t)
	all := documentedWorkflows(t)
	for name := range scenarios {
		if all[name].text == "" {
			t.Errorf("%s is in no page", name)
		}
	}
	for name, d := range all {
		if len(scenarios[name]) == 0 {
			t.Errorf("%s:%d: %s has no scenario here", d.page, d.line, name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, program)
			namespace := "docs-" + strings.ReplaceAll(strings.ToLower(name), " ", "-")
			r.text = strings.NewReplacer("ghcr.io/my-organisation", registry+"/"+namespace, "ghcr.io", registry).Replace(d.text)
			jobs := jobsOf[name]
			if jobs == nil {
				jobs = map[string]string{"my-job": "random-number"}
			}
			for dir, job := range jobs {
				r.job(dir, job, base)
			}
			for _, s := range scenarios[name] {
				r.meet(s, namespace)
			}
		})
	}
}

// section returns the blocks of a language below a heading of a page.
func section(t *testing.T, page, heading, language string) []string {
	t.Helper()
	_, text, ok := strings.Cut(readText(t, page), "\n## "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, m[1])
	}
	if !ok || len(blocks) == 0 {
		t.Fatalf("%s has no %s below %q", page, language, heading)
	}
	return blocks
}

// shell runs lines as a CI does that does not know Seedpack.
func (r *repository) shell(lines string, env ...string) {
	r.t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		r.t.Fatal(err)
	}
	r.git()
	cmd := exec.Command("sh", "-euc", lines)
	cmd.Dir = r.dir
	cmd.Env = append(append(os.Environ(), "PATH="+filepath.Dir(r.program)+":"+os.Getenv("PATH"), "HOME="+r.home, "XDG_CACHE_HOME="+cache), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Errorf("%v\n%s", err, out)
	}
}

// TestDocumentedShell proves that the commands for any other CI publish.
func TestDocumentedShell(t *testing.T) {
	t.Parallel()
	registry, base := needs.Variable(t, "SEEDPACK_TEST_REGISTRY"), publishedBase(t)
	r := newRepository(t, buildProgram(t))
	r.job("my-job", "random-number", base)
	r.shell(strings.ReplaceAll(section(t, "docs/action.md", "Any other CI", "sh")[0], "registry.example.com/team", registry+"/docs-shell"))
	if !published(t, "docs-shell/"+randomSeed, "0.1.0") {
		t.Error("nothing is published")
	}
	if text := readText(t, filepath.Join(r.dir, "image.json")); !strings.Contains(text, `"reference": "`+registry+"/docs-shell/"+randomSeed+":0.1.0@sha256:") {
		t.Errorf("image.json has no reference:\n%s", text)
	}
}

// TestNoOtherPageShowsWorkflows proves that every page with a workflow is tested.
func TestNoOtherPageShowsWorkflows(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range slices.Concat(pages, []string{"CHANGELOG.md", "SECURITY.md"}) {
		if page != "docs/action.md" && strings.Contains(readText(t, page), "\njobs:\n") {
			t.Errorf("%s shows a workflow: only those of README.md and docs/action.md are tested", page)
		}
	}
}
