package cli

import (
	"bytes"
	"os"
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
