package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A TagConflict is the error for a tag that names another image already.
type TagConflict struct {
	Reference      string
	Held, Proposed string // digests
	Immutable      bool   // the registry allows no tag to move
}

// Error names both digests.
func (e *TagConflict) Error() string {
	return fmt.Sprintf("%s is taken by %s: not moved to %s", e.Reference, e.Held, e.Proposed)
}

// A Vanished is the error for a digest that was pushed and is no longer in the registry.
type Vanished struct {
	Reference string // the tag that the digest was to get
	Digest    string
}

// Error names a likely reason.
func (e *Vanished) Error() string {
	return fmt.Sprintf("%s is not named: the registry does not hold %s any more\n"+
		"does a clean-up delete images without a tag? give them an hour, and publish again", e.Reference, e.Digest)
}

// IsNotFound reports whether a registry answered that it does not have what was requested.
func IsNotFound(err error) bool {
	var te *transport.Error
	return errors.As(err, &te) && te.StatusCode == http.StatusNotFound
}

// Held returns the digest that a reference names in the registry, or "" if there is none. It computes the digest from
// the bytes. It ignores what the registry says in headers.
func (r Registry) Held(ctx context.Context, ref string) (string, error) {
	tag, err := name.NewTag(ref, r.nameOptions()...)
	if err != nil {
		return "", err
	}
	held, err := remote.Get(tag, r.Options(ctx)...)
	switch {
	case err == nil:
		return held.Digest.String(), nil
	case IsNotFound(err):
		return "", nil
	}
	return "", fmt.Errorf("look up %s: %w", ref, err)
}

// other returns the digest that a tag names if it is another one. It reports already if the tag names this digest. A
// response to a request by tag can be truncated without an error. So the digest that it seems to name is requested,
// too.
func (r Registry) other(ctx context.Context, tag name.Tag, digest string) (held string, already bool, err error) {
	for try := 1; ; try++ {
		held, err := r.Held(ctx, tag.String())
		if err != nil || held == "" || held == digest {
			return "", held == digest && err == nil, err
		}
		_, err = remote.Get(tag.Context().Digest(held), r.Options(ctx)...)
		switch {
		case err == nil:
			return held, false, nil
		case !IsNotFound(err):
			return "", false, fmt.Errorf("look up %s: %w", tag, err)
		case try == looks:
			return "", false, fmt.Errorf("look up %s: the registry gives %s for it, and does not hold that", tag, held)
		}
		if err := sleep(ctx, lookAgain); err != nil {
			return "", false, err
		}
	}
}

// A registry that consists of several servers may need a moment until all of them know a tag.
const (
	looks     = 3
	lookAgain = 500 * time.Millisecond
)

// Tag gives a digest in the registry its tag and checks the result. It is the last step of a publication. If the tag
// names that digest already, Tag changes nothing and reports already. If the tag names another digest, the error is a
// *TagConflict, unless move is set and the registry lets tags move. If the digest is no longer there, the error is a
// *Vanished.
func (r Registry) Tag(ctx context.Context, ref, digest string, move bool) (already bool, err error) {
	tag, err := name.NewTag(ref, r.nameOptions()...)
	if err != nil {
		return false, err
	}
	held, already, err := r.other(ctx, tag, digest)
	switch {
	case err != nil:
		return false, notNamed(ref, digest, err)
	case already:
		return true, nil
	case held != "" && !move:
		return false, &TagConflict{Reference: ref, Held: held, Proposed: digest}
	}
	pushed, err := remote.Get(tag.Context().Digest(digest), r.Options(ctx)...)
	if IsNotFound(err) {
		return false, &Vanished{ref, digest}
	}
	if err != nil {
		return false, notNamed(ref, digest, fmt.Errorf("read %s back to name it: %w", digest, err))
	}
	return false, r.checkTagged(ctx, tag, digest, remote.Tag(tag, pushed, r.Options(ctx)...))
}

// checkTagged checks that the tag names the digest now. An error of the request to tag does not show that it failed:
// the response may have been lost.
func (r Registry) checkTagged(ctx context.Context, tag name.Tag, digest string, tagErr error) error {
	for try := 1; ; try++ {
		held, done, err := r.other(ctx, tag, digest)
		switch {
		case err != nil && tagErr == nil:
			return nil // the registry reported success, and only the check failed
		case err != nil:
			return fmt.Errorf("tag %s: %w\nwhether it names %s now could not be found out: seedpack verify %s tells", tag, errors.Join(tagErr, err), digest, tag)
		case done:
			return nil
		case held != "" && (tagErr == nil || isImmutable(tagErr)):
			return &TagConflict{Reference: tag.String(), Held: held, Proposed: digest, Immutable: tagErr != nil}
		case tagErr != nil:
			return notNamed(tag.String(), digest, fmt.Errorf("tag %s: %w%s", tag, tagErr, pushHint(tag.Context().Name(), tagErr)))
		case try == looks:
			return fmt.Errorf("tag %s: the registry took the tag and does not have it", tag)
		}
		if err := sleep(ctx, lookAgain); err != nil {
			return err
		}
	}
}

func notNamed(ref, digest string, err error) error {
	return fmt.Errorf("%w\n%s is not named: the registry holds %s without that tag", err, ref, digest)
}

// refusedMove matches how registries say that a tag must stay: ECR, Harbor, Quay, GitLab, Artifactory, Nexus and Azure.
var refusedMove = regexp.MustCompile(`(?i)TAG_INVALID|immutable|already ?exists|overwrit|not allow updat|locked|disallowed`)

// isImmutable reports whether a registry refused to move a tag. A registry may use such words for other reasons. That
// does no harm, because the caller knows that the tag names another image.
func isImmutable(err error) bool {
	var te *transport.Error
	if !errors.As(err, &te) {
		return false
	}
	switch te.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusConflict, http.StatusPreconditionFailed:
		said := *te
		said.Request = nil // its address may contain such words
		return refusedMove.MatchString(said.Error())
	}
	return false
}
