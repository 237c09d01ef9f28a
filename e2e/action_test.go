//go:build linux

package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// This file runs the action in act, which is a runner for this machine, in repositories that use seedpack/seedpack@v1.

const badManifest = `{
  "seedVersion": "1.0.0",
  "job": {
    "name": "Random-Number-Gen",
    "jobVersion": "0.1.0",
    "packageVersion": "0.1.0",
    "title": "Random Number Generator",
    "description": "Generates a random number and outputs on stdout",
    "maintainer": { "name": "John Doe", "email": "jdoe@example.com" },
    "timeout": "10"
  }
}
`

// TestActionFindsFaultsInPullRequest proves that a pull request with a bad manifest fails, with annotations at the faults.
func TestActionFindsFaultsInPullRequest(t *testing.T) {
	t.Parallel()
	r := newRepository(t, buildProgram(t), "testdata/jobs/random-number")
	r.write("random-number/seed.manifest.json", badManifest)
	r.event, r.ref, r.payload = "pull_request", "refs/pull/1/merge", `{"pull_request": {"number": 1}}`
	r.inputs = []string{"path: random-number"}
	w := r.run()
	if w.succeeded {
		t.Error("the workflow succeeded")
	}
	w.wantAnnotation(t, "error random-number/seed.manifest.json:4:13", "Random-Number-Gen")
	w.wantAnnotation(t, "error random-number/seed.manifest.json:10:16", "integer")
	w.wantOutputs(t, map[string]string{"published": "false", "reference": "", "errors": "2"})
	if !strings.Contains(w.summary, "random-number/seed.manifest.json") {
		t.Errorf("the summary does not name the manifest:\n%s", w.summary)
	}
}

