package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
)

// IsRelease reports whether --push=auto publishes: for a tag or a release in CI, never for a pull request, and never for what
// takes a tag or a release back. If the event cannot be read, it is no release, and the notice says why.
func IsRelease(getenv func(string) string) (release bool, notice string) {
	name := getenv("GITHUB_EVENT_NAME")
	if name == "" {
		return getenv("CI_COMMIT_TAG") != "", "" // GitLab
	}
	auto := eventNamed(name).Auto
	isTag := getenv("GITHUB_REF_TYPE") == "tag" || strings.HasPrefix(getenv("GITHUB_REF"), "refs/tags/")
	if auto == AutoNever || auto == AutoTag && !isTag {
		return false, ""
	}
	event, err := readEvent(getenv)
	switch {
	case err != nil:
		return false, fmt.Sprintf("%v\nso it is not known whether this run takes a tag or a release back: it is tried, and nothing is published", err)
	case event.Deleted || event.After != "" && strings.Trim(event.After, "0") == "":
		return false, "this run is for a tag that was deleted: the job is tried, and nothing is published"
	case auto == AutoReleased && event.Action == "":
		return false, "the event does not say whether the release comes out or is taken back: the job is tried, and nothing is published"
	case auto == AutoReleased && !slices.Contains(releaseActions, event.Action):
		return false, fmt.Sprintf("this run is for a release that was %s: the job is tried, and nothing is published", event.Action)
	case auto == AutoReleased && event.Release.Draft:
		return false, "this run is for the draft of a release: the job is tried, and nothing is published"
	}
	return true, ""
}

// A githubEvent is why a workflow runs.
type githubEvent struct {
	Action  string `json:"action"`
	Deleted bool   `json:"deleted"` // the branch or tag of a push
	After   string `json:"after"`   // its commit; all zeros if it was deleted
	Release struct {
		Draft bool `json:"draft"`
	} `json:"release"`
	Repository  githubRepository `json:"repository"`
	PullRequest *struct {
		Head, Base struct {
			SHA  string            `json:"sha"`
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
	event, err := readEvent(getenv)
	if err != nil {
		return distrust, err
	}
	if event.ours(getenv("GITHUB_REPOSITORY")) {
		return trusted, nil
	}
	return distrust, nil
}

func readEvent(getenv func(string) string) (*githubEvent, error) {
	var event *githubEvent
	path, err := getenv("GITHUB_EVENT_PATH"), errors.New("GITHUB_EVENT_PATH is not set")
	if path != "" {
		var text []byte
		if text, err = disk.ReadFile(path, maxEvent); err == nil {
			err = json.Unmarshal(text, &event)
		}
	}
	if err == nil && event == nil {
		err = fmt.Errorf("%s is empty", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the event that this run is for: %w", err)
	}
	return event, nil
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

// mergeGroupNotice is what to tell the user of a merge queue.
const mergeGroupNotice = "this is a merge group: it is tried, and nothing is published before it is merged"

// MayPush returns push, unless what would be published is not to be trusted. The notice is empty if there is none. AtCommit
// returns an error if the workspace is not known to be at a commit or at one of its ancestors. It is called for events that
// a stranger can cause.
func MayPush(getenv func(string) string, push bool, atCommit func(commit string) error) (may bool, notice string, err error) {
	t, unknown := trustOf(getenv)
	event := eventNamed(getenv("GITHUB_EVENT_NAME"))
	switch {
	case t == trusted && push && event.Never:
		return false, mergeGroupNotice, nil
	case t == trusted && push && event.Name != "" && event.Stranger:
		return ownCommit(getenv, event.Name, atCommit)
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

// ownCommit lets a run publish if the workspace is at the commit that GitHub vouches for, or at one of its ancestors.
func ownCommit(getenv func(string) string, event string, atCommit func(string) error) (bool, string, error) {
	sha, err := getenv("GITHUB_SHA"), errors.New("GITHUB_SHA is not set")
	if sha != "" {
		err = atCommit(sha)
	}
	if err == nil {
		return true, "", nil
	}
	return false, "", exit.Usagef("on %s, which anyone can cause, only a commit of this repository's own history is published: %w\n"+
		"publish from push or release, check out GITHUB_SHA or a commit before it with fetch-depth: 0, or set push to false", event, err)
}
