//go:build linux

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// TestPullRequestOfManyJobs proves that a pull request in a repository of 30 jobs, all of them published, packs the two that it
// changes. The one whose version did not rise fails on its line, with the version to write, and bump makes it green.
func TestPullRequestOfManyJobs(t *testing.T) {
	t.Parallel()
	registry, program, base := needs.Variable(t, "SEEDPACK_TEST_REGISTRY"), buildProgram(t), publishedBase(t)
	const namespace = "many-jobs"
	r := newRepository(t, program)
	d := documentedWorkflows(t)["Several jobs"]
	r.text = strings.NewReplacer("ghcr.io/my-organisation", registry+"/"+namespace, "ghcr.io", registry).Replace(d.text)
	r.write(".github/workflows/seed.yml", r.workflow())
	args := []string{"pack", "--smoke", "off", "--progress", "quiet", "--push", "--registry", registry + "/" + namespace}
	edit := func(job string, change ...string) {
		path := filepath.Join(job, "seed.manifest.json")
		r.write(path, strings.NewReplacer(change...).Replace(readText(t, filepath.Join(r.dir, path))))
	}
	for i := range 30 {
		job := fmt.Sprintf("jobs/job-%02d", i)
		r.job(job, "random-number", base)
		edit(job, `"random-number-gen"`, fmt.Sprintf(`"job-%02d"`, i))
		args = append(args, job)
	}
	r.git()
	seedpack := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = r.dir, append(os.Environ(), "SEEDPACK_BUILDER=private")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("seedpack %s: %v\n%s", args[0], err, out)
		}
		return string(out)
	}
	seedpack(args...)
	checkout := exec.Command("git", "checkout", "-q", "-b", "topic")
	checkout.Dir = r.dir
	if out, err := checkout.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	edit("jobs/job-03", `"timeout": 10`, `"timeout": 20`)
	edit("jobs/job-07", `"timeout": 10`, `"timeout": 20`, `"packageVersion": "0.1.0"`, `"packageVersion": "0.1.1"`)

	r.event, r.ref = "pull_request", "refs/pull/1/merge"
	r.payload = strings.Replace(pullEvent, `"base": {`, `"base": {"ref": "main", `, 1)
	w := r.run()
	if w.succeeded {
		t.Errorf("a version that did not rise passes\n%s", w.log)
	}
	for i := range 30 {
		job := fmt.Sprintf("jobs/job-%02d", i)
		if packed := strings.Contains(w.summary, job); packed != (i == 3 || i == 7) {
			t.Errorf("%s is packed: %t", job, packed)
		}
	}
	want := "error jobs/job-03/seed.manifest.json:6:23: packageVersion is still 0.1.0 since " + registry + "/" + namespace +
		"/job-03-0.1.0-seed:0.1.0, and timeout was 10, is 20: write 0.1.1 at least, or jobVersion 0.1.1; seedpack bump writes it [version-not-raised]"
	found := strings.Join(w.annotations, "\n")
	if !strings.Contains(found, want) || strings.Contains(found, "error jobs/job-07") {
		t.Errorf("annotations are\n%s\nwant\n%s", found, want)
	}
	if !strings.Contains(w.summary, "timeout was 10, is 20") {
		t.Errorf("the summary does not say what changed:\n%s", w.summary)
	}
	if said := seedpack("bump", "jobs/job-03", "jobs/job-07", "--registry", registry+"/"+namespace); !strings.Contains(said, "packageVersion 0.1.0 → 0.1.1") {
		t.Errorf("bump says\n%s", said)
	}
	if w = r.run(); !w.succeeded {
		t.Errorf("it is not green after bump\n%s\n%s", strings.Join(w.annotations, "\n"), w.log)
	}
}
