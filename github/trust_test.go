package github

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who may publish: what a fork wrote is tried where there are no secrets, and refused where there are.
func TestMayPush(t *testing.T) {
	t.Parallel()
	const (
		fork    = `{"full_name": "stranger/fork"}`
		own     = `{"full_name": "Owner/repository"}`
		refused = "refused"
	)
	pull := func(head string) string {
		return `{"repository": ` + own + `, "pull_request": {"head": {"repo": ` + head + `}, "base": {"repo": ` + own + `}}}`
	}
	after := func(head string) string {
		return `{"repository": ` + own + `, "workflow_run": {"head_repository": ` + head + `}}`
	}
	for _, tt := range []struct{ name, event, payload, want string }{
		{"none", "", "", "true"}, {"push", "push", "{}", "true"}, {"release", "release", "{}", "true"},
		{"own pull request", "pull_request", pull(own), "true"},
		{"pull request of a fork", "pull_request", pull(fork), "false"},
		{"pull request of a deleted fork", "pull_request", pull("null"), "false"},
		{"pull request without payload", "pull_request", "", "false"},
		{"target of our own", "pull_request_target", pull(own), "true"},
		{"target of a fork", "pull_request_target", pull(fork), refused},
		{"target of a deleted fork", "pull_request_target", pull("null"), refused},
		{"target with no payload", "pull_request_target", "", refused},
		{"target with half a payload", "pull_request_target", `{"pull_request": {"head": {}}}`, refused},
		{"review of a fork", "pull_request_review", pull(fork), "false"},
		{"after our own run", "workflow_run", after(own), "true"},
		{"after a fork's run", "workflow_run", after(fork), refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"GITHUB_EVENT_NAME": tt.event, "GITHUB_REPOSITORY": "owner/repository"}
			if tt.payload != "" {
				env["GITHUB_EVENT_PATH"] = filepath.Join(t.TempDir(), "event.json")
				if err := os.WriteFile(env["GITHUB_EVENT_PATH"], []byte(tt.payload), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			getenv := func(name string) string { return env[name] }
			may, notice, err := MayPush(getenv, true)
			got := map[bool]string{true: "true", false: "false"}[may]
			if err != nil {
				got = refused
			}
			if got != tt.want {
				t.Errorf("%s, %v, %q, want %s", got, err, notice, tt.want)
			}
			// An event that cannot be read is not called a fork's.
			said := fmt.Sprint(notice, err)
			unknown := strings.Contains(said, "could not be found out") && strings.Contains(said, "read the event that this run is for")
			if readable := tt.payload != ""; got != "true" && (unknown == readable || readable != (notice == forkNotice || errors.Is(err, errForeignHead))) {
				t.Errorf("it is said: %s", said)
			}
			if may, _, err := MayPush(getenv, false); may || err != nil {
				t.Errorf("who does not ask gets %v, %v", may, err)
			}
		})
	}
}
