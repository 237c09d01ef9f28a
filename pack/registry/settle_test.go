package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

// A registry may be slow to show what it has, lose it, or get it changed. What was named is then seen, put again, or said
// not to be named.
func TestTagSettles(t *testing.T) {
	t.Parallel()
	pass := func(s *store, w http.ResponseWriter, r *http.Request) { s.inner.ServeHTTP(w, r) }
	for what, c := range map[string]struct {
		wrong func(*store, http.ResponseWriter, *http.Request)
		puts  int64
		want  string // in the error; empty: it is named
	}{
		"well":                       {pass, 1, ""},
		"tag after a second":         {lagging(byTag, time.Second), 1, ""},
		"tag after nine seconds":     {lagging(byTag, 9*time.Second), 1, ""},
		"tag after fifteen seconds":  {lagging(byTag, 15*time.Second), 2, ""},
		"tag after an hour":          {lagging(byTag, time.Hour), 2, "the registry took the tag, and does not have it: PUT http://localhost:5000/v2/a-1.0.0-seed/manifests/1.0.0 was answered with success, and GET of it was not found for 10s\n" + testName + " is not named"},
		"tag lost once":              {losing(1, false), 2, ""},
		"tag always lost":            {losing(99, false), 2, "is not named: the registry holds sha256:"},
		"tag lost and no answer":     {losing(1, true), 1, "could not be found out: seedpack verify " + testName + " tells"},
		"changed once":               {changing(1, true), 2, ""},
		"changed once, no header":    {changing(1, false), 2, ""},
		"changed twice":              {changing(2, true), 3, ""},
		"changed always":             {changing(99, true), 3, testName + " names the unverified image sha256:"},
		"changed always, no header":  {changing(99, false), 3, testName + " names the unverified image sha256:"},
		"no If-None-Match":           {refusingHeader("If-None-Match", http.StatusBadRequest), 2, ""},
		"no If-None-Match: 501":      {refusingHeader("If-None-Match", http.StatusNotImplemented), 2, ""},
		"no If-None-Match: 412":      {refusingHeader("If-None-Match", http.StatusPreconditionFailed), 2, ""},
		"forbidden":                  {refusingHeader("Content-Type", http.StatusForbidden), 1, testName + " is not named: the registry holds sha256:"},
		"busy for good":              {refusingHeader("Content-Type", http.StatusServiceUnavailable), 5, testName + " is not named: the registry holds sha256:"},
		"digest after a second":      {lateDigest(time.Second), 1, ""},
		"digest after nine seconds":  {lateDigest(9 * time.Second), 1, ""},
		"digest after an hour":       {lateDigest(time.Hour), 0, "is not named: the registry does not hold sha256:"},
		"answers by tag cut":         {cutting(byTag, 2), 1, ""},
		"answers by digest cut":      {cutting(byDigest, 2), 1, ""},
		"answers by tag always cut":  {cutting(byTag, 999), 0, "the answer breaks off after"},
		"tag names rubbish at first": {rubbish(3), 1, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStore(t, c.wrong)
				digest := s.direct("", randomImage(t))
				_, err := Registry{Transport: serve(t, s.ServeHTTP)}.Tag(t.Context(), testName, digest, false)
				if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if err == nil && s.names() != digest {
					t.Errorf("the tag names %q, not %s", s.names(), digest)
				}
				if got := s.puts.Load(); got != c.puts {
					t.Errorf("named %d times, want %d", got, c.puts)
				}
				var conflict *TagConflict
				if errors.As(err, &conflict) {
					t.Errorf("it is somebody else's: %v", err)
				}
			})
		})
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

// What has vanished is said with the request, with what the registry has, and with the command that finds out.
func TestVanishedSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, lateDigest(time.Hour))
		other := s.direct("1.0.0", randomImage(t))
		begin := time.Now()
		digest := "sha256:" + strings.Repeat("0", 64)
		_, err := Registry{Transport: serve(t, s.ServeHTTP)}.Tag(t.Context(), testName, digest, true)
		var vanished *Vanished
		want := fmt.Sprintf("%s is not named: the registry does not hold %s, which was pushed\n"+
			"GET http://localhost:5000/v2/a-1.0.0-seed/manifests/%[2]s was not found for 10s; it has %[3]s under %[1]s\n"+
			"seedpack verify %[4]s@%[2]s tells whether it is there now\n"+
			"does a clean-up delete images without a tag? give them an hour, and publish again", testName, digest, other, testRepository)
		if !errors.As(err, &vanished) || err.Error() != want {
			t.Errorf("%v", err)
		}
		if took := time.Since(begin); took < awaited {
			t.Errorf("given up after %s", took)
		}
	})
}

