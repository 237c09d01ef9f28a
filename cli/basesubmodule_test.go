package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// A revision is one of the repository of the working directory. A job in a submodule is compared with the commit that the base has of
// it, and one in a new submodule is new. What is committed in a submodule, or changed there, is a change of it.
func TestBaseOfSubmodules(t *testing.T) {
	t.Parallel()
	dockerfile := "FROM scratch\nUSER 1\nCMD [\"/x\"]\n"
	inner, outer := checkout{t, t.TempDir()}, checkout{t, t.TempDir()}
	inner.git("init", "--quiet", "--initial-branch=main")
	inner.commit(map[string]string{"job/seed.manifest.json": basedJob, "job/Dockerfile": dockerfile, "job/run.sh": "1"})
	outer.git("init", "--quiet", "--initial-branch=main")
	outer.commit(map[string]string{"a/seed.manifest.json": strings.Replace(basedJob, "tiler", "other", 1), "a/Dockerfile": dockerfile})
	outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.dir, "sub")
	base := outer.commit(nil)
	sub := checkout{t, filepath.Join(outer.dir, "sub")}
	want := func(step, listed, found string) {
		t.Helper()
		for _, tt := range []struct {
			says string
			args []string
		}{{listed, []string{"list", "--format", "json"}}, {found, []string{"lint"}}} {
			var out bytes.Buffer
			args := append(tt.args, "--base", base, filepath.Join(outer.dir, "a"), filepath.Join(outer.dir, "sub", "job"))
			status := Run(t.Context(), args, Process{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
			if status != 0 || !strings.Contains(out.String(), tt.says) {
				t.Errorf("%s, %q: status %d, want %q\n%s", step, args, status, tt.says, out.String())
			}
		}
	}
	one := `"count":1,"matrix":{"include":[{"path":"` + filepath.Join(outer.dir, "sub", "job") + `"`
	want("nothing", `"count":0`, "linted 2 jobs: 2 manifests, 2 Dockerfiles\n")
	sub.write(map[string]string{"job/run.sh": "2"})
	want("changed", one, `packageVersion is still 1.0.0 since `+base)
	sub.commit(nil)
	outer.commit(nil)
	want("committed", one, `the files that the image is built from differ: changed: "run.sh"`)
	base = outer.git("rev-parse", "HEAD")
	want("the base has it", `"count":0`, "linted 2 jobs")
	base = outer.git("rev-parse", "HEAD~2")
	want("the submodule is new", one, "linted 2 jobs")
}
