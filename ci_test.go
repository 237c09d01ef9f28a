package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who may publish: what a fork wrote is tried where there are no secrets, and refused where there are.
func TestMayPush(t *testing.T) {
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
			env := map[string]string{"GITHUB_EVENT_NAME": tt.event, "GITHUB_REPOSITORY": "owner/repository"}
			if tt.payload != "" {
				env["GITHUB_EVENT_PATH"] = filepath.Join(t.TempDir(), "event.json")
				if err := os.WriteFile(env["GITHUB_EVENT_PATH"], []byte(tt.payload), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var said bytes.Buffer
			p := &program{stderr: &said, getenv: func(name string) string { return env[name] }}
			may, err := p.mayPush(true)
			got := map[bool]string{true: "true", false: "false"}[may]
			if err != nil {
				got = refused
			}
			if got != tt.want || (got == "false") != strings.Contains(said.String(), "fork") {
				t.Errorf("%s, %v, %q, want %s", got, err, said.String(), tt.want)
			}
			if may, err := p.mayPush(false); may || err != nil {
				t.Errorf("who does not ask gets %v, %v", may, err)
			}
		})
	}
}

func TestCaseEnv(t *testing.T) {
	env := caseEnv(func(name string) string { return "value of " + name })
	for name, want := range map[string]string{
		"DB_PASS": "value of DB_PASS", "ACTIONS_RUNTIME_TOKEN": "", "actions_id_token_request_token": "", "INPUT_SECRETS": "", "SEEDPACK_SECRET_1": "",
	} {
		if got := env(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestSecretArgs(t *testing.T) {
	file := dockerfileText{"Dockerfile", []byte("FROM scratch\nARG NPM_TOKEN=x\narg A B_KEY\n")}
	r := secretArgs(file, map[string]string{"NPM_TOKEN": "1", "B_KEY": "2", "PASSWORD": "3", "TOKENS": "4", "PUBLIC_KEY": "5", "KEYBOARD": "6", "EMPTY_TOKEN": ""})
	var got []string
	for i := range r.Diagnostics {
		d := &r.Diagnostics[i]
		at := r.Source.Position(d.Span.Start)
		got = append(got, strings.SplitN(d.Message, `"`, 3)[1]+" "+string(rune('0'+at.Line)))
	}
	if want := "B_KEY 3, NPM_TOKEN 2, PASSWORD 1"; strings.Join(got, ", ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}
