package registry

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

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
