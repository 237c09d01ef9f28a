//go:build linux

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// This file runs the workflow that makes a release. Its programs and actions from elsewhere only say how they were called. The
// script that builds the files is another, which is quick: TestReleaseIsReproducible runs the real one.

// A releaseTest is a tag, and what the workflow does.
type releaseTest struct {
	tag    string
	sums   string // that the tagged commit has
	state  string // what gh says of the release: true for a draft, false for one that is out; empty: there is none
	fails  bool
	called []string // how programs were called, in this order; each is a regular expression
	never  string
}

const builtSums = "# made\n12  seedpack_linux_amd64\n"

var releaseTests = map[string]releaseTest{
	"release": {"v1.2.3", builtSums, "", false, []string{
		`^actions/attest-build-provenance SUBJECT-PATH=dist/\*$`,
		`^gh release create v1\.2\.3 dist/release\.sums dist/seedpack_linux_amd64 --draft --verify-tag --latest --title v1\.2\.3 --notes-file notes\.md$`,
		`^notes: What is new\.$`,
		`^gh release edit v1\.2\.3 --draft=false --latest$`,
		`^gh api -X PATCH repos/\S+/git/refs/tags/v1 -f sha=[0-9a-f]{40} -F force=true$`,
		`^docker login ghcr\.io --username \S* ?--password-stdin <hidden$`,
		`^docker buildx create --name seedpack-release --driver docker-container$`,
		`^docker buildx build .*--platform linux/amd64,linux/arm64 --push .*--build-arg BUILDKIT=v[0-9.]+ .*--tag ghcr\.io/seedpack/seedpack:1\.2\.3 --tag ghcr\.io/seedpack/seedpack:1 --tag ghcr\.io/seedpack/seedpack:1\.2 --tag ghcr\.io/seedpack/seedpack:latest dist$`,
		`^docker buildx rm seedpack-release$`,
	}, `^gh api -X POST`},
	"pre-release": {"v2.0.0-rc.1", builtSums, "", false, []string{
		`^gh release create v2\.0\.0-rc\.1 .* --draft --verify-tag --prerelease `,
		`^gh release edit v2\.0\.0-rc\.1 --draft=false --prerelease$`,
		`^docker buildx build .*--tag ghcr\.io/seedpack/seedpack:2\.0\.0-rc\.1 dist$`,
	}, `^gh api|:latest|--latest`},
	"again after a draft": {"v1.2.3", builtSums, "true", false, []string{
		`^gh release upload v1\.2\.3 dist/release\.sums dist/seedpack_linux_amd64 --clobber$`, `^gh release edit v1\.2\.3 --draft=false`, `^docker buildx build `,
	}, `^gh release create`},
	"again after the release": {"v1.2.3", builtSums, "false", false, []string{`^gh release edit v1\.2\.3 --draft=false`, `^docker buildx build `},
		`^gh release (create|upload)`},
	"other sums":             {"v1.2.3", "# made\n13  seedpack_linux_amd64\n", "", true, nil, `^(gh|docker|actions/attest)`},
	"no section in the list": {"v1.2.4", builtSums, "", true, []string{`^actions/attest`}, `^(gh|docker)`},
}

// TestReleaseWorkflow proves that a release is a draft before it is public, that its files are those of the tagged commit, that tags
// move only then, and that a run which broke off can be run again.
func TestReleaseWorkflow(t *testing.T) {
	t.Parallel()
	for name, tt := range releaseTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			succeeded, calls, log := runRelease(t, tt)
			if succeeded == tt.fails {
				t.Errorf("succeeded: %t", succeeded)
			}
			rest := calls
			for _, want := range tt.called {
				at := regexp.MustCompile("(?m)" + want).FindStringIndex(rest)
				if at == nil {
					t.Errorf("not called, or too early: %s", want)
					continue
				}
				rest = rest[at[1]:]
			}
			if bad := regexp.MustCompile("(?m)" + tt.never).FindString(calls); bad != "" {
				t.Errorf("called: %s", bad)
			}
			if t.Failed() {
				t.Logf("calls:\n%s\nlog:\n%s", calls, log)
			}
		})
	}
}

// runRelease runs the workflow of releases for a tag. It returns how programs and actions were called, a line each.
func runRelease(t *testing.T, tt releaseTest) (succeeded bool, calls, log string) {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir(), home: t.TempDir()}
	called := filepath.Join(r.home, "stand-ins")
	workflow := readText(t, ".github/workflows/release.yml")
	for name, text := range map[string]string{
		".github/workflows/release.yml": workflow, "setup/package/image.sh": readText(t, "setup/package/image.sh"),
		"pack/engine/buildkitd/go.mod.txt": readText(t, "pack/engine/buildkitd/go.mod.txt"), "go.mod": "module x\n\ngo 1.26\n",
		"setup/release.sh": "#!/bin/sh\nset -eu\nmkdir -p \"$2\"\necho \"$1\" >\"$2/seedpack_linux_amd64\"\nprintf '" + strings.ReplaceAll(builtSums, "\n", `\n`) + "' >\"$2/release.sums\"\n",
		"release.sums":     tt.sums,
		"CHANGELOG.md":     "# Changes\n\n## 2.0.0-rc.1\n\nTo try.\n\n## 1.2.3\n\nWhat is new.\n\n## 1.2.2\n\nOld.\n",
	} {
		path := filepath.Join(r.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		writeProgram(t, path, text)
	}
	bin := t.TempDir()
	writeProgram(t, filepath.Join(bin, "gh"), fmt.Sprintf(`#!/bin/sh
case "$1 $2" in
"release view") if [ -n "%s" ]; then echo "%[1]s"; exit 0; fi; echo "release not found" >&2; exit 1 ;;
esac
echo "gh $*" >>"%[2]s"
[ "$2" != create ] || sed '/^$/d;s/^/notes: /' notes.md >>"%[2]s"
`, tt.state, called))
	writeProgram(t, filepath.Join(bin, "docker"), fmt.Sprintf(`#!/bin/sh
case $1 in
login) read -r password; echo "docker $* <$password" >>"%s" ;;
*) echo "docker $*" >>"%[1]s" ;;
esac
`, called))
	for path, text := range map[string]string{called: "", filepath.Join(r.home, "event.json"): `{"ref": "refs/tags/` + tt.tag + `"}`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.git()
	args := []string{"push", "-P", "ubuntu-24.04=-self-hosted", "--no-cache-server", "--json", "-e", filepath.Join(r.home, "event.json"), "--secret", "GITHUB_TOKEN=hidden",
		"--action-cache-path", filepath.Join(r.home, "actions"), "--env", "STAND_IN_LOG=" + called, "--env", "HOME=" + r.home,
		"--env", "GITHUB_REF=refs/tags/" + tt.tag, "--env", "GITHUB_REF_NAME=" + tt.tag, "--env", "GITHUB_REF_TYPE=tag"}
	for _, m := range regexp.MustCompile(`uses: (actions/[a-z-]+)@([0-9a-f]{40})`).FindAllStringSubmatch(workflow, -1) {
		if m[1] != "actions/checkout" {
			args = append(args, "--local-repository", m[1]+"@"+m[2]+"="+r.standIn(m[1]))
		}
	}
	cmd := exec.Command(needs.Variable(t, "SEEDPACK_TEST_ACT"), args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "HOME="+r.home, "XDG_CACHE_HOME="+filepath.Join(r.home, "cache"), "PATH="+bin+":"+os.Getenv("PATH"))
	out, _ := cmd.Output() // some cases are about a failing workflow
	w := parseAct(t, out)
	return w.succeeded, readText(t, called), w.log
}
