package registry

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// maxPuts is how often a name is put at most, if the manifest is changed on its way. A tag that the registry loses is put
// once less: it may come back.
const maxPuts = 3

// The pause before the second look. A run that looked before this one had named its image may name another one as long
// afterwards as this registry takes for its own requests.
const (
	leastPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
	pauseFactor  = 3
)

// changeSeen is how long a tag that named this image must name another one until that is certain. A server of the registry
// may be behind the others.
const changeSeen = 2 * time.Second

// A sight is what a look gave: the digest that the tag names, or "", and the manifest of another digest.
type sight struct {
	held     string
	manifest []byte
	err      error
}

// A verdict is what follows from a sight.
type verdict int

const (
	lookAgain verdict = iota
	putAgain
	isNamed
	hasFailed
)

// run names the digest. An error of the request to name it does not show that it failed: the response may have been lost.
// Only what the registry gives for the tag counts.
func (t *tagging) run(ctx context.Context) error {
	t.put(ctx)
	return t.settle(ctx)
}

// settle looks until it is clear what the tag names.
func (t *tagging) settle(ctx context.Context) error {
	for p := newPatience(awaited); ; {
		what, err := t.judge(t.look(ctx), p.over())
		switch what {
		case hasFailed:
			return err
		case isNamed:
			return t.confirm(ctx)
		case putAgain:
			t.put(ctx)
			p = newPatience(awaited)
			continue
		}
		if p.wait(ctx) != nil {
			return t.unknown(context.Cause(ctx))
		}
	}
}

func (t *tagging) look(ctx context.Context) sight {
	held, manifest, err := t.named(ctx)
	return sight{held, manifest, err}
}

// judge says what follows from a look. The last look is the one that ends the patience.
func (t *tagging) judge(s sight, last bool) (verdict, error) {
	isNew := s.held != "" && s.held != t.before
	switch {
	case s.err != nil && last:
		return hasFailed, t.unknown(errors.Join(t.tagError(), s.err))
	case s.err != nil:
		return lookAgain, nil
	case s.held == t.digest:
		return isNamed, nil
	case isNew && t.isAltered(s):
		return t.judgeAltered(s)
	case t.putErr != nil && !isPassing(nil, t.putErr):
		return t.judgeRefused(s, last)
	case !last:
		return lookAgain, nil
	case isNew:
		return hasFailed, t.overtaken(s.held)
	case t.putErr != nil:
		return hasFailed, t.notNamed(t.tagError())
	case t.puts < maxPuts-1:
		return putAgain, nil
	}
	return hasFailed, t.lost(s.held)
}

// judgeAltered puts right a name that has a manifest which this run did not send so.
func (t *tagging) judgeAltered(s sight) (verdict, error) {
	if t.puts == maxPuts {
		return hasFailed, &Unverified{Reference: t.tag.String(), Held: s.held, Digest: t.digest}
	}
	t.conditional = false // the tag exists, and that is the mistake
	return putAgain, nil
}

// judgeRefused is for a registry that has refused to name the digest.
func (t *tagging) judgeRefused(s sight, last bool) (verdict, error) {
	switch {
	case s.held != "" && s.held != t.before:
		return hasFailed, t.overtaken(s.held)
	case s.held != "" && isImmutable(t.putErr):
		return hasFailed, &TagConflict{Reference: t.tag.String(), Held: s.held, Proposed: t.digest, Immutable: true}
	case s.held != "" || !t.conditional:
		return hasFailed, t.notNamed(t.tagError())
	}
	// The condition itself may be what the registry refuses. If the registry says that it does not hold, the tag may be
	// one that it does not show yet.
	switch statusOf(t.putErr) {
	case http.StatusPreconditionFailed:
		if !last {
			return lookAgain, nil
		}
	case http.StatusBadRequest, http.StatusNotImplemented:
	default:
		return hasFailed, t.notNamed(t.tagError())
	}
	t.conditional = false
	return putAgain, nil
}

// confirm looks once more, after another run had the time to name its own image.
func (t *tagging) confirm(ctx context.Context) error {
	if t.alias {
		return nil
	}
	pause := min(leastPause+pauseFactor*time.Since(t.begun), longestPause)
	if sleep(ctx, pause) != nil {
		return t.unconfirmed(context.Cause(ctx))
	}
	for certain, p := newPatience(changeSeen), newPatience(awaited); ; {
		s := t.look(ctx)
		switch {
		case s.held == t.digest:
			return nil
		case s.held != "" && t.isAltered(s):
			if what, err := t.judgeAltered(s); what == hasFailed {
				return err
			}
			return t.run(ctx)
		case s.held != "" && s.held != t.before && certain.over(), s.held != "" && p.over():
			return t.overtaken(s.held)
		case s.err != nil && p.over():
			return nil // the tag was seen to name the digest, and nothing says that this has changed
		case p.over() && t.puts < maxPuts-1:
			return t.run(ctx)
		case p.over():
			return t.lost("")
		}
		if p.wait(ctx) != nil {
			return t.unconfirmed(context.Cause(ctx))
		}
	}
}

// isAltered reports whether the tag names what was sent to name the digest, but was changed on its way. The registry may say
// what it has stored. If it does not, the image has the configuration or a platform in common with the one that was sent.
func (t *tagging) isAltered(s sight) bool {
	switch t.stored {
	case t.digest:
		return false
	case s.held:
		return true
	}
	return isRelated(s.manifest, t.pushed.Manifest)
}

// parts are the members of an image manifest or an index that name what the image is.
type parts struct {
	Config    struct{ Digest string }
	Manifests []struct{ Digest string }
}

// isRelated reports whether two manifests are about the same content.
func isRelated(a, b []byte) bool {
	var x, y parts
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	if x.Config.Digest != "" && x.Config.Digest == y.Config.Digest {
		return true
	}
	for _, of := range x.Manifests {
		for _, with := range y.Manifests {
			if of.Digest != "" && of.Digest == with.Digest {
				return true
			}
		}
	}
	return false
}

// statusOf returns the status of a registry's refusal; 0 if the error is none.
func statusOf(err error) int {
	var te *transport.Error
	if !errors.As(err, &te) {
		return 0
	}
	return te.StatusCode
}
