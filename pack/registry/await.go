package registry

import (
	"context"
	"net/http"
	"path"
	"strings"
	"time"
)

// awaited is how long a registry may need until all of its servers know what one of them has taken.
const awaited = 10 * time.Second

// A patience waits between looks, longer each time, until it has waited long enough.
type patience struct {
	until time.Time
	pause time.Duration
}

func newPatience(limit time.Duration) *patience {
	return &patience{until: time.Now().Add(limit), pause: 100 * time.Millisecond}
}

// over reports whether a look now is the last one.
func (p *patience) over() bool { return !time.Now().Before(p.until) }

func (p *patience) wait(ctx context.Context) error {
	pause := p.pause
	p.pause = min(2*p.pause, 2*time.Second)
	return sleep(ctx, pause)
}

// Awaiting returns a registry that looks for content for some time if it is not there yet. It is for reading what has just
// been pushed.
func (r Registry) Awaiting() Registry {
	r.await = awaited
	return r
}

// An awaitTransport asks again for content that a registry says it does not have. It does so for requests by digest only.
type awaitTransport struct {
	next  http.RoundTripper
	limit time.Duration // 0: it asks once
}

func (t awaitTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if t.limit == 0 || r.Method != http.MethodGet || !strings.HasPrefix(path.Base(r.URL.Path), "sha256:") {
		return response, err
	}
	for p := newPatience(t.limit); err == nil && response.StatusCode == http.StatusNotFound && !p.over(); {
		if p.wait(r.Context()) != nil {
			break // the registry's answer says more
		}
		drain(response)
		response, err = t.next.RoundTrip(r.Clone(r.Context()))
	}
	return response, err
}
