package registry

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A retryTransport retries a request if the registry is busy or the connection breaks. It does not retry a refusal. It
// stops after tries, or if the registry asks for a longer pause than longest.
type retryTransport struct {
	next    http.RoundTripper
	tries   int
	first   time.Duration // before the second try; doubled for each further one, with jitter
	longest time.Duration
}

func newRetryTransport(next http.RoundTripper) retryTransport {
	return retryTransport{next: next, tries: 5, first: 500 * time.Millisecond, longest: 30 * time.Second}
}

// RoundTrip returns the last response if all tries are used up.
func (t retryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	delay := t.first
	for try := 1; ; try++ {
		response, err := t.next.RoundTrip(r)
		wait := delay/2 + rand.N(delay/2+1)
		if asked, ok := retryAfter(response); ok {
			wait = asked + rand.N(delay/2+1)
		}
		if try == t.tries || wait > t.longest || !isPassing(response, err) || r.Context().Err() != nil {
			return response, err
		}
		again, rewindErr := rewound(r)
		if rewindErr != nil {
			return response, err
		}
		drain(response)
		if err := sleep(r.Context(), wait); err != nil {
			return nil, err
		}
		r, delay = again, delay*2
	}
}

// isPassing reports whether the same request may succeed a moment later.
func isPassing(response *http.Response, err error) bool {
	if err != nil {
		var timeout net.Error
		var garbled *digestError
		return errors.As(err, &garbled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
			errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, net.ErrClosed) || errors.As(err, &timeout) && timeout.Timeout()
	}
	code := response.StatusCode
	return code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || isSpent(response) ||
		code >= 500 && code != http.StatusNotImplemented && code != http.StatusHTTPVersionNotSupported && code != http.StatusInsufficientStorage
}

// Headers with which services say how many requests they still take, and when they take more. The first of each pair is that of
// most services. The other is that of the draft standard, which GitLab and Docker Hub follow.
var (
	remainingHeaders = []string{"X-Ratelimit-Remaining", "Ratelimit-Remaining"}
	resetHeaders     = []string{"X-Ratelimit-Reset", "Ratelimit-Reset"}
)

// isSpent reports whether a service refuses a request because there were too many. GitHub says 403 then.
func isSpent(response *http.Response) bool {
	if response.StatusCode != http.StatusForbidden {
		return response.StatusCode == http.StatusTooManyRequests
	}
	_, none := noneLeft(response.Header)
	return none || response.Header.Get("Retry-After") != ""
}

// noneLeft reports whether a service takes no more requests, and in which time it counts them if it says so: 0;w=21600.
func noneLeft(header http.Header) (window time.Duration, ok bool) {
	for _, name := range remainingHeaders {
		left, parameter, _ := strings.Cut(header.Get(name), ";")
		if strings.TrimSpace(left) != "0" {
			continue
		}
		seconds, _ := strings.CutPrefix(strings.TrimSpace(parameter), "w=")
		window, _ = pause(seconds)
		return window, true
	}
	return 0, false
}

// retryAfter returns how long a service wants its clients to wait. Docker Hub has written the time into a header of its own.
func retryAfter(response *http.Response) (time.Duration, bool) {
	if response == nil {
		return 0, false
	}
	for _, name := range []string{"Retry-After", "X-Retry-After"} {
		if wait, ok := pause(response.Header.Get(name)); ok {
			return wait, true
		}
	}
	window, none := noneLeft(response.Header)
	if !none || !isSpent(response) {
		return 0, false
	}
	for _, name := range resetHeaders {
		if wait, ok := pause(response.Header.Get(name)); ok {
			return wait, true
		}
	}
	return window, window > 0
}

// pause reads seconds, a date, or seconds since 1970.
func pause(text string) (time.Duration, bool) {
	const longest = 1 << 29 // more seconds than anyone waits: they count from 1970
	seconds, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err == nil && seconds >= longest:
		return max(0, time.Until(time.Unix(seconds, 0))), true
	case err == nil && seconds >= 0:
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(date)), true
	}
	return 0, false
}

// rewound returns the request with its body from the beginning.
func rewound(r *http.Request) (*http.Request, error) {
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again, nil
	}
	if r.GetBody == nil {
		return nil, errors.New("the body can be sent only once")
	}
	var err error
	again.Body, err = r.GetBody()
	return again, err
}

// drain reads the rest of a short response, so that the connection can be used again. It closes the connection of a
// long one.
func drain(response *http.Response) {
	if response == nil {
		return
	}
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
	_ = response.Body.Close()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