// TestActionPublishesNothingUnasked proves that push: auto publishes nothing for a fork's pull request or a branch.
func TestActionPublishesNothingUnasked(t *testing.T) {
	t.Parallel()
	registry := needs.Variable(t, "SEEDPACK_TEST_REGISTRY")
	program := buildProgram(t)
	for name, event := range map[string][3]string{
		"fork":   {"pull_request", "refs/pull/1/merge", forkEvent},
		"branch": {"push", "refs/heads/main", `{"ref": "refs/heads/main"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, program, "testdata/jobs/random-number")
			r.event, r.ref, r.payload = event[0], event[1], event[2]
			r.inputs = []string{"path: random-number", "registry: " + registry + "/act-" + name}
			w := r.run()
			if !w.succeeded {
				t.Errorf("the workflow failed")
			}
			w.wantOutputs(t, map[string]string{"published": "false", "reference": "", "digest": "", "errors": "0"})
			if n := uploads(t, "act-"+name); n > 0 {
				t.Errorf("%d uploads", n)
			}
		})
	}
}

// TestActionPublishesRelease proves that a release publishes, with the outputs that a later step needs to sign it.
func TestActionPublishesRelease(t *testing.T) {
	t.Parallel()
	registry := needs.Variable(t, "SEEDPACK_TEST_REGISTRY")
	r := newRepository(t, buildProgram(t), "testdata/jobs/random-number")
	r.event, r.ref, r.payload = "release", "refs/tags/v1.0.0", releaseEvent
	r.inputs = []string{"working-directory: random-number", "registry: " + registry + "/act-one", "tags: latest"}
	w := r.run()
	if !w.succeeded {
		t.Errorf("the workflow failed")
	}
	image := registry + "/act-one/random-number-gen-0.1.0-seed:0.1.0"
	w.wantOutputs(t, map[string]string{"published": "true", "errors": "0", "image": image,
		"reference": image + "@" + w.outputs["digest"], "smoke": "passed", "tags": "0.1.0,latest", "name": "random-number-gen",
		"job-version": "0.1.0", "package-version": "0.1.0"})
	if !strings.Contains(w.outputs["metadata"], `"containerimage.digest":"`+w.outputs["digest"]+`"`) || !strings.HasPrefix(w.outputs["imageid"], "sha256:") {
		t.Errorf("metadata %q, imageid %q", w.outputs["metadata"], w.outputs["imageid"])
	}
	for _, want := range []string{"✅ **random-number-gen 0.1.0** (package 0.1.0): published, ", "| smoke case |", "| ✅&nbsp;passed | ", "| 0&nbsp;files, ",
		`<code title="` + w.outputs["digest"] + `">sha256:`, "docker pull " + image + "&#64;sha256:"} {
		if !strings.Contains(w.summary, want) {
			t.Errorf("the summary has no %q:\n%s", want, w.summary)
		}
	}
	if !published(t, "act-one/random-number-gen-0.1.0-seed", w.outputs["digest"]) {
		t.Errorf("digest %q is not in the registry", w.outputs["digest"])
	}
}

// TestActionPublishesSeveralJobs proves that one step publishes two jobs, and that the result has both.
func TestActionPublishesSeveralJobs(t *testing.T) {
	t.Parallel()
	registry := needs.Variable(t, "SEEDPACK_TEST_REGISTRY")
	r := newRepository(t, buildProgram(t), "testdata/jobs/random-number", "testdata/jobs/image-watermark")
	r.event, r.ref, r.payload = "release", "refs/tags/v1.0.0", releaseEvent
	r.inputs = []string{"path: |\n            random-number\n            image-watermark", "registry: " + registry + "/act-release"}
	w := r.run()
	if !w.succeeded {
		t.Errorf("the workflow failed")
	}
	w.wantOutputs(t, map[string]string{"errors": "0"})
	if n := strings.Count(w.outputs["result"], `"published":true`); n != 2 {
		t.Errorf("%d of 2 jobs are published: %s", n, w.outputs["result"])
	}
	for _, name := range []string{"random-number-gen", "image-watermark"} {
		repository := "act-release/" + name + "-0.1.0-seed"
		if !published(t, repository, "0.1.0") {
			t.Errorf("%s is not published", repository)
		}
		if !strings.Contains(w.summary, name+"-0.1.0-seed:0.1.0") {
			t.Errorf("the summary does not name %s:\n%s", name, w.summary)
		}
	}
}

// TestHostileOutput proves that a runner takes nothing that a build or a job prints, and no file name, for a command.
func TestHostileOutput(t *testing.T) {
	t.Parallel()
	base := needs.Variable(t, "SEEDPACK_TEST_BASE")
	r := newRunner(t, buildProgram(t))
	r.workspace = filepath.Join(r.workspace, "workspace")
	r.env = append(r.env, "GITHUB_WORKSPACE="+r.workspace)
	if err := os.CopyFS(r.workspace, os.DirFS("testdata/broken/undeclared-exit-code")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(r.workspace, "base"), os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	printed := strings.ReplaceAll(strings.Join(hostileTexts, "\n"), "\x00", "")
	for name, text := range map[string]string{
		"hostile.txt": printed,
		"Dockerfile": "FROM busybox:1.36\nCOPY --chmod=755 job.sh /app/\nCOPY hostile.txt /app/\nRUN cat /app/hostile.txt; cat /app/hostile.txt >&2\n" +
			"USER nobody\nENTRYPOINT [\"/app/job.sh\"]\n",
		"job.sh": "#!/bin/sh\ncat /app/hostile.txt\ncat /app/hostile.txt >&2\necho x >\"$1/table##[add-mask]e.csv\"\n" +
			"echo x >\"$1/table$(printf '\\n')::add-mask::e.csv\"\nprintf '::add-mask::no line end'\n",
	} {
		if err := os.WriteFile(filepath.Join(r.workspace, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := filesBelow(t, filepath.Dir(r.workspace))
	status := r.action("INPUT_COMMAND=pack", "INPUT_PATH=.", "INPUT_BUILD-CONTEXTS=busybox:1.36=oci-layout://base")
	r.checkSafe(before)
	if status != 1 || !bytes.Contains(r.printed, []byte("output-plurality")) || !bytes.Contains(r.printed, []byte("cat /app/hostile.txt")) {
		t.Errorf("exit %d: the job did not run, or nothing was shown", status)
	}
	if t.Failed() {
		t.Logf("printed:\n%s", r.printed)
	}
}
