package registry

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

var aStatement = Statement{Predicate: "https://example.com/tests/v1", Content: []byte(`{"result":"PASSED"}`), Annotations: map[string]string{"com.example.result": "PASSED"}}

// withReferrers is a store whose registry has the referrers API.
func withReferrers(t *testing.T, wrong func(*store, http.ResponseWriter, *http.Request)) *store {
	return &store{t: t, inner: registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)), wrong: wrong}
}

func pass(s *store, w http.ResponseWriter, r *http.Request) { s.inner.ServeHTTP(w, r) }

// read asks the registry itself.
func (s *store) read(path string, v any) http.Header {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.inner.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/a-1.0.0-seed"+path, nil))
	if w.Code != http.StatusOK {
		s.t.Errorf("GET %s: %d", path, w.Code)
		return w.Header()
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		s.t.Errorf("GET %s: %v", path, err)
	}
	return w.Header()
}

// isTagFor reports whether a request is about the tag that stands for the referrers API.
func isTagFor(r *http.Request) bool { return strings.Contains(r.URL.Path, "/manifests/sha256-") }

// A statement is listed among what refers to the image, also in registries without the API for that, whatever they answer to it.
func TestAttach(t *testing.T) {
	t.Parallel()
	answering := func(status int, contentType, body string) func(*store, http.ResponseWriter, *http.Request) {
		return func(s *store, w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/referrers/") {
				s.inner.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for what, s := range map[string]*store{
		"the API":          withReferrers(t, pass),
		"404":              newStore(t, pass),
		"405":              newStore(t, answering(http.StatusMethodNotAllowed, "text/plain", "no")),
		"400":              newStore(t, answering(http.StatusBadRequest, "application/json", `{"errors":[{"code":"UNSUPPORTED"}]}`)),
		"501":              newStore(t, answering(http.StatusNotImplemented, "application/json", `{"errors":[{"code":"UNSUPPORTED"}]}`)),
		"406":              newStore(t, answering(http.StatusNotAcceptable, "", "")),
		"a web page":       newStore(t, answering(http.StatusOK, "text/html", "<!doctype html><title>Registry</title>")),
		"the tag is lost":  newStore(t, losing(1, false)),
		"the tag is late":  newStore(t, lagging(byTag, 2*time.Second)),
		"a list elsewhere": withReferrers(t, answering(http.StatusNotFound, "", "")),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s.t = t
				digest := s.direct("", randomImage(t))
				r := Registry{Transport: serve(t, s.ServeHTTP)}
				refers, err := r.Attach(t.Context(), testRepository, digest, aStatement)
				if err != nil {
					t.Fatal(err)
				}
				var list v1.IndexManifest
				if what == "the API" {
					s.read("/referrers/"+digest, &list)
				} else {
					s.read("/manifests/"+strings.Replace(digest, ":", "-", 1), &list)
				}
				if len(list.Manifests) != 1 {
					t.Fatalf("listed are %+v", list.Manifests)
				}
				d := list.Manifests[0]
				if d.Digest.String() != refers || d.Annotations["in-toto.io/predicate-type"] != aStatement.Predicate || d.Annotations["com.example.result"] != "PASSED" {
					t.Errorf("listed is %+v, attached was %s", d, refers)
				}
				s.holds(refers, digest)
				if again, err := r.Attach(t.Context(), testRepository, digest, aStatement); err != nil || again != refers {
					t.Errorf("attached again, it is %s, %v", again, err)
				}
			})
		})
	}
}

// holds checks the manifest that refers to an image, and the statement in it.
func (s *store) holds(refers, digest string) {
	s.t.Helper()
	var m v1.Manifest
	s.read("/manifests/"+refers, &m)
	if m.MediaType != types.OCIManifestSchema1 || m.ArtifactType != "application/vnd.in-toto+json" || m.Subject == nil || m.Subject.Digest.String() != digest ||
		m.Subject.Size == 0 || m.Subject.MediaType == "" || len(m.Layers) != 1 || m.Layers[0].Annotations["in-toto.io/predicate-type"] != aStatement.Predicate {
		s.t.Fatalf("the manifest is %+v", m)
	}
	var content, config json.RawMessage
	s.read("/blobs/"+m.Layers[0].Digest.String(), &content)
	s.read("/blobs/"+m.Config.Digest.String(), &config)
	if string(content) != string(aStatement.Content) || string(config) != "{}" {
		s.t.Errorf("the statement is %s, the configuration %s", content, config)
	}
}

