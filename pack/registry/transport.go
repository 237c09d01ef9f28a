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

// maxWhole is more than manifests and configurations have.
const maxWhole = 8 << 20

// A whole reads manifests and other short answers to their end before it gives them, so that one that breaks off can be
// asked for again, and compares them with the digest that was asked for.
type whole struct{ next http.RoundTripper }

// RoundTrip gives long answers, and those of unknown length that are no manifests, as they come.
func (t whole) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || response.StatusCode != http.StatusOK || response.ContentLength > maxWhole ||
		response.ContentLength < 0 && !strings.Contains(r.URL.Path, "/manifests/") {
		return response, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxWhole+1))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("the answer breaks off after %d bytes: %w", len(body), err)
	}
	if want, ok := strings.CutPrefix(path.Base(r.URL.Path), "sha256:"); ok && len(want) == 2*sha256.Size {
		if got := fmt.Sprintf("%x", sha256.Sum256(body)); got != want {
			return nil, &garbledError{want, got}
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// A garbledError is an answer that is not what was asked for by digest.
type garbledError struct{ want, got string }

func (e *garbledError) Error() string {
	return fmt.Sprintf("the registry was asked for sha256:%s and gives what has the digest sha256:%s", e.want, e.got)
}

// A patient gives up connections on which nothing happens any more. It bounds the silence, not the whole: a large layer
// takes its time.
type patient struct {
	next             http.RoundTripper
	reading, writing time.Duration
}

func newPatient(next http.RoundTripper) patient {
	// A registry that has got a large layer may be busy with it for minutes before it answers.
	return patient{next, time.Minute, 10 * time.Minute}
}

// RoundTrip gives an answer whose body fails, too, once nothing comes any more.
func (t patient) RoundTrip(r *http.Request) (*http.Response, error) {
	limit := t.writing
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		limit = t.reading
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	s := &silence{limit: limit, ctx: ctx}
	s.timer = time.AfterFunc(limit, func() { cancel(silentError(limit)) })
	s.end = func() { s.timer.Stop(); cancel(nil) }
	request := r.Clone(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		request.Body = &watched{ReadCloser: r.Body, silence: s}
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		err = s.cause(err)
		s.end()
		return nil, err
	}
	response.Body = &watched{ReadCloser: response.Body, silence: s, last: true}
	return response, nil
}

// A silence is the time since anything was sent or came.
type silence struct {
	limit time.Duration
	timer *time.Timer
	ctx   context.Context
	end   func()
}

// cause is the silence, where it is that which ended the request.
func (s *silence) cause(err error) error {
	if silent, ok := context.Cause(s.ctx).(silentError); ok {
		return silent
	}
	return err
}

// A watched body breaks the silence with every read.
type watched struct {
	io.ReadCloser
	silence *silence
	last    bool // the answer: the request ends with it
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.ReadCloser.Read(b)
	switch {
	case err != nil && err != io.EOF:
		err = w.silence.cause(err)
	case n > 0:
		w.silence.timer.Reset(w.silence.limit)
	}
	return n, err
}

func (w *watched) Close() error {
	if w.last {
		w.silence.end()
	}
	return w.ReadCloser.Close()
}

// A silentError is a registry that says nothing any more.
type silentError time.Duration

func (e silentError) Error() string {
	return fmt.Sprintf("nothing came from the registry for %s", time.Duration(e))
}

// Timeout makes it a net.Error, as does Temporary.
func (e silentError) Timeout() bool { return true }

// Temporary is deprecated there, and wanted all the same.
func (e silentError) Temporary() bool { return true }
