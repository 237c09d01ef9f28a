//go:build linux

package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

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
		cmd := exec.Command(r.program, "pack", "my-job", "--smoke", "off", "--push", "--registry", needs.Variable(r.t, "SEEDPACK_TEST_REGISTRY")+"/"+namespace)
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

// publishedBase puts the base image of the examples into the registry and returns its reference.
func publishedBase(t *testing.T) string {
	t.Helper()
	base := needs.Variable(t, "SEEDPACK_TEST_REGISTRY") + "/base/busybox:1.36"
	if err := publishBase(needs.Variable(t, "SEEDPACK_TEST_BASE"), base); err != nil {
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
