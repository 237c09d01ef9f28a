// Package faulty stands between a registry and its clients in tests, and goes wrong as registries and networks do. What goes
// wrong, and when, comes from a seed.
package faulty

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Registry passes requests on, and spoils some. It is a handler of HTTP.
type Registry struct {
	next   http.Handler
	faults []*fault // in the order in which they may strike

	mu       sync.Mutex
	rng      *rand.Rand
	put      map[string]time.Time // when the manifest of a path was first taken
	requests int
}

// A fault is a Kind that is at work.
type fault struct {
	Kind
	skip, left int           // requests that it lets pass, and that it spoils after them
	lag        time.Duration // for kinds that hide what is there
}

// forever is more requests than a run has.
const forever = 1 << 30

// New returns a registry with one to three faults. A fault in seven does not end. What is hidden is hidden for lag at most.
func New(next http.Handler, seed uint64, lag time.Duration) *Registry {
	rng := rand.New(rand.NewPCG(seed, 1))
	g := &Registry{next: next, rng: rng, put: map[string]time.Time{}}
	for _, i := range rng.Perm(len(Kinds))[:1+rng.IntN(3)] {
		f := &fault{Kind: Kinds[i], skip: rng.IntN(Kinds[i].Requests), left: 1 + rng.IntN(4), lag: time.Duration(rng.Int64N(int64(lag)))}
		if f.hides || rng.IntN(7) == 0 {
			f.left = forever
		}
		g.faults = append(g.faults, f)
	}
	return g
}

// With returns a registry with one fault, which spoils some requests after some that it lets pass.
func With(next http.Handler, kind string, skip, times int, lag time.Duration) *Registry {
	for _, k := range Kinds {
		if k.Name == kind {
			return &Registry{next: next, rng: rand.New(rand.NewPCG(0, 1)), put: map[string]time.Time{}, faults: []*fault{{k, skip, times, lag}}}
		}
	}
	panic("there is no fault called " + kind)
}

// String says what goes wrong.
func (g *Registry) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for _, f := range g.faults {
		times := fmt.Sprintf("%d more times", f.left)
		switch {
		case f.hides:
			times = "for " + f.lag.String()
		case f.left > forever/2:
			times = "for ever"
		}
		all = append(all, fmt.Sprintf("%s (%d to skip, then %s)", f.Name, f.skip, times))
	}
	return fmt.Sprintf("%s; %d requests", strings.Join(all, ", "), g.requests)
}

// ServeHTTP lets the first fault strike that a request is for, or passes the request on.
func (g *Registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, r: r, next: http.HandlerFunc(g.pass)}
	if strike := g.choose(x); strike != nil {
		strike(x)
		return
	}
	g.pass(w, r)
}

func (g *Registry) choose(x *exchange) func(*exchange) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests++
	x.rng = rand.New(rand.NewPCG(g.rng.Uint64(), 0))
	for _, f := range g.faults {
		switch {
		case f.hits != nil && !f.hits(x.r):
		case f.hides:
			if at, ok := g.put[x.r.URL.Path]; ok && time.Since(at) < f.lag {
				return f.strike
			}
		case f.skip > 0:
			f.skip--
		case f.left > 0:
			f.left--
			return f.strike
		}
	}
	return nil
}

// pass passes a request on, and notes when a manifest was taken.
func (g *Registry) pass(w http.ResponseWriter, r *http.Request) {
	s := &statusWriter{ResponseWriter: w}
	g.next.ServeHTTP(s, r)
	if r.Method == http.MethodPut && isManifest(r) && s.status == http.StatusCreated {
		g.mu.Lock()
		defer g.mu.Unlock()
		if _, ok := g.put[r.URL.Path]; !ok {
			g.put[r.URL.Path] = time.Now()
		}
	}
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func isManifest(r *http.Request) bool { return strings.Contains(r.URL.Path, "/manifests/") }

func byTag(r *http.Request) bool {
	return isManifest(r) && !strings.Contains(r.URL.Path, "/manifests/sha256:")
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
