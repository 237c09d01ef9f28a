//go:build linux

package e2e_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"
)

// This file lets act send events of GitHub to a workflow, and looks at what the action would publish.

// A sentEvent is an event with what two steps decide: one with push: auto, and one with push: true.
type sentEvent struct {
	name, ref, payload string
	moved              bool   // the workspace is at another commit than GITHUB_SHA
	auto, asked        string // published, tried or refused
}

const (
	tagRef    = "refs/tags/v1.0.0"
	branchRef = "refs/heads/main"
)

// sentEvents are those that act can send, and that differ in what is done.
var sentEvents = map[string]sentEvent{
	"branch":            {"push", branchRef, `{"ref": "refs/heads/main"}`, false, "tried", "published"},
	"tag":               {"push", tagRef, `{"ref": "refs/tags/v1.0.0"}`, false, "published", "published"},
	"tag deleted":       {"push", tagRef, `{"ref": "refs/tags/v1.0.0", "deleted": true}`, false, "tried", "published"},
	"release":           {"release", tagRef, releaseEvent, false, "published", "published"},
	"release deleted":   {"release", tagRef, `{"action": "deleted", "release": {"tag_name": "v1.0.0"}}`, false, "tried", "published"},
	"pull request":      {"pull_request", "refs/pull/1/merge", pullEvent, false, "tried", "published"},
	"fork":              {"pull_request", "refs/pull/1/merge", forkEvent, false, "tried", "tried"},
	"fork with secrets": {"pull_request_target", branchRef, forkEvent, false, "tried", "refused"},
	"merge group":       {"merge_group", "refs/heads/gh-readonly-queue/main/pr-1", `{"action": "checks_requested"}`, false, "tried", "tried"},
	"comment":           {"issue_comment", branchRef, `{"action": "created", "issue": {"number": 7}, "comment": {"body": "/publish"}}`, false, "tried", "published"},
	"comment elsewhere": {"issue_comment", branchRef, `{"action": "created", "issue": {"number": 7, "pull_request": {}}}`, true, "tried", "refused"},
	"dispatch":          {"repository_dispatch", branchRef, `{"action": "publish"}`, true, "tried", "refused"},
	"by hand":           {"workflow_dispatch", tagRef, `{"inputs": {}}`, false, "published", "published"},
}

// eventWorkflow asks twice what would be done. A dry run needs no builder.
const eventWorkflow = `on: [push, release, pull_request, pull_request_target, merge_group, issue_comment, repository_dispatch, workflow_dispatch]
jobs:
  seed:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      MOVE
      - id: auto
        uses: seedpack/seedpack@v1
        with: {path: random-number, dry-run: true, registry: HOST/act-events}
      - run: echo "decided auto ${{ steps.auto.outcome }} ${{ fromJSON(steps.auto.outputs.result).images[0].plan.push }};"
      - id: asked
        if: always()
        continue-on-error: true
        uses: seedpack/seedpack@v1
        with: {path: random-number, dry-run: true, push: true, registry: HOST/act-events}
      - run: echo "decided asked ${{ steps.asked.outcome }} ${{ steps.asked.outputs.result && fromJSON(steps.asked.outputs.result).images[0].plan.push }};"
`

// TestActionEvents proves that act's events publish what the table of the docs says, and nothing else.
func TestActionEvents(t *testing.T) {
	t.Parallel()
	registry, program := needs.Variable(t, "SEEDPACK_TEST_REGISTRY"), buildProgram(t)
	for name, e := range sentEvents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, program, "testdata/jobs/random-number")
			r.event, r.ref, r.payload = e.name, e.ref, e.payload
			move := ""
			if e.moved {
				move = "      - run: git -c user.name=A -c user.email=a@example.com commit -q --allow-empty -m 'a pull request'\n"
			}
			r.text = strings.NewReplacer("HOST", registry, "      MOVE\n", move).Replace(eventWorkflow)
			w := r.run()
			what := map[string]string{"success ": "tried", "failure ": "refused", "success " + registry + "/act-events/" + randomSeed: "published"}
			for step, want := range map[string]string{"auto": e.auto, "asked": e.asked} {
				m := regexp.MustCompile(`echo "decided ` + step + ` ([^{};"]*);"`).FindStringSubmatch(w.log)
				if m == nil || what[m[1]] != want {
					t.Errorf("%s: %q, want %s\n%s", step, m, want, w.log)
				}
			}
		})
	}
}
