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
		{"review of our own", "pull_request_review", pull(own), "true"},
		{"merge group", "merge_group", "{}", "false"},
		{"after our own run", "workflow_run", after(own), "true"},
		{"after a fork's run", "workflow_run", after(fork), refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"GITHUB_EVENT_NAME": tt.event, "GITHUB_REPOSITORY": "owner/repository", "GITHUB_SHA": "1"}
			own := func(string) error { return nil }
			if tt.payload != "" {
				env["GITHUB_EVENT_PATH"] = filepath.Join(t.TempDir(), "event.json")
				if err := os.WriteFile(env["GITHUB_EVENT_PATH"], []byte(tt.payload), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			getenv := func(name string) string { return env[name] }
			may, notice, err := MayPush(getenv, true, own)
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
			if readable := tt.payload != ""; tt.event != "merge_group" && got != "true" && (unknown == readable || readable != (notice == forkNotice || errors.Is(err, errForeignHead))) {
				t.Errorf("it is said: %s", said)
			}
			if tt.event == "merge_group" && notice != mergeGroupNotice {
				t.Errorf("it is said: %s", said)
			}
			if may, _, err := MayPush(getenv, false, own); may || err != nil {
				t.Errorf("who does not ask gets %v, %v", may, err)
			}
		})
	}
}

// TestEvents goes through all events: whether auto publishes, and whether a checkout that is not GITHUB_SHA is published.
func TestEvents(t *testing.T) {
	t.Parallel()
	foreign := errors.New("another commit")
	for _, e := range append(Events(), Event{Name: "an_event_of_next_year", Stranger: true}) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "event.json")
			env := map[string]string{"GITHUB_EVENT_NAME": e.Name, "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "1", "GITHUB_EVENT_PATH": path}
			getenv := func(name string) string { return env[name] }
			own := `"repository": {"full_name": "o/r"}, "pull_request": {"head": {"repo": {"full_name": "o/r"}}}`
			if e.Name == "workflow_run" {
				own = `"repository": {"full_name": "o/r"}, "workflow_run": {"head_repository": {"full_name": "o/r"}}`
			}
			write := func(text string) {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("{" + own + "}")
			may, _, err := MayPush(getenv, true, func(string) error { return nil })
			if may == e.Never || err != nil {
				t.Errorf("at GITHUB_SHA: %v, %v", may, err)
			}
			may, _, err = MayPush(getenv, true, func(string) error { return foreign })
			if may != (!e.Stranger && !e.Never) || e.Stranger != errors.Is(err, foreign) {
				t.Errorf("at another commit: %v, %v", may, err)
			}
			delete(env, "GITHUB_SHA")
			if may, _, err := MayPush(getenv, true, func(string) error { return nil }); e.Stranger && (may || err == nil) {
				t.Errorf("without GITHUB_SHA: %v, %v", may, err)
			}
			checkAuto(t, e, env, write)
		})
	}
}

// checkAuto sends an event about a branch, about a tag, and about a tag or a release that is taken back.
func checkAuto(t *testing.T, e Event, env map[string]string, write func(string)) {
	t.Helper()
	read := env["GITHUB_EVENT_PATH"]
	for _, path := range []string{"", read + ".gone"} {
		env["GITHUB_REF"], env["GITHUB_EVENT_PATH"] = "refs/tags/v1", path
		got, notice := IsRelease(func(name string) string { return env[name] })
		if got || e.Auto != AutoNever && !strings.Contains(notice, "nothing is published") {
			t.Errorf("auto with the event %q: %v, %q", path, got, notice)
		}
	}
	env["GITHUB_EVENT_PATH"] = read
	for _, tt := range []struct {
		ref, payload string
		want         bool
	}{
		{"refs/heads/main", `{"action": "published"}`, e.Auto == AutoReleased},
		{"refs/tags/v1", `{}`, e.Auto == AutoTag},
		{"refs/tags/v1", `{"after": "0000000000000000000000000000000000000000"}`, false},
		{"refs/tags/v1", `{"after": "5c5e0ba1b0d2fbf3e1b1a7f0f1d1e0a9c8b7a695"}`, e.Auto == AutoTag},
		{"refs/tags/v1", `{"action": "created", "release": {"draft": true}}`, e.Auto == AutoTag},
		{"refs/tags/v1", `{"action": "released", "release": {"draft": false}}`, e.Auto != AutoNever},
		{"refs/tags/v1", `{"action": ["published"]}`, false},
		{"refs/tags/v1", `null`, false},
		{"refs/tags/v1", `[]`, false},
		{"refs/tags/v1", ``, false},
		{"refs/tags/v1", `{"deleted": true, "after": "0000000000000000000000000000000000000000"}`, false},
		{"refs/tags/v1", `{"action": "published"}`, e.Auto != AutoNever},
		{"refs/tags/v1", `{"action": "deleted"}`, e.Auto == AutoTag},
		{"refs/tags/v1", `{"action": "unpublished"}`, e.Auto == AutoTag},
		{"refs/tags/v1", `{"action": "edited"}`, e.Auto == AutoTag},
		{"refs/tags/v1", `not json`, false},
	} {
		env["GITHUB_REF"] = tt.ref
		write(tt.payload)
		got, notice := IsRelease(func(name string) string { return env[name] })
		if got != tt.want {
			t.Errorf("auto for %s with %s: %v", tt.ref, tt.payload, got)
		}
		if silent := got || e.Auto == AutoNever || tt.ref != "refs/tags/v1"; silent != (notice == "") {
			t.Errorf("auto for %s with %s says %q", tt.ref, tt.payload, notice)
		}
	}
}
