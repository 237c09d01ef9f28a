package registry

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

const (
	testRepository = "localhost:5000/a-1.0.0-seed"
	testName       = testRepository + ":1.0.0"
)

// A store is a registry in memory, behind what goes wrong. Its own answers are asked for with direct.
type store struct {
	t     *testing.T
	inner http.Handler
	wrong func(s *store, w http.ResponseWriter, r *http.Request) // may pass the request on to inner
	puts  atomic.Int64                                           // requests to name something
	first atomic.Int64                                           // when the first one came, in nanoseconds; 0: not yet
}

func newStore(t *testing.T, wrong func(*store, http.ResponseWriter, *http.Request)) *store {
	return &store{t: t, inner: registry.New(registry.Logger(log.New(io.Discard, "", 0))), wrong: wrong}
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut && byTag(r) {
		s.puts.Add(1)
		s.first.CompareAndSwap(0, time.Now().UnixNano())
	}
	s.wrong(s, w, r)
}

// within reports whether the first request to name something came, and not so long ago.
func (s *store) within(d time.Duration) bool {
	at := s.first.Load()
	return at != 0 && time.Since(time.Unix(0, at)) < d
}

func byTag(r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/manifests/") && !strings.Contains(r.URL.Path, "/sha256:")
}

func byDigest(r *http.Request) bool { return strings.Contains(r.URL.Path, "/manifests/sha256:") }

func notThere(w http.ResponseWriter) {
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}`)
}

// direct puts a manifest into the registry itself, without anything wrong.
func (s *store) direct(reference string, img v1.Image) string {
	s.t.Helper()
	manifest, err := img.RawManifest()
	if err != nil {
		s.t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	if reference == "" {
		reference = digest.String()
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPut, "/v2/a-1.0.0-seed/manifests/"+reference, bytes.NewReader(manifest))
	r.Header.Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
	s.inner.ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		s.t.Fatalf("the registry answers %d: %s", w.Code, w.Body)
	}
	return digest.String()
}

// names returns the digest that the registry itself gives for the tag.
func (s *store) names() string {
	w := httptest.NewRecorder()
	s.inner.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/a-1.0.0-seed/manifests/1.0.0", nil))
	if w.Code != http.StatusOK {
		return ""
	}
	return w.Header().Get("Docker-Content-Digest")
}

func randomImage(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.Annotations(img, map[string]string{"title": "T"}).(v1.Image)
}

// lagging hides what a request would get, for some time after the first request to name something.
func lagging(hidden func(*http.Request) bool, lag time.Duration) func(*store, http.ResponseWriter, *http.Request) {
	return func(s *store, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && hidden(r) && s.within(lag) {
			notThere(w)
			return
		}
		s.inner.ServeHTTP(w, r)
	}
}

// changing changes manifests on their way to a tag, a number of times.
func changing(times int64, header bool) func(*store, http.ResponseWriter, *http.Request) {
	return func(s *store, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && byTag(r) && s.puts.Load() <= times {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte(`"T"`), []byte(`"U"`), 1)))
		}
		if header {
			s.inner.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		s.inner.ServeHTTP(rec, r)
		rec.Header().Del("Docker-Content-Digest")
		answer{rec}.copyTo(w)
	}
}

type answer struct{ *httptest.ResponseRecorder }

func (a answer) copyTo(w http.ResponseWriter) {
	for key, values := range a.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(a.Code)
	_, _ = w.Write(a.Body.Bytes())
}

// losing takes a tag and does not keep it, a number of times. With dead, it answers nothing else afterwards.
func losing(times int64, dead bool) func(*store, http.ResponseWriter, *http.Request) {
	return func(s *store, w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut && byTag(r) && s.puts.Load() <= times:
			w.WriteHeader(http.StatusCreated)
		case dead && s.puts.Load() > 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			s.inner.ServeHTTP(w, r)
		}
	}
}

// refusingHeader refuses to name anything in requests that have a header.
func refusingHeader(header string, status int) func(*store, http.ResponseWriter, *http.Request) {
	return func(s *store, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && byTag(r) && r.Header.Get(header) != "" {
			w.WriteHeader(status)
			return
		}
		s.inner.ServeHTTP(w, r)
	}
}

// lateDigest hides manifests by digest for some time after the first request.
func lateDigest(lag time.Duration) func(*store, http.ResponseWriter, *http.Request) {
	var begin time.Time
	var once sync.Once
	return func(s *store, w http.ResponseWriter, r *http.Request) {
		once.Do(func() { begin = time.Now() })
		if r.Method == http.MethodGet && byDigest(r) && time.Since(begin) < lag {
			notThere(w)
			return
		}
		s.inner.ServeHTTP(w, r)
	}
}

// cutting cuts answers a number of times, and their length with them.
func cutting(which func(*http.Request) bool, times int64) func(*store, http.ResponseWriter, *http.Request) {
	var n atomic.Int64
	return func(s *store, w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		s.inner.ServeHTTP(rec, r)
		if which(r) && r.Method == http.MethodGet && (rec.Code == http.StatusOK || times > 99) && n.Add(1) <= times {
			rec.Code = http.StatusOK
			rec.Header().Del("Content-Length")
			rec.Body.Truncate(rec.Body.Len() / 2)
		}
		answer{rec}.copyTo(w)
	}
}

// rubbish gives for a tag that does not exist what the registry does not hold, a number of times.
func rubbish(times int64) func(*store, http.ResponseWriter, *http.Request) {
	var n atomic.Int64
	return func(s *store, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && byTag(r) && n.Add(1) <= times {
			w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
			_, _ = io.WriteString(w, `{"schemaVersion":2}`)
			return
		}
		s.inner.ServeHTTP(w, r)
	}
}