// overtaking names another image of another run, some time after the first request to name something was answered.
func overtaking(t *testing.T, other v1.Image, after time.Duration) (wrong func(*store, http.ResponseWriter, *http.Request), begin func(*store)) {
	named := make(chan struct{})
	var once sync.Once
	wrong = func(s *store, w http.ResponseWriter, r *http.Request) {
		s.inner.ServeHTTP(w, r)
		if r.Method == http.MethodPut && byTag(r) {
			if after == 0 {
				s.direct("1.0.0", other)
			}
			once.Do(func() { close(named) })
		}
	}
	return wrong, func(s *store) {
		<-named
		time.Sleep(after)
		s.direct("1.0.0", other)
	}
}

// The run that loses the name is told, whether it sees that at once or after the pause, also with leave to move the name.
func TestTagOvertaken(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 10 * time.Millisecond, 400 * time.Millisecond} {
		for _, move := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				other := randomImage(t)
				wrong, begin := overtaking(t, other, after)
				s := newStore(t, wrong)
				digest, theirs := s.direct("", randomImage(t)), s.direct("", other)
				go begin(s)
				_, err := Registry{Transport: serve(t, s.ServeHTTP)}.Tag(t.Context(), testName, digest, move)
				var conflict *TagConflict
				if !errors.As(err, &conflict) || !conflict.Overtaken || conflict.Held != theirs ||
					!strings.HasPrefix(err.Error(), testName+" names another image now, "+theirs+": another run published it") {
					t.Errorf("after %s, move %t: %v", after, move, err)
				}
				if s.puts.Load() != 1 {
					t.Errorf("after %s, move %t: the name was put %d times", after, move, s.puts.Load())
				}
			})
		}
	}
}

// A registry that honours If-None-Match keeps the name of the run that came first. The other one changes nothing.
func TestTagIfNoneMatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var theirs string
		s := newStore(t, func(s *store, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && byTag(r) {
				theirs = s.direct("1.0.0", randomImage(t)) // between the look and this request
				if r.Header.Get("If-None-Match") == "*" {
					w.WriteHeader(http.StatusPreconditionFailed)
					return
				}
			}
			s.inner.ServeHTTP(w, r)
		})
		_, err := Registry{Transport: serve(t, s.ServeHTTP)}.Tag(t.Context(), testName, s.direct("", randomImage(t)), false)
		var conflict *TagConflict
		if !errors.As(err, &conflict) || !conflict.Overtaken || conflict.Held != theirs || s.names() != theirs {
			t.Errorf("%v; the name is %s's", err, s.names())
		}
	})
}

// A name that moves may still show what it was before, at first or in between. That is not another run's.
func TestTagStale(t *testing.T) {
	t.Parallel()
	for _, from := range []time.Duration{0, 10 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			old := randomImage(t)
			s := newStore(t, func(s *store, w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && byTag(r) && s.within(8*time.Second) && !s.within(from) {
					raw, _ := old.RawManifest() // it is in memory
					w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
					_, _ = w.Write(raw)
					return
				}
				s.inner.ServeHTTP(w, r)
			})
			s.direct("1.0.0", old)
			s.direct("", old)
			digest := s.direct("", randomImage(t))
			if _, err := (Registry{Transport: serve(t, s.ServeHTTP)}).Tag(t.Context(), testName, digest, true); err != nil || s.names() != digest {
				t.Errorf("from %s on: %v", from, err)
			}
		})
	}
}

// Of ten runs that race for a name, exactly one is told that it has it, and it does. Each request takes a time of its own, on
// its way there and back.
func TestTagRace(t *testing.T) {
	t.Parallel()
	seeds := uint64(20)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		for _, latency := range []time.Duration{time.Millisecond, 100 * time.Millisecond, 3 * time.Second} {
			t.Run(fmt.Sprint(seed, " ", latency), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { race(t, seed, latency) })
			})
		}
	}
}

func race(t *testing.T, seed uint64, latency time.Duration) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, uint64(latency)))
	pause := func() {
		mu.Lock()
		d := time.Duration(rng.Int64N(int64(latency)))
		mu.Unlock()
		time.Sleep(d)
	}
	s := newStore(t, func(s *store, w http.ResponseWriter, r *http.Request) {
		pause()
		rec := httptest.NewRecorder()
		s.inner.ServeHTTP(rec, r)
		pause()
		answer{rec}.copyTo(w)
	})
	transport := serve(t, s.ServeHTTP)
	var winners []string
	var runs sync.WaitGroup
	for range 10 {
		digest := s.direct("", randomImage(t))
		runs.Go(func() {
			pause()
			_, err := Registry{Transport: transport}.Tag(t.Context(), testName, digest, seed%2 == 0)
			mu.Lock()
			defer mu.Unlock()
			var conflict *TagConflict
			switch {
			case err == nil:
				winners = append(winners, digest)
			case !errors.As(err, &conflict):
				t.Errorf("%v", err)
			}
		})
	}
	runs.Wait()
	if len(winners) != 1 || winners[0] != s.names() {
		t.Errorf("%d runs are told that the name is theirs: %q; it is %s's", len(winners), winners, s.names())
	}
}
