package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/seedpack/seedpack/pack/source"
)

// newTransport returns the transport below all others of this package. It trusts the authorities in the pool, or those of
// the system if pool is nil.
func newTransport(pool *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: newDialer().DialContext, ForceAttemptHTTP2: true,
		MaxIdleConns: 100, MaxIdleConnsPerHost: 50, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		ExpectContinueTimeout: time.Second, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}
}

// defaultTransport makes the transport once, so that all requests share its connections.
var defaultTransport = sync.OnceValue(func() *http.Transport { return newTransport(nil) })

// maxBuffered is larger than manifests and configurations are.
const maxBuffered = 8 << 20

// limitKey is the key of the limit of an answer in the context of its request, in bytes.
type limitKey struct{}

// mostBuffered returns how many bytes of an answer are read at most.
func mostBuffered(ctx context.Context) int64 {
	if limit, ok := ctx.Value(limitKey{}).(int64); ok {
		return min(limit, maxBuffered)
	}
	return maxBuffered
}

// A bufferedTransport reads a short response completely before it returns it. A truncated one is an error, so that it
// can be retried. If the request was by digest, the response must have that digest.
type bufferedTransport struct{ next http.RoundTripper }

// isDocument reports whether a path is that of a manifest or a list, which is a JSON object.
func isDocument(path string) bool {
	return strings.Contains(path, "/manifests/") || strings.Contains(path, "/referrers/") || strings.HasSuffix(path, "/tags/list") || strings.HasSuffix(path, "/_catalog")
}

// isCut reports whether a text is the beginning of a JSON value. A proxy may truncate a response and change its length, too.
func isCut(text []byte) bool {
	var value json.RawMessage
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&value)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// RoundTrip returns a long response unread. It does the same with a response of unknown length that is not a document.
func (t bufferedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || response.StatusCode != http.StatusOK ||
		(response.ContentLength > maxBuffered || response.ContentLength < 0) && !isDocument(r.URL.Path) {
		return response, err
	}
	most := mostBuffered(r.Context())
	if response.ContentLength > most {
		_ = response.Body.Close()
		return nil, &TooLarge{most}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if int64(len(body)) > most {
		_ = response.Body.Close()
		return nil, &TooLarge{most}
	}
	if err = errors.Join(err, response.Body.Close()); err == nil && isDocument(r.URL.Path) && isCut(body) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("the answer breaks off after byte %d: %w", len(body), err)
	}
	// The last part of other addresses may be a digest, too: the one that a list of referrers is about.
	byDigest := strings.Contains(r.URL.Path, "/manifests/") || strings.Contains(r.URL.Path, "/blobs/")
	if want, ok := strings.CutPrefix(path.Base(r.URL.Path), "sha256:"); ok && byDigest && len(want) == 2*sha256.Size {
		if got := fmt.Sprintf("%x", sha256.Sum256(body)); got != want {
			return nil, &digestError{want, got}
		}
	}
	if strings.Contains(r.URL.Path, "/manifests/") || strings.Contains(r.URL.Path, "/referrers/") {
		if err := source.CheckValues(body); err != nil {
			return nil, fmt.Errorf("the answer: %w", err)
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// A digestError is the error for a response with another digest than the requested one.
type digestError struct{ want, got string }

func (e *digestError) Error() string {
	return fmt.Sprintf("the registry was asked for sha256:%s and gives what has the digest sha256:%s", e.want, e.got)
}

// An idleTransport cancels a request while no bytes are sent or received for some time. It does not limit the total
// time, because a large layer may take long.
type idleTransport struct {
	next             http.RoundTripper
	reading, writing time.Duration
}

func newIdleTransport(next http.RoundTripper) idleTransport {
	// A registry may work for minutes on a large layer before it answers.
	return idleTransport{next, time.Minute, 10 * time.Minute}
}

// RoundTrip returns a response whose body fails, too, if it is idle for too long.
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

// An idleTimeout cancels a request once nothing has been sent or received for the limit.
type idleTimeout struct {
	limit time.Duration
	timer *time.Timer
	ctx   context.Context
	end   func()
}

// cause returns the idleError if that ended the request, else err.
func (s *idleTimeout) cause(err error) error {
	if silent, ok := context.Cause(s.ctx).(idleError); ok {
		return silent
	}
	return err
}

// An idleBody restarts the timeout with every read.
type idleBody struct {
	io.ReadCloser
	idle *idleTimeout
	last bool // the body is the response: the request ends when it is closed
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

// An idleError is the error for a registry that no longer sends anything.
type idleError time.Duration

func (e idleError) Error() string {
	return fmt.Sprintf("nothing came from the registry for %s", time.Duration(e))
}

// Timeout reports true, which makes the error a net.Error that can be retried.
func (e idleError) Timeout() bool { return true }

// Temporary is deprecated, but net.Error still requires it.
func (e idleError) Temporary() bool { return true }
