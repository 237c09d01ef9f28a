package pack

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A Registry is how registries are reached. The zero value uses the credentials of the Docker configuration.
type Registry struct {
	Insecure  bool              // plain http also to hosts that are not this machine
	Transport http.RoundTripper // default: go-containerregistry's
	UserAgent string
}

// Parse reads a reference, for use with go-containerregistry.
func (r Registry) Parse(ref string) (name.Reference, error) {
	return name.ParseReference(ref, r.nameOptions()...)
}

func (r Registry) nameOptions() []name.Option {
	if r.Insecure {
		return []name.Option{name.Insecure}
	}
	return nil
}

// Options are what go-containerregistry's remote package needs to know.
func (r Registry) Options(ctx context.Context) []remote.Option {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if r.Transport != nil {
		options = append(options, remote.WithTransport(r.Transport))
	}
	if r.UserAgent != "" {
		options = append(options, remote.WithUserAgent(r.UserAgent))
	}
	return options
}

// Preflight asks, before anything is built, whether the registry would take a push of the reference. It starts an upload
// and cancels it.
func (r Registry) Preflight(ctx context.Context, ref string) error {
	parsed, err := name.NewTag(ref, r.nameOptions()...)
	if err != nil {
		return err
	}
	trip := r.Transport
	if trip == nil {
		trip = remote.DefaultTransport
	}
	if err := remote.CheckPushPermission(parsed, authn.DefaultKeychain, withContext{ctx, trip}); err != nil {
		return fmt.Errorf("push to %s is not possible: %w%s", parsed.Context(), err, pushHint(err))
	}
	return nil
}

// withContext ends requests of a call that takes no context.
type withContext struct {
	ctx  context.Context
	next http.RoundTripper
}

func (t withContext) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.next.RoundTrip(r.WithContext(t.ctx))
}

func pushHint(err error) string {
	var te *transport.Error
	if !errors.As(err, &te) {
		return "\nis the registry's address right, and does it answer?"
	}
	switch te.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "\nlog in with docker login, or ask for the right to push there"
	case http.StatusNotFound:
		return "\nthe repository does not exist, and the registry does not make it on the first push: create it"
	}
	return ""
}

// A TagConflict is a tag that names another image already.
type TagConflict struct {
	Reference      string
	Held, Proposed string // digests
}

// Error names both digests.
func (e *TagConflict) Error() string {
	return fmt.Sprintf("%s is taken by %s: not moved to %s", e.Reference, e.Held, e.Proposed)
}

// Tag names a digest that the registry holds, the last step of a publication. A tag never moves: one that names the same
// digest is left as it is, one that names another is a *TagConflict.
func (r Registry) Tag(ctx context.Context, ref, digest string) error {
	tag, err := name.NewTag(ref, r.nameOptions()...)
	if err != nil {
		return err
	}
	options := r.Options(ctx)
	switch held, err := remote.Head(tag, options...); {
	case err == nil && held.Digest.String() == digest:
		return nil
	case err == nil:
		return &TagConflict{Reference: ref, Held: held.Digest.String(), Proposed: digest}
	case !isNotFound(err):
		return fmt.Errorf("look up %s: %w", ref, err)
	}
	pushed, err := remote.Get(tag.Context().Digest(digest), options...)
	if err != nil {
		return fmt.Errorf("read %s back to name it: %w", digest, err)
	}
	if err := remote.Tag(tag, pushed, options...); err != nil {
		return fmt.Errorf("tag %s: %w", ref, err)
	}
	return nil
}

func isNotFound(err error) bool {
	var te *transport.Error
	return errors.As(err, &te) && te.StatusCode == http.StatusNotFound
}
