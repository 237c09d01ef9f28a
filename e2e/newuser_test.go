//go:build linux

package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// This file follows the README as a new user does.

// TestNewUser proves that a Dockerfile and the README lead to a green check and a published image. It takes two commands and a
// file.
func TestNewUser(t *testing.T) {
	t.Parallel()
	registry, base := needs.Variable(t, "SEEDPACK_TEST_REGISTRY"), publishedBase(t)
	r := newRepository(t, buildProgram(t))
	r.write("Dockerfile", "FROM "+base+"\nENTRYPOINT [\"/bin/busybox\", \"true\"]\n")

	text := readText(t, "README.md")
	for _, command := range []string{"`seedpack init`", "git tag v1.0.0 && git push --tags", "`.github/workflows/seed.yml`"} {
		if !strings.Contains(text, command) {
			t.Errorf("the README does not say %s any more", command)
		}
	}
	cmd := exec.Command(r.program, "init", ".", "--name", "first-job")
	cmd.Dir = r.dir
	// A person has told git a name. A machine that runs tests may have none.
	cmd.Env = append(os.Environ(), "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=user.name", "GIT_CONFIG_VALUE_0=J",
		"GIT_CONFIG_KEY_1=user.email", "GIT_CONFIG_VALUE_1=j@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r.text = strings.NewReplacer("ghcr.io/my-organisation", registry+"/new-user", "ghcr.io", registry).Replace(documentedWorkflows(t)["Seed job"].text)
	r.meet(onBranch.gives("errors", "0").gives("warnings", "0").gives("smoke", "passed").gives("published", "false"), "new-user")
	r.meet(onTag.gives("errors", "0").gives("published", "true").publishes("first-job-0.1.0-seed"), "new-user")
}
