package registry

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

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
