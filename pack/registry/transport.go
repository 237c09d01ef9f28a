package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
)

// maxBuffered is more than manifests and configurations have.
const maxBuffered = 8 << 20

// A bufferedTransport reads manifests and other short answers to their end before it gives them, so that one that breaks off can be
// asked for again, and compares them with the digest that was asked for.
type bufferedTransport struct{ next http.RoundTripper }

// RoundTrip gives long answers, and those of unknown length that are no manifests, as they come.
func (t bufferedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || response.StatusCode != http.StatusOK || response.ContentLength > maxBuffered ||
		response.ContentLength < 0 && !strings.Contains(r.URL.Path, "/manifests/") {
		return response, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBuffered+1))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("the answer breaks off after %d bytes: %w", len(body), err)
	}
	if want, ok := strings.CutPrefix(path.Base(r.URL.Path), "sha256:"); ok && len(want) == 2*sha256.Size {
		if got := fmt.Sprintf("%x", sha256.Sum256(body)); got != want {
			return nil, &digestError{want, got}
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// A digestError is an answer that is not what was asked for by digest.
type digestError struct{ want, got string }

func (e *digestError) Error() string {
	return fmt.Sprintf("the registry was asked for sha256:%s and gives what has the digest sha256:%s", e.want, e.got)
}

// An idleTransport gives up connections on which nothing happens any more. It bounds the silence, not the whole: a large layer
// takes its time.
type idleTransport struct {
	next             http.RoundTripper
	reading, writing time.Duration
}

func newIdleTransport(next http.RoundTripper) idleTransport {
	// A registry that has got a large layer may be busy with it for minutes before it answers.
	return idleTransport{next, time.Minute, 10 * time.Minute}
}

// RoundTrip gives an answer whose body fails, too, once nothing comes any more.
func (t idleTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	limit := t.writing
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		limit = t.reading
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	s := &idleTimeout{limit: limit, ctx: ctx}
	s.timer = time.AfterFunc(limit, func() { cancel(idleError(limit)) })
	s.end = func() { s.timer.Stop(); cancel(nil) }
	request := r.Clone(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		request.Body = &idleBody{ReadCloser: r.Body, idle: s}
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		err = s.cause(err)
		s.end()
		return nil, err
	}
	response.Body = &idleBody{ReadCloser: response.Body, idle: s, last: true}
	return response, nil
}

// An idleTimeout is the time since anything was sent or came.
type idleTimeout struct {
	limit time.Duration
	timer *time.Timer
	ctx   context.Context
	end   func()
}

// cause is the silence, where it is that which ended the request.
func (s *idleTimeout) cause(err error) error {
	if silent, ok := context.Cause(s.ctx).(idleError); ok {
		return silent
	}
	return err
}

// An idleBody breaks the silence with every read.
type idleBody struct {
	io.ReadCloser
	idle *idleTimeout
	last bool // the answer: the request ends with it
}

func (w *idleBody) Read(b []byte) (int, error) {
	n, err := w.ReadCloser.Read(b)
	switch {
	case err != nil && err != io.EOF:
		err = w.idle.cause(err)
	case n > 0:
		w.idle.timer.Reset(w.idle.limit)
	}
	return n, err
}

func (w *idleBody) Close() error {
	if w.last {
		w.idle.end()
	}
	return w.ReadCloser.Close()
}

// An idleError is a registry that says nothing any more.
type idleError time.Duration

func (e idleError) Error() string {
	return fmt.Sprintf("nothing came from the registry for %s", time.Duration(e))
}

// Timeout makes it a net.Error, as does Temporary.
func (e idleError) Timeout() bool { return true }

// Temporary is deprecated there, and wanted all the same.
func (e idleError) Temporary() bool { return true }
