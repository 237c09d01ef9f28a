//go:build linux

package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"go.yaml.in/yaml/v4"
)

// This file runs the jobs of docs/gitlab.md in a shell, as a runner of GitLab does.

// A gitlabJob is what the tests read of a job.
type gitlabJob struct {
	Extends   string
	Image     struct{ Name string }
	Variables map[string]string
	Script    []string
	Artifacts struct {
		Paths   []string
		Reports map[string]string
	}
	Trigger struct {
		Include  []struct{ Local, Artifact, Job string }
		Strategy string
	}
}

// gitlabJobs reads a pipeline. What is no job has no script.
func gitlabJobs(t *testing.T, text string) map[string]gitlabJob {
	t.Helper()
	var jobs map[string]gitlabJob
	if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return jobs
}

// run runs the script of a job and returns the findings that it reports to Code Quality.
func (j *gitlabJob) run(r *repository, env ...string) []any {
	r.t.Helper()
	for name, value := range j.Variables {
		env = append(env, name+"="+value)
	}
	r.shell(strings.Join(j.Script, "\n"), env...)
	for _, file := range append(slices.Clone(j.Artifacts.Paths), j.Artifacts.Reports["junit"]) {
		if _, err := os.Stat(filepath.Join(r.dir, file)); err != nil {
			r.t.Error(err)
		}
	}
	file := j.Artifacts.Reports["codequality"]
	if file == "" {
		return nil
	}
	var found []any
	if err := json.Unmarshal([]byte(readText(r.t, filepath.Join(r.dir, file))), &found); err != nil {
		r.t.Error(err)
	}
	return found
}

func gitlabEnv(registry, namespace string) []string {
	return []string{"CI_REGISTRY=" + registry, "CI_REGISTRY_USER=user", "CI_REGISTRY_PASSWORD=word", "CI_REGISTRY_IMAGE=" + registry + "/" + namespace}
}

// TestDocumentedGitLab proves that the GitLab job of the docs publishes a tag, and no branch.
func TestDocumentedGitLab(t *testing.T) {
	t.Parallel()
	registry, base := needs.Variable(t, "SEEDPACK_TEST_REGISTRY"), publishedBase(t)
	job := gitlabJobs(t, section(t, "docs/gitlab.md", "One job", "yaml")[0])["seed-job"]
	if job.Image.Name != releaseImage+":1" {
		t.Errorf("the job runs in %q", job.Image.Name)
	}
	r := newRepository(t, buildProgram(t))
	r.job("my-job", "random-number", base)
	env := gitlabEnv(registry, "docs-gitlab-one")
	if job.run(r, env...); uploads(t, "docs-gitlab-one") > 0 {
		t.Error("a branch is published")
	}
	if job.run(r, append(env, "CI_COMMIT_TAG=v1.0.0")...); !published(t, "docs-gitlab-one/"+randomSeed, "0.1.0") {
		t.Error("the tag is not published")
	}
	if config := readText(t, filepath.Join(r.home, ".docker/config.json")); config != `{"auths":{"`+registry+`":{"username":"user","password":"word"}}}` {
		t.Errorf("credentials are %s", config)
	}
}

// TestDocumentedGitLabChildren proves that the pipelines of the docs pack each job that changed in a merge request, and publish all
// jobs of a tag.
func TestDocumentedGitLabChildren(t *testing.T) {
	t.Parallel()
	registry, base := needs.Variable(t, "SEEDPACK_TEST_REGISTRY"), publishedBase(t)
	blocks := section(t, "docs/gitlab.md", "Several jobs", "yaml")
	var parent, child map[string]yaml.Node
	var list, pack, template gitlabJob
	for text, into := range map[string]*map[string]yaml.Node{blocks[0]: &parent, blocks[1]: &child} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	for from, into := range map[*yaml.Node]*gitlabJob{node(parent, "list"): &list, node(parent, "pack"): &pack, node(child, ".seed-job"): &template} {
		if err := from.Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	include := pack.Trigger.Include
	if len(include) != 2 || include[0].Local != ".gitlab/seed-job.yml" || include[1].Artifact != list.Artifacts.Paths[0] || include[1].Job != "list" {
		t.Errorf("the child pipeline includes %+v", include)
	}
	r := newRepository(t, buildProgram(t))
	r.job("jobs/random $x", "random-number", base)
	r.job("jobs/mark", "image-watermark", base)
	r.git()
	first := r.head()
	children := func(want []string, env ...string) map[string]gitlabJob {
		t.Helper()
		list.run(r, env...)
		text := readText(t, filepath.Join(r.dir, list.Artifacts.Paths[0]))
		var jobs map[string]struct{ Variables map[string]any }
		if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
			t.Fatal(err)
		}
		all, names := map[string]gitlabJob{}, []string{}
		for name, job := range jobs {
			one := gitlabJob{Variables: map[string]string{}, Script: template.Script, Artifacts: template.Artifacts}
			for variable, value := range job.Variables {
				if form, ok := value.(map[string]any); ok && form["expand"] == false {
					value = form["value"]
				} else if strings.Contains(value.(string), "$") {
					t.Errorf("%s: GitLab expands %s", name, value)
				}
				one.Variables[variable] = value.(string)
			}
			all[name], names = one, append(names, name)
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("%q: the child pipeline has %q, want %q:\n%s", env, names, want, text)
		}
		return all
	}
	children([]string{"no jobs"}, "CI_MERGE_REQUEST_DIFF_BASE_SHA="+first)
	r.write("jobs/mark/more.txt", "more\n")
	r.write("jobs/mark/Dockerfile", readText(t, filepath.Join(r.dir, "jobs/mark/Dockerfile"))+"# changed\n")
	r.git()
	children([]string{"pack jobs/mark"}, "CI_MERGE_REQUEST_DIFF_BASE_SHA="+first)
	env := gitlabEnv(registry, "docs-gitlab-children")
	for _, job := range children([]string{"pack jobs/mark", "pack jobs/random $x"}) {
		job.run(r, append(env, "CI_COMMIT_TAG=v1.0.0")...)
	}
	for _, repository := range []string{randomSeed, markSeed} {
		if !published(t, "docs-gitlab-children/"+repository, "0.1.0") {
			t.Errorf("%s is not published", repository)
		}
	}
}

func node(all map[string]yaml.Node, name string) *yaml.Node {
	n := all[name]
	return &n
}

// head returns the commit of the repository.
func (r *repository) head() string {
	r.t.Helper()
	cmd := exec.Command("git", "rev-parse", "HEAD")
	cmd.Dir = r.dir
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// releaseImage is the image that a release makes.
const releaseImage = "ghcr.io/seedpack/seedpack"
