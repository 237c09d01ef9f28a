package faulty

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// A Kind is one way in which a registry or the network goes wrong.
type Kind struct {
	Name     string
	Requests int // a run has about so many of those that it is for

	hits   func(*http.Request) bool // nil: all requests
	strike func(*exchange)          // may pass the request on
	hides  bool                     // strikes for some time after the manifest was taken
}

// An exchange is a request that is spoiled.
type exchange struct {
	http.ResponseWriter
	r    *http.Request
	rng  *rand.Rand
	next http.Handler
}

// Kinds are all faults.
var Kinds = []Kind{
	{Name: "reset before", Requests: 40, strike: func(*exchange) { panic(http.ErrAbortHandler) }},
	{Name: "reset in mid-blob", Requests: 40, strike: func(x *exchange) {
		_, _ = io.CopyN(io.Discard, x.r.Body, x.rng.Int64N(2000))
		panic(http.ErrAbortHandler)
	}},
	{Name: "answer lost", Requests: 40, strike: func(x *exchange) {
		x.next.ServeHTTP(httptest.NewRecorder(), x.r)
		panic(http.ErrAbortHandler)
	}},
	{Name: "dropped at a byte", Requests: 40, strike: func(x *exchange) {
		x.copy(x.answer(), func(body []byte) []byte { return body[:x.rng.IntN(len(body)+1)] })
		panic(http.ErrAbortHandler)
	}},
	{Name: "500", Requests: 40, strike: status(http.StatusInternalServerError, "")},
	{Name: "503 with Retry-After", Requests: 40, strike: status(http.StatusServiceUnavailable, "1")},
	{Name: "429", Requests: 40, strike: status(http.StatusTooManyRequests, "")},
	{Name: "429 with Retry-After", Requests: 40, strike: status(http.StatusTooManyRequests, "1")},
	{Name: "408", Requests: 40, strike: status(http.StatusRequestTimeout, "")},
	{Name: "slow", Requests: 40, strike: func(x *exchange) {
		answer := x.answer()
		time.Sleep(time.Duration(x.rng.IntN(300)) * time.Millisecond)
		x.ResponseWriter = slowWriter{x.ResponseWriter}
		x.copy(answer, nil)
	}},
	{Name: "wrong digest header", Requests: 40, strike: func(x *exchange) {
		answer := x.answer()
		if answer.Header().Get("Docker-Content-Digest") != "" {
			answer.Header().Set("Docker-Content-Digest", fmt.Sprintf("sha256:%064x", x.rng.Uint64()))
		}
		x.copy(answer, nil)
	}},
	{Name: "truncated manifest", Requests: 10, hits: func(r *http.Request) bool { return r.Method == http.MethodGet && isManifest(r) }, strike: cut},
	{Name: "truncated manifest of a tag", Requests: 4, hits: func(r *http.Request) bool { return r.Method == http.MethodGet && byTag(r) }, strike: cut},
	{Name: "digest that comes late", Requests: 1, hides: true, hits: func(r *http.Request) bool { return reads(r) && isManifest(r) && !byTag(r) }, strike: notThere},
	{Name: "tag that comes late", Requests: 1, hides: true, hits: func(r *http.Request) bool { return reads(r) && byTag(r) }, strike: notThere},
	{Name: "tag taken and lost", Requests: 2, hits: func(r *http.Request) bool { return r.Method == http.MethodPut && byTag(r) }, strike: func(x *exchange) {
		_, _ = io.Copy(io.Discard, x.r.Body)
		x.WriteHeader(http.StatusCreated)
	}},
	{Name: "manifest of a tag changed", Requests: 2, hits: func(r *http.Request) bool { return r.Method == http.MethodPut && byTag(r) }, strike: change},
	{Name: "redirect to itself", Requests: 20, hits: reads, strike: func(x *exchange) {
		http.Redirect(x, x.r, x.r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}},
	{Name: "redirect of manifests to themselves", Requests: 6, hits: func(r *http.Request) bool { return reads(r) && isManifest(r) }, strike: func(x *exchange) {
		http.Redirect(x, x.r, x.r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}},
	{Name: "upload forgotten", Requests: 3, hits: func(r *http.Request) bool {
		return (r.Method == http.MethodPut || r.Method == http.MethodPatch) && strings.Contains(r.URL.Path, "/uploads/")
	}, strike: func(x *exchange) {
		_, _ = io.Copy(io.Discard, x.r.Body)
		x.error(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")
	}},
}

// status answers with a status instead of the registry.
func status(code int, after string) func(*exchange) {
	return func(x *exchange) {
		if after != "" {
			x.Header().Set("Retry-After", after)
		}
		x.WriteHeader(code)
	}
}

func notThere(x *exchange) { x.error(http.StatusNotFound, "MANIFEST_UNKNOWN") }

func (x *exchange) error(status int, code string) {
	x.Header().Set("Content-Type", "application/json")
	x.WriteHeader(status)
	fmt.Fprintf(x, `{"errors":[{"code":%q,"message":"a fault"}]}`, code)
}

// cut truncates an answer, and its length with it, so that the client cannot notice.
func cut(x *exchange) {
	answer := x.answer()
	if answer.Code != http.StatusOK {
		x.copy(answer, nil)
		return
	}
	answer.Header().Del("Content-Length")
	x.copy(answer, func(body []byte) []byte { return body[:x.rng.IntN(len(body))] })
}

// change changes a manifest on its way to the registry, which then takes it for what was sent.
func change(x *exchange) {
	body, _ := io.ReadAll(x.r.Body)
	var manifest map[string]any
	if json.Unmarshal(body, &manifest) == nil {
		manifest["annotations"] = map[string]string{"changed": strconv.Itoa(x.rng.Int())}
		body, _ = json.Marshal(manifest) // it came from JSON
	}
	x.r.Body, x.r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	x.r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	x.next.ServeHTTP(x.ResponseWriter, x.r)
}

// answer asks the registry.
func (x *exchange) answer() *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	x.next.ServeHTTP(answer, x.r)
	return answer
}

// copy gives the client the registry's answer, with a change to its body.
func (x *exchange) copy(answer *httptest.ResponseRecorder, change func([]byte) []byte) {
	body := answer.Body.Bytes()
	if change != nil {
		body = change(body)
	}
	for name, values := range answer.Header() {
		x.Header()[name] = values
	}
	x.WriteHeader(answer.Code)
	_, _ = x.Write(body) // the client may have gone
	_ = http.NewResponseController(x.ResponseWriter).Flush()
}

// A slowWriter writes in pieces, with pauses.
type slowWriter struct{ http.ResponseWriter }

func (s slowWriter) Write(b []byte) (int, error) {
	for i := 0; i < len(b); i += 1 + len(b)/8 {
		if _, err := s.ResponseWriter.Write(b[i:min(len(b), i+1+len(b)/8)]); err != nil {
			return i, err
		}
		_ = http.NewResponseController(s.ResponseWriter).Flush()
		time.Sleep(20 * time.Millisecond)
	}
	return len(b), nil
}
