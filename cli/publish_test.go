package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A user hears why a fork's pull request publishes nothing, and only if a job is there to publish.
func TestForkNotice(t *testing.T) {
	t.Parallel()
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(`{"pull_request": {"head": {"repo": {"full_name": "stranger/fork"}}, "base": {"repo": {"full_name": "owner/repository"}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": event, "GITHUB_REPOSITORY": "owner/repository"}
	const notice = "this is a pull request of a fork: it is tried, and nothing is published\n"
	for _, tt := range []struct {
		args   []string
		status int
		said   bool
	}{
		{[]string{"../testdata/jobs/random-number", "--registry", "localhost:1/x", "--push"}, 0, true},
		{[]string{"../testdata/jobs/random-number"}, 0, false},
		{[]string{"../testdata/none", "--registry", "localhost:1/x", "--push"}, 2, false},
	} {
		var stdout, stderr bytes.Buffer
		p := Process{Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string { return env[name] }}
		status := Run(t.Context(), append([]string{"pack", "--dry-run"}, tt.args...), p)
		if status != tt.status || strings.Contains(stderr.String(), notice) != tt.said || strings.Contains(stdout.String(), "  push ") {
			t.Errorf("%q: status %d, want %d\n%s%s", tt.args, status, tt.status, &stdout, &stderr)
		}
	}
}

// On an event that a stranger can cause, every work tree that an image is made from must be at GITHUB_SHA or before it.
func TestStrangersCheckout(t *testing.T) {
	t.Parallel()
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			http.NotFound(w, r)
		}
	}))
	defer empty.Close()
	own, foreign := t.TempDir(), t.TempDir()
	sha := commitJob(t, own)
	commitJob(t, foreign)
	none := t.TempDir()
	if err := os.CopyFS(none, os.DirFS("../testdata/jobs/random-number")); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(own, "linked")
	if err := os.Symlink(foreign, link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		workspace, sha string
		args           []string
		status         int
	}{
		{own, sha, []string{own}, 0},
		{"", sha, []string{own}, 0},
		{own, strings.Repeat("1", 40), []string{own}, 2},
		{own, "", []string{own}, 2},
		{own, sha, []string{foreign}, 2},
		{own, sha, []string{link}, 2},
		{foreign, sha, []string{own}, 2},
		{own, sha, []string{own, "--context", foreign}, 2},
		{own, sha, []string{own, "--file", filepath.Join(foreign, "Dockerfile")}, 2},
		{own, sha, []string{own, "--build-context", "x=" + foreign}, 2},
		{none, sha, []string{none}, 2},
	} {
		env := map[string]string{"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_SHA": tt.sha, "GITHUB_WORKSPACE": tt.workspace}
		var stdout, stderr bytes.Buffer
		p := Process{Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string { return env[name] }}
		status := Run(t.Context(), append([]string{"pack", "--dry-run", "--registry", strings.TrimPrefix(empty.URL, "http://"), "--push"}, tt.args...), p)
		if status != tt.status || status != 0 && !strings.Contains(stderr.String(), "only a commit of this repository's own history is published") {
			t.Errorf("%+v: status %d\n%s%s", tt, status, &stdout, &stderr)
		}
	}
}

// commitJob commits a job to a new repository. It returns the commit.
func commitJob(t *testing.T, dir string) string {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS("../testdata/jobs/random-number")); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, args := range []string{"init -q", "add .", "-c user.name=x -c user.email=x@example.com commit -q -m " + filepath.Base(filepath.Dir(dir)) + filepath.Base(dir), "rev-parse HEAD"} {
		cmd := exec.Command("git", append([]string{"-C", dir}, strings.Fields(args)...)...)
		var err error
		if out, err = cmd.CombinedOutput(); err != nil {
			t.Skipf("%v\n%s", err, out)
		}
	}
	return strings.TrimSpace(string(out))
}

// A name or a label that cannot be shown, because its findings cannot, is a failure and no finding.
func TestUnwritableFindings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seed.manifest.json"), []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"name", "label"} {
		p := Process{Stdout: &bytes.Buffer{}, Stderr: fullDisk{}, Getenv: func(string) string { return "" }}
		if status := Run(t.Context(), []string{command, dir}, p); status != 3 {
			t.Errorf("%s: status %d", command, status)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrInvalid }
