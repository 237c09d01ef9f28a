package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

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

// Tag gives a digest in the registry its tag and checks the result. It is the last step of a publication.
//
// If the tag names that digest already, Tag changes nothing and reports already. If the tag names another digest, the error
// is a *TagConflict, unless move is set and the registry lets tags move. If the digest is not there, the error is a
// *Vanished. The error is nil only if the registry gave this digest for the tag.
//
// Two calls may name one tag at the same time. No request to a registry can prevent that in general. So Tag looks once more
// after a pause, which is longer the longer the registry took. The call whose image no longer has the name gets a
// *TagConflict that is overtaken.
func (r Registry) Tag(ctx context.Context, ref, digest string, move bool) (already bool, err error) {
	t, err := r.newTagging(ctx, ref, digest)
	if err != nil {
		return false, err
	}
	t.begun = time.Now()
	if t.before, err = t.namedBefore(ctx); err != nil {
		return false, t.notNamed(err)
	}
	switch {
	case t.before == digest:
		return true, nil
	case t.before != "" && !move:
		return false, &TagConflict{Reference: ref, Held: t.before, Proposed: digest}
	}
	t.conditional = t.before == ""
	return false, t.run(ctx)
}

// Alias gives a digest a further tag, which moves if it exists. It looks until it has seen the digest under the tag, and not
// once more: aliases are there to move.
func (r Registry) Alias(ctx context.Context, ref, digest string) error {
	t, err := r.newTagging(ctx, ref, digest)
	if err != nil {
		return err
	}
	if t.before, err = t.namedBefore(ctx); err != nil {
		return t.notNamed(err)
	}
	if t.before == digest {
		return nil
	}
	t.alias = true
	return t.run(ctx)
}

// A tagging is one attempt to name a digest. All of its requests share what the registry gave it to prove who it is, so that
// little time passes between the look and the request that depends on it.
type tagging struct {
	registry Registry
	tag      name.Tag
	digest   string
	client   *http.Client
	puller   *remote.Puller
	pushed   *remote.Descriptor // what the digest stands for

	before      string // what the tag named at first; empty: nothing
	alias       bool   // there is no second look
	conditional bool   // the registry is asked to name nothing if the tag has come to name something

	begun  time.Time // the look before the digest was named, or the last request to name it again
	puts   int       // requests to name it
	putErr error     // of the last one
	stored string    // digest that the registry says it has stored, if it says so
}

// newTagging reads the manifest that is to be named.
func (r Registry) newTagging(ctx context.Context, ref, digest string) (*tagging, error) {
	tag, err := name.NewTag(ref, r.nameOptions()...)
	if err != nil {
		return nil, err
	}
	t := &tagging{registry: r, tag: tag, digest: digest}
	repo := tag.Context()
	auth, err := authn.Resolve(ctx, r.keychain(), repo)
	if err != nil {
		return nil, t.notNamed(err)
	}
	guard := transport.NewUserAgent(r.transport(), r.UserAgent)
	authorized, err := transport.NewWithContext(ctx, repo.Registry, auth, guard, []string{repo.Scope(transport.PushScope)})
	if err != nil {
		return nil, t.notNamed(fmt.Errorf("tag %s: %w", tag, err))
	}
	t.client = &http.Client{Transport: authorized, CheckRedirect: followGuarded}
	if t.puller, err = remote.NewPuller(remote.WithTransport(authorized)); err != nil {
		return nil, err
	}
	if t.pushed, err = t.await(ctx); err == nil {
		return t, nil
	}
	if IsNotFound(err) {
		return nil, r.Vanished(ctx, ref, digest, err)
	}
	return nil, t.notNamed(fmt.Errorf("read %s back to name it: %w", digest, err))
}

// await gets the manifest that was pushed.
func (t *tagging) await(ctx context.Context) (*remote.Descriptor, error) {
	for p := newPatience(awaited); ; {
		got, err := t.puller.Get(ctx, t.tag.Context().Digest(t.digest))
		if !IsNotFound(err) || p.over() || p.wait(ctx) != nil {
			return got, err
		}
	}
}

// named returns the digest that the tag names, or "". An answer to a request by tag may have been spoiled on its way. So
// any other digest than the one to be named is requested, too.
func (t *tagging) named(ctx context.Context) (held string, manifest []byte, err error) {
	got, err := t.puller.Get(ctx, t.tag)
	switch {
	case IsNotFound(err):
		return "", nil, nil
	case err != nil:
		return "", nil, fmt.Errorf("look up %s: %w", t.tag, err)
	case got.Digest.String() == t.digest:
		return t.digest, nil, nil
	}
	_, err = t.puller.Get(ctx, t.tag.Context().Digest(got.Digest.String()))
	switch {
	case IsNotFound(err):
		return "", nil, fmt.Errorf("look up %s: the registry gives %s for it, and does not hold that: %w", t.tag, got.Digest, errSpoiled)
	case err != nil:
		return "", nil, fmt.Errorf("look up %s: %w", t.tag, err)
	}
	return got.Digest.String(), got.Manifest, nil
}

var errSpoiled = errors.New("a spoiled answer")

// namedBefore is named for the first look. It looks again after a spoiled answer.
func (t *tagging) namedBefore(ctx context.Context) (string, error) {
	for p := newPatience(awaited); ; {
		held, _, err := t.named(ctx)
		if !errors.Is(err, errSpoiled) || p.over() || p.wait(ctx) != nil {
			return held, err
		}
	}
}

// put asks the registry to name the digest.
func (t *tagging) put(ctx context.Context) {
	if t.puts++; t.puts > 1 {
		t.begun = time.Now()
	}
	t.stored, t.putErr = "", t.request(ctx)
}

// place returns the address of the tag.
func (t *tagging) place() *url.URL {
	repo := t.tag.Context()
	return &url.URL{Scheme: repo.Scheme(), Host: repo.RegistryStr(), Path: fmt.Sprintf("/v2/%s/manifests/%s", repo.RepositoryStr(), t.tag.TagStr())}
}

func (t *tagging) request(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, t.place().String(), bytes.NewReader(t.pushed.Manifest))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", string(t.pushed.MediaType))
	if t.conditional {
		r.Header.Set("If-None-Match", "*")
	}
	response, err := t.client.Do(r)
	if err != nil {
		return err
	}
	defer drain(response)
	if err := transport.CheckError(response, http.StatusOK, http.StatusCreated, http.StatusAccepted); err != nil {
		return err
	}
	if stored, err := v1.NewHash(response.Header.Get("Docker-Content-Digest")); err == nil {
		t.stored = stored.String()
	}
	return nil
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
