//go:build linux

package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// TestActionFailedStep proves that a step of the Dockerfile that fails is annotated at its line, whoever is to blame, and that a
// finding has the last output.
func TestActionFailedStep(t *testing.T) {
	t.Parallel()
	base, program := needs.Variable(t, "SEEDPACK_TEST_BASE"), buildProgram(t)
	for line, want := range map[string]struct {
		status int
		text   string
	}{
		"RUN echo because of this; exit 3":                {1, "the command ended with exit code 3; its last output: because of this [dockerfile-step]"},
		"COPY nothing /x":                                 {1, "is not among the files of the build"},
		"ADD http://127.0.0.1:1/x /x":                     {3, "connection refused"},
		"RUN --mount=type=secret,id=s,required=true true": {2, "the secret s is not given"},
	} {
		r := newRunner(t, program)
		r.workspace = filepath.Join(r.workspace, "workspace")
		r.env = append(r.env, "GITHUB_WORKSPACE="+r.workspace)
		for dir, from := range map[string]string{"": "testdata/broken/undeclared-exit-code", "base": base} {
			if err := os.CopyFS(filepath.Join(r.workspace, dir), os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(r.workspace, "Dockerfile"), []byte("FROM busybox:1.36\n"+line+"\nUSER nobody\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(r.workspace, ".git"), 0o755); err != nil {
			t.Fatal(err)
		}
		status := r.action("INPUT_COMMAND=pack", "INPUT_PATH=.", "INPUT_SMOKE=off", "INPUT_BUILD-CONTEXTS=busybox:1.36=oci-layout://base")
		found := false
		for _, c := range workflowCommands(r.printed) {
			found = found || c.name == "error" && c.properties["file"] == "Dockerfile" && c.properties["line"] == "2" && bytes.Contains([]byte(c.message), []byte(want.text))
		}
		if status != want.status || !found {
			t.Errorf("%s: exit status %d, printed\n%s", line, status, r.printed)
		}
	}
}
