package cli

import (
	"bytes"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

const basedJob = `{"seedVersion": "1.0.0", "job": {"name": "tiler", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "Tiles",
 "description": "Makes tiles.", "maintainer": {"name": "John Doe", "email": "jdoe@example.com"}, "timeout": 60,
 "resources": {"scalar": [{"name": "cpus", "value": 1}, {"name": "mem", "value": 64}, {"name": "disk", "value": 1}]}}}`

// A checkout is a directory of files, which may be a work tree.
type checkout struct {
	t   *testing.T
	dir string
}

func (c checkout) write(files map[string]string) {
	c.t.Helper()
	for name, text := range files {
		path := filepath.Join(c.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit commits files, and removes those without a text.
func (c checkout) commit(files map[string]string) string {
	c.t.Helper()
	for name, text := range files {
		if text == "" {
			delete(files, name)
			_ = os.Remove(filepath.Join(c.dir, name))
		}
	}
	c.write(files)
	c.git("add", "--all")
	c.git("commit", "--quiet", "--allow-empty", "--message", "change")
	return c.git("rev-parse", "HEAD")
}

// publishJob puts an image with a manifest into a new registry. It returns where that is.
func publishJob(t *testing.T, manifest, revision string) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://") + "/jobs"
	img, err := mutate.Config(empty.Image, v1.Config{Labels: map[string]string{seed.Label: manifest, pack.AttributePrefix + "revision": revision}})
	if err != nil {
		t.Fatal(err)
	}
	reference, err := pack.Name(seed.Parse([]byte(manifest)), host)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(reference)
	if err == nil {
		err = remote.Write(tag, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// A change cannot turn off its own gate, wherever the job is compared with: neither by severities nor by fail-on, and neither if no
// commit before it is known. What it makes stricter counts, and so does the command line.
func TestPolicyOfTheBase(t *testing.T) {
	t.Parallel()
	const off, raised, warns = "rules: {version-not-raised: off}\n", "rules: {version-not-raised: error}\n", "fail-on: warning\n"
	words, timeout := strings.Replace(basedJob, "Makes", "Makes many", 1), strings.Replace(basedJob, "60", "90", 1)
	for _, tt := range []struct {
		name          string
		before, after string // the policy file
		manifest      string // after
		args          []string
		known, built  int // the status if the merge base is known, or the commit of the image
		unknown       int // or neither
		says          string
	}{
		{"no policy", "", "", timeout, nil, 1, 1, 1, ""},
		{"turned off", "", off, timeout, nil, 1, 1, 1, `"version-not-raised: off" of the policy file does not count`},
		{"off before", off, off, timeout, nil, 0, 0, 1, `"version-not-raised: off" of the policy file does not count`},
		{"off before alone", off, "", timeout, nil, 0, 0, 1, ""},
		{"off by a pattern", "", "ignore: [{path: job, rules: version-not-raised, reason: none}]\n", timeout, nil, 1, 1, 1, "does not count"},
		{"by the command line", "", "", timeout, []string{"--rule", "version-not-raised=off"}, 0, 0, 0, ""},
		{"by the command line and the policy", "", off, timeout, []string{"--rule", "version-not-raised=off"}, 0, 0, 0, ""},
		{"only a warning", "", "", words, nil, 0, 0, 0, ""},
		{"made stricter", "", raised, words, nil, 0, 0, 1, ""},
		{"fails no more on warnings", warns, "", words, nil, 1, 1, 0, ""},
		{"fails on warnings now", "", warns, words, nil, 1, 1, 1, ""},
		{"by --fail-on", warns, warns, words, []string{"--fail-on", "error"}, 0, 0, 0, ""},
		{"no file", off, off, timeout, []string{"--config", "none"}, 1, 1, 1, ""},
		{"a named file", off, off, timeout, []string{"--config", ".seedpack.yaml"}, 0, 0, 1, "does not count"},
		{"a named file that changed", "", off, timeout, []string{"--config", ".seedpack.yaml"}, 1, 1, 1, "does not count"},
		{"a named file elsewhere", "", "", timeout, []string{"--config", "../elsewhere.yaml"}, 0, 0, 0, ""},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			origin := checkout{t, filepath.Join(t.TempDir(), "origin")}
			if err := os.MkdirAll(origin.dir, 0o755); err != nil {
				t.Fatal(err)
			}
			origin.git("init", "--quiet", "--initial-branch=main")
			first := origin.commit(map[string]string{"job/seed.manifest.json": basedJob, "job/Dockerfile": "FROM scratch\nUSER 1\nCMD [\"/x\"]\n", ".seedpack.yaml": tt.before})
			origin.git("checkout", "--quiet", "-b", "topic")
			origin.commit(map[string]string{"job/seed.manifest.json": tt.manifest, ".seedpack.yaml": tt.after})
			lint := func(dir, revision string, want int, says string) {
				t.Helper()
				checkout{t, filepath.Dir(dir)}.write(map[string]string{"elsewhere.yaml": off})
				args := []string{"lint", filepath.Join(dir, "job"), "--verbose", "--base", "published", "--registry", publishJob(t, basedJob, revision)}
				for _, arg := range tt.args {
					if strings.HasSuffix(arg, ".yaml") {
						arg = filepath.Join(dir, arg)
					}
					args = append(args, arg)
				}
				var out bytes.Buffer
				status := Run(t.Context(), args, Process{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
				if out := out.String(); status != want || says != "" && !strings.Contains(out, says) || says == "" && strings.Contains(out, "does not count") {
					t.Errorf("%s %q: status %d, want %d\n%s", filepath.Base(dir), args, status, want, out)
				}
			}
			lint(origin.dir, "", tt.known, "")
			bare, clone := checkout{t, filepath.Join(t.TempDir(), "bare")}, filepath.Join(t.TempDir(), "clone")
			origin.git("clone", "--quiet", "--bare", origin.dir, bare.dir)
			bare.git("symbolic-ref", "HEAD", "refs/heads/main")
			bare.git("clone", "--quiet", "--depth=1", "--branch=topic", "file://"+bare.dir, clone)
			lint(clone, first, tt.unknown, tt.says)
			origin.git("branch", "--quiet", "--delete", "--force", "main")
			lint(origin.dir, first, tt.built, "")
			lint(origin.dir, strings.Repeat("1", 40), tt.unknown, tt.says)
			if err := os.RemoveAll(filepath.Join(clone, ".git")); err != nil {
				t.Fatal(err)
			}
			if tt.name != "a named file elsewhere" { // without a repository it could be a part of the change
				lint(clone, "", tt.unknown, tt.says)
			}
		})
	}
}