// What others have attached stays in the list, and what another run takes out of it at the same time is put there again.
func TestAttachBesideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const other = `{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
			{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": %q, "size": 7, "artifactType": "application/vnd.example"}]}`
		overwritten, theirs := 0, ""
		s := newStore(t, func(s *store, w http.ResponseWriter, r *http.Request) {
			s.inner.ServeHTTP(w, r)
			if r.Method == http.MethodPut && isTagFor(r) && overwritten < 2 {
				overwritten++
				put := httptest.NewRequest(http.MethodPut, r.URL.Path, strings.NewReader(fmt.Sprintf(other, theirs)))
				put.Header.Set("Content-Type", string(types.OCIImageIndex))
				s.inner.ServeHTTP(httptest.NewRecorder(), put)
			}
		})
		digest := s.direct("", randomImage(t))
		theirs = s.direct("", randomImage(t))
		for n := range 2 {
			refers, err := Registry{Transport: serve(t, s.ServeHTTP)}.Attach(t.Context(), testRepository, digest, Statement{Predicate: fmt.Sprint(n), Content: aStatement.Content})
			if err != nil {
				t.Fatal(err)
			}
			var list v1.IndexManifest
			s.read("/manifests/"+strings.Replace(digest, ":", "-", 1), &list)
			if len(list.Manifests) != 2+n || !slices.ContainsFunc(list.Manifests, func(d v1.Descriptor) bool { return d.Digest.String() == refers }) ||
				!slices.ContainsFunc(list.Manifests, func(d v1.Descriptor) bool { return d.ArtifactType == "application/vnd.example" }) {
				t.Errorf("listed are %+v", list.Manifests)
			}
		}
	})
}

// What is not attached is an error that says why.
func TestAttachFails(t *testing.T) {
	t.Parallel()
	refuse := func(is func(*http.Request) bool, status int, body string) func(*store, http.ResponseWriter, *http.Request) {
		return func(s *store, w http.ResponseWriter, r *http.Request) {
			if !is(r) {
				s.inner.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	put := func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/")
	}
	referrers := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/referrers/") }
	upload := func(r *http.Request) bool { return r.Method == http.MethodPost }
	for what, c := range map[string]struct {
		s    *store
		want string
	}{
		"an upload is refused":          {newStore(t, refuse(upload, 403, `{"errors":[{"code":"DENIED","message":"read only"}]}`)), "read only"},
		"the manifest is refused":       {withReferrers(t, refuse(put, 400, `{"errors":[{"code":"MANIFEST_INVALID","message":"unknown configuration"}]}`)), "unknown configuration"},
		"it is never listed":            {withReferrers(t, refuse(referrers, 200, `{"schemaVersion": 2, "manifests": []}`)), "did not list it for 10s"},
		"lists may not be read":         {withReferrers(t, refuse(referrers, 403, `{}`)), "403 Forbidden"},
		"the list is none":              {withReferrers(t, refuse(referrers, 200, `[]`)), "no list"},
		"the list is endless":           {withReferrers(t, refuse(referrers, 200, `{"manifests": [], "x": "`+strings.Repeat("x", 5<<20)+`"}`)), "more than 4194304 bytes"},
		"the tag is refused":            {newStore(t, refuse(func(r *http.Request) bool { return put(r) && isTagFor(r) }, 409, `{"errors":[{"code":"X","message":"locked"}]}`)), "locked"},
		"the image itself is not there": {newStore(t, refuse(byDigest, 404, `{}`)), "read sha256:"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c.s.t = t
				digest := c.s.direct("", randomImage(t))
				refers, err := Registry{Transport: serve(t, c.s.ServeHTTP)}.Attach(t.Context(), testRepository, digest, aStatement)
				if err == nil || !strings.Contains(err.Error(), c.want) || refers != "" {
					t.Errorf("%q, %v, want %q", refers, err, c.want)
				}
			})
		})
	}
}

// A list of several pages is not read to its end: a manifest that is not on the first page may be on another.
func TestAttachManyPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := withReferrers(t, func(s *store, w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/referrers/") {
				w.Header().Set("Content-Type", string(types.OCIImageIndex))
				w.Header().Set("Link", `</v2/a-1.0.0-seed/referrers/x?page=2>; rel="next"`)
				_, _ = io.WriteString(w, `{"schemaVersion": 2, "manifests": []}`)
				return
			}
			s.inner.ServeHTTP(w, r)
		})
		digest := s.direct("", randomImage(t))
		if _, err := (Registry{Transport: serve(t, s.ServeHTTP)}).Attach(t.Context(), testRepository, digest, aStatement); err != nil {
			t.Error(err)
		}
	})
}
