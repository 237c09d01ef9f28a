//go:build linux

package e2e_test

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

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

// A scenario is an event for a documented workflow, and the result that it should have.
type scenario struct {
	event, ref, payload string
	fails               bool
	published           []string          // repositories, without the namespace
	outputs             map[string]string // of all steps
	standIns            []string          // parts of the inputs of actions from elsewhere
	prepare             func(*repository)
	check               func(*repository, *workflowRun)
}

const (
	pullEvent  = `{"pull_request": {"number": 1, "head": {"repo": {"full_name": "owner/repository"}}, "base": {"repo": {"full_name": "owner/repository"}}}}`
	randomSeed = "random-number-gen-0.1.0-seed"
	markSeed   = "image-watermark-0.1.0-seed"
)

func (s scenario) on(event, ref, payload string) scenario {
	s.event, s.ref, s.payload = event, ref, payload
	return s
}

var (
	onPull     = scenario{}.on("pull_request", "refs/pull/1/merge", pullEvent)
	onFork     = scenario{}.on("pull_request", "refs/pull/1/merge", forkEvent)
	onBranch   = scenario{}.on("push", "refs/heads/main", `{"ref": "refs/heads/main"}`)
	onTag      = scenario{}.on("push", "refs/tags/v1.0.0", `{"ref": "refs/tags/v1.0.0"}`)
	onSchedule = scenario{}.on("schedule", "refs/heads/main", `{"schedule": "17 3 * * *"}`)
	onRelease  = scenario{}.on("release", "refs/tags/v1.0.0", releaseEvent)
)

func (s scenario) publishes(repositories ...string) scenario {
	s.published = repositories
	return s
}

func (s scenario) gives(name, value string) scenario {
	s.outputs = maps.Clone(s.outputs)
	if s.outputs == nil {
		s.outputs = map[string]string{}
	}
	s.outputs[name] = value
	return s
}

func (s scenario) asks(parts ...string) scenario {
	s.standIns = parts
	return s
}

func (s scenario) with(prepare func(*repository)) scenario {
	s.prepare = prepare
	return s
}

func (s scenario) and(check func(*repository, *workflowRun)) scenario {
	s.check = check
	return s
}

func (s scenario) failing() scenario {
	s.fails = true
	return s
}

// scenarios has the scenarios of each documented workflow. They run one after the other in one repository.
var scenarios = map[string][]scenario{
	"Seed job": {
		onPull.gives("published", "false").gives("smoke", "passed"),
		onFork.gives("published", "false").gives("smoke", "passed"),
		onBranch.gives("published", "false").gives("smoke", "passed"),
		onTag.gives("published", "true").publishes(randomSeed).asks("docker/login-action PASSWORD="),
		onPull.with(func(r *repository) { r.write("seed.manifest.json", badManifest) }).gives("errors", "2").failing(),
	},
	"Publish each merge": {
		onBranch.gives("published", "true").gives("tags", "0.1.0,latest").publishes(randomSeed),
		onBranch.gives("published", "true").with(func(r *repository) { r.write("README.md", "elsewhere") }),
		onBranch.gives("published", "false").with(func(r *repository) { r.write("my-job/job.sh", "#!/bin/sh\necho other\n") }).failing(),
	},
	"Several jobs": {
		onPull.gives("published", "false"),
		onRelease.gives("published", "true").publishes(randomSeed, markSeed),
	},
	"Built elsewhere": {
		onPull.with(buildElsewhere).gives("published", "false").gives("smoke", "passed").asks(`docker/build-push-action CONTEXT=my-job LABELS="com.ngageoint.seed.manifest={""seedVersion"":""1.0.0"",`),
		onTag.gives("published", "true").publishes(randomSeed).asks("docker/setup-buildx-action"),
	},
	"Catalogue": {
		onSchedule.with(packElsewhere("docs-catalogue")).gives("images", "1").gives("html", "site").gives("complete", "true").
			asks("actions/cache KEY=catalogue-", "PATH=catalogue-cache", "actions/upload-pages-artifact PATH=site", "actions/deploy-pages").publishes(randomSeed),
	},
	"Scanned": {
		onPull.gives("published", "false").asks("anchore/scan-action IMAGE=oci-dir:my-job-image"),
		onTag.with(failScan).asks("anchore/scan-action").failing(),
		onTag.with(passScan).gives("published", "true").publishes(randomSeed).and(wantScannedDigest),
	},
	"Signed": {onTag.gives("published", "true").publishes(randomSeed).asks("sigstore/cosign-installer", "cosign sign --yes ", "/"+randomSeed+":0.1.0@sha256:")},
	"Run it elsewhere": {
		onBranch.gives("errors", "0").asks("actions/upload-artifact", "PATH=my-job-slurm"),
		onPull.with(func(r *repository) { r.write("my-job/seed.manifest.json", badManifest) }).gives("errors", "2").failing(),
	},
	"Code scanning": {
		onBranch.gives("errors", "0").asks("github/codeql-action SARIF_FILE=seedpack.sarif"),
		onPull.with(func(r *repository) { r.write("my-job/seed.manifest.json", badManifest) }).gives("errors", "2").asks("github/codeql-action").failing(),
	},
}

