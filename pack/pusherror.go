package pack

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seedpack/seedpack/internal/lazy"

	"github.com/seedpack/seedpack/pack/registry"
)

// A PushError is the error for an image that was built and tried but that the engine could not push. It has no tag.
type PushError struct {
	Repository string
	// Passing says that the same push may succeed later: the registry is busy, or the connection broke.
	Passing bool
	Hint    string
	Err     error

	status int // of HTTP; 0: unknown
}

// Error has the hint on a line of its own.
func (e *PushError) Error() string {
	s := fmt.Sprintf("push to %s: %s", e.Repository, strings.TrimPrefix(lastCause(e.Err), "failed to push "+e.Repository+": "))
	return s + e.Hint
}

// Unwrap returns BuildKit's error.
func (e *PushError) Unwrap() error { return e.Err }

// limitPush returns a function that starts the time limit for the push. It is called when the gate has passed. The
// engine has no limit: it waits for a registry that no longer answers.
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

// explain adds to an error of the engine what was pushed, or the place in the Dockerfile.
func (b *build) explain(ctx context.Context, err error, log *buildLog) error {
	if context.Cause(ctx) == nil && strings.Contains(err.Error(), "failed to push ") {
		e := pushFailed(b.request.Repository, err)
		host, _, _ := strings.Cut(b.request.Repository, "/")
		if e.Hint == registry.LoginHint && b.request.Remote.Keychain.JoinedChallenges(host) {
			e.Hint = registry.JoinedHint
		}
		if e.Hint == registry.LoginHint {
			e.Hint = b.request.Remote.LoginHint(b.request.Repository, e.status)
		}
		return e
	}
	return explain(ctx, err, log, b.request.Dockerfile)
}

// refusal matches a response that would be the same again. The engine passes on only the text of a response.
var refusal = lazy.Regexp(`: (4\d\d|507) [A-Z]|(?i:denied: |unauthorized: |push access denied|authorization failed|insufficient_scope)`)

// lostSession matches how an engine says that the registry does not know an upload any more. The next push begins it anew.
var lostSession = lazy.Regexp(`(?i)blob[ _]upload[ _](?:unknown|invalid)|(?:PUT|PATCH) request to \S*/uploads/\S*: (?:404|410|416) `)

// addresses may have any words in them.
var addresses = lazy.Regexp(`https?://\S+`)

func pushFailed(repository string, err error) *PushError {
	e := &PushError{Repository: repository, Err: err, Passing: true}
	said := err.Error()
	m := refusal().FindStringSubmatch(said)
	status := 0
	switch {
	case m == nil:
	case m[1] == "":
		status = http.StatusForbidden // in words
	default:
		status, _ = strconv.Atoi(m[1]) // the expression matches only digits
	}
	e.status = status
	e.Hint = registry.HintFor(status, addresses().ReplaceAllString(said, ""))
	switch {
	case e.Hint == registry.FullHint, e.Hint == registry.LargeHint:
		e.Passing = false
	case m == nil, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, lostSession().MatchString(said):
		e.Hint = ""
	default:
		e.Passing = false
	}
	return e
}
