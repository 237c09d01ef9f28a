package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seedpack/seedpack/e2e/faulty"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/registry"
)

// This file names images in registries that are slow to show names, lose them, or have several runs that want one.

// TestNaming proves that a run says "published" only if the registry has the image under its name, and otherwise what is wrong.
func TestNaming(t *testing.T) {
	t.Parallel()
	needRegistry(t)
	builder := startBuilder(t)
	for name, c := range map[string]struct {
		kind        string
		skip, times int
		want        int
		held        bool // the registry has something under the name
		texts       []string
	}{
		"digest late":      {"digest that comes late", 0, 1 << 30, exit.StatusClean, true, []string{"\npublished "}},
		"tag late":         {"tag that comes late", 0, 1 << 30, exit.StatusClean, true, []string{"\npublished "}},
		"tag lost once":    {"tag taken and lost", 0, 1, exit.StatusClean, true, []string{"\npublished "}},
		"tag always lost":  {"tag taken and lost", 0, 1 << 30, exit.StatusFailure, false, []string{"the registry took the tag, and does not have it: PUT http://", "is not named", "seedpack verify "}},
		"changed once":     {"manifest of a tag changed", 0, 1, exit.StatusClean, true, []string{"\npublished "}},
		"always changed":   {"manifest of a tag changed", 0, 1 << 30, exit.StatusFailure, true, []string{"names the unverified image sha256:", "It should name sha256:", "do not use "}},
		"upload forgotten": {"upload forgotten", 0, 1, exit.StatusClean, true, []string{"trying again in", "\npublished "}},
		"answers cut":      {"truncated manifest of a tag", 0, 2, exit.StatusClean, true, []string{"\npublished "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := serveFaults(t, faulty.With(toRegistry(t), c.kind, c.skip, c.times, 2*time.Second))
			// An image that is in another repository already need not be sent.
			got, out := packTo(t, builder, host+"/"+namespaceOf(t), `"title": "`, `"title": "`+name)
			expect(t, got, "\n"+out, c.want, c.held, c.texts...)
		})
	}
	for name, test := range map[string]func(*testing.T, string){"lost and silent": testLostTag, "refused": testRefusedPush, "race": testRace} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, builder)
		})
	}
}

// testLostTag proves that a name which nobody has seen is not called published.
func testLostTag(t *testing.T, builder string) {
	var lost atomic.Bool
	host := spoiltRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
		if lost.Load() {
			return answerError(w, http.StatusServiceUnavailable, "UNAVAILABLE")
		}
		if r.Method != http.MethodPut || !ofManifest(r, false) {
			return false
		}
		lost.Store(true)
		w.WriteHeader(http.StatusCreated)
		return true
	})
	got, out := packTo(t, builder, host+"/"+namespaceOf(t), "", "")
	expect(t, got, out, exit.StatusFailure, false, "now could not be found out: seedpack verify "+host+"/"+namespaceOf(t)+"/random-number-gen-0.1.0-seed:0.1.0 tells")
	if strings.Contains(out, "published ") {
		t.Errorf("it is called published:\n%s", out)
	}
}

// testRefusedPush proves that a push which the registry refuses, at any of its requests, says what was not done.
func testRefusedPush(t *testing.T, builder string) {
	for what, refuses := range map[string]func(*http.Request) bool{
		"uploads": func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/uploads/")
		},
		"manifests": func(r *http.Request) bool { return r.Method == http.MethodPut && ofManifest(r, true) },
	} {
		host := spoiltRegistry(t, func(w http.ResponseWriter, r *http.Request) bool {
			return refuses(r) && answerError(w, http.StatusForbidden, "DENIED")
		})
		got, out := packTo(t, builder, host+"/"+namespaceOf(t), `"title": "`, `"title": "Refused `+what+` `)
		expect(t, got, out, exit.StatusFailure, false, " is not published: nothing is named; the registry may hold parts of the image, without a tag")
		if t.Failed() {
			t.Log(what)
		}
	}
}

// testRace proves that of ten runs that name ten images at once, exactly one is told that it has the name, and it has. The
// registry takes longer with each request to name something.
func testRace(t *testing.T, builder string) {
	rounds := 1
	if os.Getenv("SEEDPACK_LONG") != "" {
		rounds = 20
	}
	for round := range rounds {
		slow := time.Duration(round%3) * 200 * time.Millisecond
		var names atomic.Int64
		host := spoiltRegistry(t, func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut && ofManifest(r, false) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return false
				}
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				time.Sleep(slow * time.Duration(names.Add(1)))
			}
			return false
		})
		raceOnce(t, builder, host, fmt.Sprintf("%s-%d", namespaceOf(t), round))
	}
}

func raceOnce(t *testing.T, builder, host, namespace string) {
	var mu sync.Mutex
	var winners, losers int
	var said []string
	var runs sync.WaitGroup
	for i := range 10 {
		runs.Go(func() {
			got, out := packTo(t, builder, host+"/"+namespace, `"title": "`, fmt.Sprintf(`"title": "%d `, i), "--preflight=false")
			out = "\n" + out
			mu.Lock()
			defer mu.Unlock()
			switch {
			case got == exit.StatusClean && strings.Contains(out, "\npublished "):
				winners++
				_, digest, _ := strings.Cut(out[strings.Index(out, "\npublished "):], "@")
				said = append(said, strings.TrimSpace(digest))
			case got == exit.StatusFindings && (strings.Contains(out, "another run published it") || strings.Contains(out, "names another image already")):
				losers++
			default:
				t.Errorf("exit status %d:\n%s", got, out)
			}
		})
	}
	runs.Wait()
	held, err := registry.Registry{}.Held(t.Context(), os.Getenv("SEEDPACK_TEST_REGISTRY")+"/"+namespace+"/random-number-gen-0.1.0-seed:0.1.0")
	if err != nil || winners != 1 || losers != 9 || held != said[0] {
		t.Errorf("%d runs are told that the name is theirs, %d that it is not: %q; it is %q's, %v", winners, losers, said, held, err)
	}
}

// TestVerifyCut proves that verify asks again for an answer that was cut, by tag and by digest, and names the request if all are.
func TestVerifyCut(t *testing.T) {
	t.Parallel()
	needRegistry(t)
	got, out := packTo(t, startBuilder(t), os.Getenv("SEEDPACK_TEST_REGISTRY")+"/"+namespaceOf(t), "", "")
	expect(t, got, out, exit.StatusClean, true)
	for _, kind := range []string{"truncated manifest", "truncated manifest of a tag", "dropped at a byte"} {
		for _, times := range []int{1, 3} {
			host := serveFaults(t, faulty.With(toRegistry(t), kind, 0, times, 0))
			if got, out := runProgram(t, "verify", host+"/"+namespaceOf(t)+"/random-number-gen-0.1.0-seed:0.1.0"); got != exit.StatusClean {
				t.Errorf("%s, %d times: exit status %d\n%s", kind, times, got, out)
			}
		}
	}
	reference := serveFaults(t, faulty.With(toRegistry(t), "truncated manifest", 0, 1<<30, 0)) + "/" + namespaceOf(t) + "/random-number-gen-0.1.0-seed"
	want := fmt.Sprintf("Get \"http://%s/manifests/0.1.0\": the answer breaks off after ", strings.Replace(reference, "/", "/v2/", 1))
	if got, out := runProgram(t, "verify", reference+":0.1.0"); got != exit.StatusFailure || !strings.Contains(out, want) {
		t.Errorf("exit status %d\n%s", got, out)
	}
}