// jobsOf has the directories in which a workflow expects its jobs.
var jobsOf = map[string]map[string]string{
	"Seed job":     {".": "random-number"},
	"Several jobs": {"jobs/random": "random-number", "jobs/mark": "image-watermark"},
}

// packElsewhere publishes the job, as another workflow has done.
func packElsewhere(namespace string) func(*repository) {
	return func(r *repository) {
		r.t.Helper()
		cmd := exec.Command(r.program, "pack", "my-job", "--smoke", "off", "--push", "--registry", material(r.t, "SEEDPACK_TEST_REGISTRY")+"/"+namespace)
		cmd.Dir = r.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			r.t.Fatalf("%v\n%s", err, out)
		}
	}
}

// failScan has the scanner find something.
func failScan(r *repository) { r.write("anchore-scan-action-fails", "") }

// passScan has it find nothing.
func passScan(r *repository) {
	r.t.Helper()
	if err := os.Remove(filepath.Join(r.dir, "anchore-scan-action-fails")); err != nil {
		r.t.Fatal(err)
	}
}

// wantScannedDigest wants the image that was scanned to be the published one.
func wantScannedDigest(r *repository, w *workflowRun) {
	r.t.Helper()
	if digest := w.outputs["digest"]; digest == "" || !strings.Contains(r.standIns, "scanned "+digest+"\n") {
		r.t.Errorf("published: %q, stand-ins:\n%s", digest, r.standIns)
	}
}

// buildElsewhere makes the image that docker/build-push-action would make.
func buildElsewhere(r *repository) {
	r.t.Helper()
	cmd := exec.Command(r.program, "pack", "my-job", "--output", "type=oci,dest="+filepath.Join(r.home, "image.tar"))
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
}

// TestDocumentedWorkflows proves that each workflow of the docs does in act what its page says.
func TestDocumentedWorkflows(t *testing.T) {
	t.Parallel()
	registry, program, base := material(t, "SEEDPACK_TEST_REGISTRY"), buildProgram(t), publishedBase(t)
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

// publishedBase puts the base image of the examples into the registry and returns its reference.
func publishedBase(t *testing.T) string {
	t.Helper()
	base := material(t, "SEEDPACK_TEST_REGISTRY") + "/base/busybox:1.36"
	if err := publishBase(material(t, "SEEDPACK_TEST_BASE"), base); err != nil {
		t.Fatal(err)
	}
	return base
}

var basePublished struct {
	sync.Once
	err error
}

// publishBase copies the base image once. A test that reads it must not meet the second write of its tag.
func publishBase(layout, reference string) error {
	basePublished.Do(func() {
		out, err := exec.Command("skopeo", "copy", "--dest-tls-verify=false", "oci:"+layout, "docker://"+reference).CombinedOutput()
		if err != nil {
			basePublished.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	return basePublished.err
}

// job puts an example into a directory, with a base image of the registry.
func (r *repository) job(dir, job, base string) {
	r.t.Helper()
	to := filepath.Join(r.dir, dir)
	if err := os.CopyFS(to, os.DirFS(filepath.Join("testdata/jobs", job))); err != nil {
		r.t.Fatal(err)
	}
	r.write(filepath.Join(dir, "Dockerfile"), strings.ReplaceAll(readText(r.t, filepath.Join(to, "Dockerfile")), "busybox:1.36", base))
}

// meet runs the workflow for a scenario and checks the result.
func (r *repository) meet(s scenario, namespace string) {
	t := r.t
	t.Helper()
	if s.prepare != nil {
		s.prepare(r)
	}
	r.event, r.ref, r.payload = s.event, s.ref, s.payload
	before := uploads(t, namespace)
	w := r.run()
	if w.succeeded == s.fails {
		t.Errorf("%s %s: succeeded is %v", s.event, s.ref, w.succeeded)
	}
	w.wantOutputs(t, s.outputs)
	for _, part := range s.standIns {
		if !strings.Contains(r.standIns, part) {
			t.Errorf("%s %s: nothing asked for %q, but for\n%s", s.event, s.ref, part, r.standIns)
		}
	}
	for _, repository := range s.published {
		if !published(t, namespace+"/"+repository, "0.1.0") {
			t.Errorf("%s %s: %s is not published", s.event, s.ref, repository)
		}
	}
	if s.check != nil {
		s.check(r, w)
	}
	if n := uploads(t, namespace) - before; len(s.published) == 0 && n > 0 {
		t.Errorf("%s %s: %d uploads, though nothing was to be published", s.event, s.ref, n)
	}
	if t.Failed() {
		t.Logf("%s %s:\n%s", s.event, s.ref, w.log)
		t.FailNow()
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
	registry, base := material(t, "SEEDPACK_TEST_REGISTRY"), publishedBase(t)
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
