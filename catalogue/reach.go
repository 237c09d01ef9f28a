package catalogue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/seedpack/seedpack/pack/registry"
)

// A dialled is a registry that has been asked for its API, once.
type dialled struct {
	once    sync.Once
	client  *registry.Client
	err     error
	headers bool // ask for headers first: reading a manifest is rationed

	mu          sync.Mutex
	noReferrers bool  // it has no list of what refers to an image
	unanswered  int   // requests in a row, each with all its tries
	lost        error // why it is not asked any more
	unread      int   // images and repositories that were not asked for since
	advised     bool  // someone has been told how to log in
}

// maxUnanswered is how many requests in a row a registry may leave without an answer. It is not asked any more then: each of
// many thousands of images would be waited for.
const maxUnanswered = 32

// A lostError is the error for a request that was not sent, because a registry has not answered so many before.
type lostError struct{ last error }

func (e *lostError) Error() string {
	return fmt.Sprintf("it did not answer %d requests in a row, the last time with: %v", maxUnanswered, e.last)
}

// do asks a registry, unless it has not answered for long.
func (d *dialled) do(ctx context.Context, q registry.Request) (*registry.Response, error) {
	d.mu.Lock()
	lost := d.lost
	d.mu.Unlock()
	if lost != nil {
		return nil, lost
	}
	r, err := d.client.Do(ctx, q)
	d.note(r, err)
	return r, err
}

// note counts requests without an answer.
func (d *dialled) note(r *registry.Response, err error) {
	silent := false
	switch {
	case err != nil:
		var late net.Error
		var broken *net.OpError
		silent = !errors.Is(err, context.Canceled) && (errors.As(err, &broken) || errors.As(err, &late) && late.Timeout())
	default:
		_, spent := r.Spent()
		silent = spent || slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, r.Status)
		if silent {
			err = statusError(r)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !silent {
		d.unanswered = 0
		return
	}
	if d.unanswered++; d.unanswered == maxUnanswered {
		d.lost = &lostError{err}
	}
}

// miss notes an image or a repository of a registry that is not asked any more.
func (f *finder) miss(host string) {
	f.mu.Lock()
	d := f.clients[host]
	f.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unread++
}

// failRead notes that an image, or the tags of a repository, could not be read. How to log in is said once.
func (f *finder) failRead(host, place string, err error) {
	var lost *lostError
	if errors.As(err, &lost) {
		f.miss(host)
		return
	}
	if registry.IsRefused(err) || isStatus(err, http.StatusUnauthorized, http.StatusForbidden) {
		f.mu.Lock()
		d := f.clients[host]
		if !d.advised {
			d.advised = true
			err = fmt.Errorf("%w\nto read private images, log in with seedpack login %s", err, host)
		}
		f.mu.Unlock()
	}
	f.fail(place, err)
}

// failLost notes what was not read of registries that do not answer.
func (f *finder) failLost() {
	for _, host := range slices.Sorted(maps.Keys(f.clients)) {
		if d := f.clients[host]; d.unread > 0 {
			f.fail(host, fmt.Errorf("images or repositories not read: %d: %w", d.unread, d.lost))
		}
	}
}

func isStatus(err error, codes ...int) bool {
	var status *StatusError
	return errors.As(err, &status) && !status.Spent && slices.Contains(codes, status.Status)
}
