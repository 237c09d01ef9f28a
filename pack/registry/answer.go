package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A waiting is the time that is left for a token service to answer in.
type waiting struct {
	service  string // its address, for messages
	registry string
	left     time.Duration
	keychain *Keychain
}

// waitingKey is the key of a *waiting in the context of a request to a token service.
type waitingKey struct{}

func (w *waiting) giveUp() error {
	err := fmt.Errorf("the token service %s of %s did not answer within %s", w.service, w.registry, w.keychain.patience())
	w.keychain.giveUp(w.service, err)
	return err
}

// An answerTransport waits for a token service as long as its request allows, in all tries. Pauses between tries do not count,
// since a busy service asks for them. It reads the answer, which may come byte by byte, within the same time.
type answerTransport struct{ next http.RoundTripper }

func (t answerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w, ok := r.Context().Value(waitingKey{}).(*waiting)
	if !ok {
		return t.next.RoundTrip(r)
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), w.left)
	defer cancel()
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	if err == nil {
		err = keepBody(response, maxToken+1)
	}
	w.left -= time.Since(begun)
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return nil, w.giveUp()
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}

// keepBody reads a body and puts what was read in its place. What is longer than the limit is cut.
func keepBody(response *http.Response, limit int64) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, limit))
	_ = response.Body.Close()
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Del("Content-Length")
	return err
}

// addressOf returns a URL without what may be secret.
func addressOf(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
