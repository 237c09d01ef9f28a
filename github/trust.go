package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
)

// IsRelease reports whether --push=auto publishes: for a tag or a release in CI, never for a pull request.
func IsRelease(getenv func(string) string) bool {
	switch event := getenv("GITHUB_EVENT_NAME"); {
	case strings.HasPrefix(event, "pull_request"):
		return false
	case event == "release":
		return true
	case event != "":
		return getenv("GITHUB_REF_TYPE") == "tag" || strings.HasPrefix(getenv("GITHUB_REF"), "refs/tags/")
	}
	return getenv("CI_COMMIT_TAG") != "" // GitLab
}

// A githubEvent is why a workflow runs.
type githubEvent struct {
	Repository  githubRepository `json:"repository"`
	PullRequest *struct {
		Head, Base struct {
			Repo *githubRepository `json:"repo"` // nil once a fork is deleted
		}
	} `json:"pull_request"`
	WorkflowRun *struct {
		HeadRepository *githubRepository `json:"head_repository"`
	} `json:"workflow_run"`
}

type githubRepository struct {
	FullName string `json:"full_name"`
}

// A trust says whether the code in the workspace may be published.
type trust int

const (
	trusted              trust = iota
	untrusted                  // a fork's pull request, which has no secrets: it is tried, not published
	untrustedWithSecrets       // a fork's code in a workflow that has secrets: publishing it would give it them
)

// trustOf reports whose code this run is about. If that is unknown, the code is not trusted.
func trustOf(getenv func(string) string) (trust, error) {
	kind := getenv("GITHUB_EVENT_NAME")
	if !strings.HasPrefix(kind, "pull_request") && kind != "workflow_run" {
		return trusted, nil
	}
	distrust := untrusted
	if kind == "pull_request_target" || kind == "workflow_run" {
		distrust = untrustedWithSecrets
	}
	var event githubEvent
	text, err := disk.ReadFile(getenv("GITHUB_EVENT_PATH"), maxEvent)
	if err == nil {
		err = json.Unmarshal(text, &event)
	}
	if err != nil {
		return distrust, fmt.Errorf("read the event that this run is for: %w", err)
	}
	if event.ours(getenv("GITHUB_REPOSITORY")) {
		return trusted, nil
	}
	return distrust, nil
}

// maxEvent is more than an event has.
const maxEvent = 64 << 20

// ours reports whether the code of the event was pushed to this repository itself.
func (e *githubEvent) ours(repository string) bool {
	if e.Repository.FullName != "" {
		repository = e.Repository.FullName
	}
	var head *githubRepository
	switch {
	case e.PullRequest != nil:
		head = e.PullRequest.Head.Repo
		if base := e.PullRequest.Base.Repo; base != nil && base.FullName != "" {
			repository = base.FullName
		}
	case e.WorkflowRun != nil:
		head = e.WorkflowRun.HeadRepository
	}
	return head != nil && head.FullName != "" && strings.EqualFold(head.FullName, repository)
}

var errForeignHead = errors.New("what a fork wrote is not published from a workflow that has this repository's secrets\n" +
	"run on pull_request, which has none, or set push to false")

// forkNotice is what to tell the user of a pull request that is tried, not published.
const forkNotice = "this is a pull request of a fork: it is tried, and nothing is published"

// MayPush returns push, unless what would be published is not to be trusted. The notice is empty if there is none.
func MayPush(getenv func(string) string, push bool) (may bool, notice string, err error) {
	t, unknown := trustOf(getenv)
	switch {
	case t == trusted, t == untrustedWithSecrets && !push:
		return push, "", nil
	case t == untrustedWithSecrets && unknown != nil:
		return false, "", exit.Usagef("whose code this run is about could not be found out, so it is not published from a workflow that may have secrets: %w\nset push to false", unknown)
	case t == untrustedWithSecrets:
		return false, "", exit.Usage(errForeignHead)
	case unknown != nil:
		return false, fmt.Sprintf("whose code this run is about could not be found out, so it is tried, and nothing is published: %v", unknown), nil
	}
	return false, forkNotice, nil
}
