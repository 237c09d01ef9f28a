package pack

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/seedpack/seedpack/pack/registry"
)

// A PushError is an image that was built and tried, and that the engine could not push. Nothing of it has a name.
type PushError struct {
	Repository string
	// Passing errors are those after which the same push may go well: a registry is busy, or a connection broke.
	Passing bool
	Hint    string
	Err     error
}

// Error has the hint on a line of its own.
func (e *PushError) Error() string {
	s := fmt.Sprintf("push to %s: %s", e.Repository, strings.TrimPrefix(lastCause(e.Err), "failed to push "+e.Repository+": "))
	return s + e.Hint
}

// Unwrap gives BuildKit's error.
func (e *PushError) Unwrap() error { return e.Err }

// limitPush is called once the gate has passed, and gives up exports that do not come to an end. The engine does not:
// where a registry says nothing any more, it waits.
func (b *build) limitPush(ctx context.Context, giveUp context.CancelCauseFunc) func() {
	return func() {
		if limit := b.request.PushTimeout; limit > 0 && b.request.Repository != "" {
			timer := time.AfterFunc(limit, func() {
				giveUp(fmt.Errorf("push to %s: not done within %s, given up\n--push-timeout lets it take longer", b.request.Repository, limit))
			})
			context.AfterFunc(ctx, func() { timer.Stop() })
		}
	}
}

// explain makes an error of the engine say what it is about.
func (b *build) explain(ctx context.Context, err error, log *buildLog) error {
	if context.Cause(ctx) == nil && strings.Contains(err.Error(), "failed to push ") {
		return pushFailed(b.request.Repository, err)
	}
	return explain(ctx, err, log, b.request.Dockerfile)
}

// refusal finds an answer that will be the same again. Of an answer that came to an engine no more than words come to us.
var refusal = regexp.MustCompile(`: (4\d\d) [A-Z]|(?i:denied: |unauthorized: |push access denied|authorization failed|insufficient_scope)`)

func pushFailed(repository string, err error) *PushError {
	e := &PushError{Repository: repository, Err: err, Passing: true}
	m := refusal.FindStringSubmatch(err.Error())
	switch {
	case m == nil || m[1] == "408" || m[1] == "429":
		return e
	case m[1] == "" || m[1] == "401" || m[1] == "403":
		e.Hint = registry.LoginHint
	}
	e.Passing = false
	return e
}
