package github

import "slices"

// An Event is what a workflow can run on, and what Seedpack does then.
type Event struct {
	Name string
	// Auto says when --push=auto publishes.
	Auto Auto
	// Stranger says that someone without write access can cause the event, in a workflow that has secrets or may have
	// them. Then nothing is published unless the workspace is at a commit of GITHUB_SHA's history.
	Stranger bool
	// Never says that nothing is published whatever the input push says.
	Never bool
	// Why is for the table in the docs.
	Why string
}

// Auto says when --push=auto publishes.
type Auto int

const (
	AutoNever    Auto = iota // it publishes nothing
	AutoTag                  // the event is about a tag that is there
	AutoReleased             // a release that is published, not one that is edited, unpublished or deleted
)

// String returns the words of the docs.
func (a Auto) String() string {
	return [...]string{"nothing", "a tag that is not deleted", "a release that comes out"}[a]
}

// releaseActions are the activities that put a release out. The others change a release or take it back.
var releaseActions = []string{"published", "released", "prereleased", "created"}

const (
	writers  = "only people who may write here cause it"
	comment  = "anyone can write one, and such a workflow often checks out a pull request"
	byApps   = "an app may cause it for a commit of a fork"
	noCommit = "anyone can cause it, and it is about no commit"
)

var events = []Event{
	{Name: "branch_protection_rule", Why: writers},
	{Name: "check_run", Stranger: true, Why: byApps},
	{Name: "check_suite", Stranger: true, Why: byApps},
	{Name: "create", Auto: AutoTag, Why: writers},
	{Name: "delete", Why: "it takes a branch or a tag back"},
	{Name: "deployment", Why: writers},
	{Name: "deployment_status", Why: writers},
	{Name: "discussion", Stranger: true, Why: comment},
	{Name: "discussion_comment", Stranger: true, Why: comment},
	{Name: "fork", Stranger: true, Why: noCommit},
	{Name: "gollum", Stranger: true, Why: "a wiki may be open to anyone"},
	{Name: "image_version", Why: writers},
	{Name: "issue_comment", Stranger: true, Why: comment},
	{Name: "issues", Stranger: true, Why: comment},
	{Name: "label", Why: writers},
	{Name: "merge_group", Never: true, Why: "the group is tried, and may still be thrown away; the push to the branch follows"},
	{Name: "milestone", Why: writers},
	{Name: "page_build", Why: writers},
	{Name: "project", Why: writers},
	{Name: "project_card", Why: writers},
	{Name: "project_column", Why: writers},
	{Name: "public", Why: writers},
	{Name: "pull_request", Why: "that of a fork has no secrets: it is tried, and never published"},
	{Name: "pull_request_review", Stranger: true, Why: "anyone can write one; that of a fork is never published"},
	{Name: "pull_request_review_comment", Stranger: true, Why: "anyone can write one; that of a fork is never published"},
	{Name: "pull_request_target", Stranger: true, Why: "it has secrets; the code of a fork is refused"},
	{Name: "push", Auto: AutoTag, Why: writers},
	{Name: "registry_package", Why: "publishing an image causes it, so that it would run without end"},
	{Name: "release", Auto: AutoReleased, Why: writers},
	{Name: "repository_dispatch", Stranger: true, Why: "what it is about comes from another system, often from a comment"},
	{Name: "schedule", Why: "it runs on the default branch"},
	{Name: "status", Stranger: true, Why: byApps},
	{Name: "watch", Stranger: true, Why: noCommit},
	{Name: "workflow_call", Why: "never seen: a called workflow has the event of its caller, which counts"},
	{Name: "workflow_dispatch", Auto: AutoTag, Why: writers},
	{Name: "workflow_run", Stranger: true, Why: "it has secrets; the code of a fork is refused"},
}

// Events returns all events that GitHub documents, by name.
func Events() []Event { return slices.Clone(events) }

// eventNamed returns what is known of an event. One that is not known may be a stranger's.
func eventNamed(name string) Event {
	if i := slices.IndexFunc(events, func(e Event) bool { return e.Name == name }); i >= 0 {
		return events[i]
	}
	return Event{Name: name, Stranger: true}
}
