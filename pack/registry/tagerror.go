package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A TagConflict is the error for a tag that names another image.
type TagConflict struct {
	Reference      string
	Held, Proposed string // digests
	Immutable      bool   // the registry allows no tag to move
	Overtaken      bool   // another run has named its image while this one did
}

// Error names both digests.
func (e *TagConflict) Error() string {
	if e.Overtaken {
		return fmt.Sprintf("%s names another image now, %s: another run published it, not %s", e.Reference, e.Held, e.Proposed)
	}
	return fmt.Sprintf("%s is taken by %s: not moved to %s", e.Reference, e.Held, e.Proposed)
}

// An Unverified is the error for a tag that names what nobody has verified: the manifest was changed on its way to the
// registry, and the name could not be put right.
type Unverified struct {
	Reference    string
	Held, Digest string // what the tag names, and what it should name
}

// Error warns of the image.
func (e *Unverified) Error() string {
	return fmt.Sprintf("%s names the unverified image %s: the manifest was changed on its way to the registry, each of %d times\n"+
		"do not use %[1]s. It should name %[4]s. Delete the tag, or publish again with --if-exists overwrite, without a proxy that changes requests",
		e.Reference, e.Held, maxPuts, e.Digest)
}

// A Vanished is the error for a digest that was pushed and is not in the registry.
type Vanished struct {
	Reference string // the tag that the digest was to get
	Digest    string
	Request   string // what was asked for, and is not there
	Holds     string // what the registry has instead
}

// Vanished returns the error for a digest that was pushed and cannot be found. It asks the registry what it holds under the
// reference.
func (r Registry) Vanished(ctx context.Context, ref, digest string, err error) *Vanished {
	v := &Vanished{Reference: ref, Digest: digest, Request: "it", Holds: "it has no " + ref}
	var te *transport.Error
	if errors.As(err, &te) && te.Request != nil {
		v.Request = te.Request.Method + " " + te.Request.URL.Redacted()
	}
	switch held, err := r.Held(ctx, ref); {
	case err != nil:
		v.Holds = "what it has under " + ref + " could not be found out"
	case held != "":
		v.Holds = "it has " + held + " under " + ref
	}
	return v
}

// Error says what was asked for, what the registry has, how to find out more, and a likely reason.
func (e *Vanished) Error() string {
	repository := e.Reference
	if tag, err := name.NewTag(e.Reference, name.Insecure); err == nil {
		repository = tag.Context().Name()
	}
	return fmt.Sprintf("%s is not named: the registry does not hold %s, which was pushed\n"+
		"%s was not found for %s; %s\n"+
		"seedpack verify %s@%s tells whether it is there now\n"+
		"does a clean-up delete images without a tag? give them an hour, and publish again", e.Reference, e.Digest, e.Request, awaited, e.Holds, repository, e.Digest)
}

// IsNotFound reports whether a registry answered that it does not have what was requested.
func IsNotFound(err error) bool {
	var te *transport.Error
	return errors.As(err, &te) && te.StatusCode == http.StatusNotFound
}

func (t *tagging) overtaken(held string) error {
	return &TagConflict{Reference: t.tag.String(), Held: held, Proposed: t.digest, Overtaken: true, Immutable: t.putErr != nil && isImmutable(t.putErr)}
}

// tagError returns the error of the last request to name the digest, with a hint; nil if there was none.
func (t *tagging) tagError() error {
	if t.putErr == nil {
		return nil
	}
	return fmt.Errorf("tag %s: %w%s", t.tag, plainCause(t.putErr), t.registry.pushHint(t.tag.Context().Name(), t.putErr))
}

// notNamed is for a name that was not put.
func (t *tagging) notNamed(err error) error {
	return fmt.Errorf("%w\n%s is not named: the registry holds %s without that tag", err, t.tag, t.digest)
}

// lost is for a name that the registry took and does not give. Held is what it gives instead; it may be empty.
func (t *tagging) lost(held string) error {
	gives := "GET of it was not found"
	if held != "" {
		gives = "GET of it gave " + held + ", as before,"
	}
	return fmt.Errorf("tag %s: the registry took the tag, and does not have it: PUT %s was answered with success, and %s for %s\n"+
		"%[1]s is not named: the registry holds %[5]s without that tag\nseedpack verify %[1]s tells whether it names an image now",
		t.tag, t.place(), gives, awaited, t.digest)
}

// An Unsettled is the error for a name that was put, if it is not certain what it stands for.
type Unsettled struct {
	Reference, Digest string
	Seen              bool // the registry gave the digest for the name, and was to be asked once more
	Err               error
}

// Error says what is known, and the command that finds out the rest.
func (e *Unsettled) Error() string { return e.Err.Error() + "\n" + e.State() }

// State says what is known of the name.
func (e *Unsettled) State() string {
	if e.Seen {
		return fmt.Sprintf("%s names %s; whether another run gives it another image was not awaited: seedpack verify %[1]s tells", e.Reference, e.Digest)
	}
	return fmt.Sprintf("whether %s names %s now could not be found out: seedpack verify %[1]s tells", e.Reference, e.Digest)
}

// Unwrap returns why it is not certain.
func (e *Unsettled) Unwrap() error { return e.Err }

// unknown is for a name that was put, if the registry does not say what it stands for.
func (t *tagging) unknown(err error) error { return &Unsettled{t.tag.String(), t.digest, false, err} }

// unconfirmed is for a run that ends between its two looks.
func (t *tagging) unconfirmed(err error) error {
	return &Unsettled{t.tag.String(), t.digest, true, err}
}
