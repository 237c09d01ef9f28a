//go:build unix

package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// This file tests diff and migrate as steps of the action.

// TestStepDiff proves that a step compares a job with the branch of its pull request: a version that must rise is an annotation
// and fails the step, and the summary has the changes.
func TestStepDiff(t *testing.T) {
	t.Parallel()
	r := newStep(t, below("job", example(t, "random-number")))
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"},
		{"-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", "A job"}, {"update-ref", "refs/remotes/origin/main", "HEAD"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = r.workspace
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	r.env = append(r.env, "GITHUB_BASE_REF=main")
	if status := r.action("INPUT_COMMAND=diff", "INPUT_PATH=job"); status != 0 {
		t.Errorf("nothing changed: exit %d\n%s", status, r.printed)
	}
	manifest := readText(t, "testdata/jobs/random-number/seed.manifest.json")
	r.put(map[string]string{"job/seed.manifest.json": strings.Replace(manifest, `"timeout": 10`, `"timeout": 5`, 1)})
	if status := r.action("INPUT_COMMAND=diff", "INPUT_PATH=job"); status != 1 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	r.wantAnnotation("error job/seed.manifest.json:", "ersion")
	if summary := string(r.written("STEP_SUMMARY")); !strings.Contains(summary, "timeout") {
		t.Errorf("the summary has no change:\n%s", summary)
	}
	var result struct {
		Enough  bool
		Reports []any
	}
	if err := json.Unmarshal([]byte(r.outputs()["result"]), &result); err != nil || result.Enough || len(result.Reports) != 1 {
		t.Errorf("%v %+v", err, result)
	}
	for _, inputs := range [][]string{{"INPUT_PATH=job", "INPUT_OLD=git:main:job"}, {"INPUT_PATH=job", "INPUT_OLD=git:main"}} {
		if status := r.action(append(inputs, "INPUT_COMMAND=diff")...); status != 1 {
			t.Errorf("%q: exit %d\n%s", inputs, status, r.printed)
		}
	}
	for _, inputs := range [][]string{{"INPUT_PATH=job\nother", "INPUT_OLD=git:main"}, {"GITHUB_BASE_REF=", "INPUT_PATH=job"}, {"INPUT_PATH=job", "INPUT_IMAGE=oci:x"}} {
		if status := r.action(append(inputs, "INPUT_COMMAND=diff")...); status != 2 || len(r.annotations()) != 1 {
			t.Errorf("%q: exit %d\n%s", inputs, status, r.printed)
		}
	}
	r.checkFiles()
}

// TestStepMigrate proves that a step shows the questions of a migration as annotations and writes nothing, and that inputs answer
// them.
func TestStepMigrate(t *testing.T) {
	t.Parallel()
	r := newStep(t, map[string]string{"old/seed.manifest.json": `{"seedVersion": "0.1.0", "job": {"name": "my-job", "jobVersion": "1.0.0", "packageVersion": "1.0.0",
  "title": "A job", "description": "Does what it is asked to do.", "maintainer": {"name": "Jo"}, "timeout": 30}}`})
	if status := r.action("INPUT_COMMAND=migrate", "INPUT_PATH=old", "INPUT_OUTPUT-DIR=new"); status != 1 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	r.wantAnnotation("error ", "[migrate-question]")
	if _, err := os.Stat(filepath.Join(r.workspace, "new")); err == nil {
		t.Error("something is written, though a question is open")
	}
	if status := r.action("INPUT_COMMAND=migrate", "INPUT_PATH=old", "INPUT_OUTPUT-DIR=new", "INPUT_SET=/job/maintainer/email=jo@example.org\n/job/title=Another"); status != 0 {
		t.Errorf("exit %d\n%s", status, r.printed)
	}
	if text := readText(t, filepath.Join(r.workspace, "new/seed.manifest.json")); !strings.Contains(text, "jo@example.org") || !strings.Contains(text, `"Another"`) {
		t.Errorf("written:\n%s", text)
	}
	if status := r.action("INPUT_COMMAND=migrate", "INPUT_PATH=old", "INPUT_OUTPUT-DIR=../new"); status != 2 {
		t.Errorf("a path out of the workspace: exit %d\n%s", status, r.printed)
	}
	r.checkFiles()
}
