package registry

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seedpack/seedpack/pack/source"
)

// pushed puts an image without a tag into a registry in memory. It returns the digest.
func pushed(t *testing.T, host, repository string) string {
	t.Helper()
	image, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewDigest(host + "/" + repository + "@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

func TestTag(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	first, second := pushed(t, host, "a-1.0.0-seed"), pushed(t, host, "a-1.0.0-seed")
	ref := host + "/a-1.0.0-seed:1.0.0"
	var r Registry
	if held, err := r.Held(t.Context(), ref); err != nil || held != "" {
		t.Errorf("before, the tag names %q, %v", held, err)
	}
	for _, want := range []bool{false, true} { // the same digest again is no conflict
		if already, err := r.Tag(t.Context(), ref, first, false); err != nil || already != want {
			t.Fatal(already, err)
		}
	}
	var conflict *TagConflict
	if _, err := r.Tag(t.Context(), ref, second, false); !errors.As(err, &conflict) || conflict.Held != first || conflict.Proposed != second {
		t.Errorf("another image under the tag gives %v", err)
	}
	tag, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if held, err := remote.Head(tag); err != nil || held.Digest.String() != first {
		t.Errorf("the tag names %v, %v", held, err)
	}
	if _, err := r.Tag(t.Context(), ref, second, true); err != nil {
		t.Error(err)
	}
	if held, err := r.Held(t.Context(), ref); err != nil || held != second {
		t.Errorf("the moved tag names %q, %v", held, err)
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusForbidden:    ", in a workflow with docker/login-action",
		http.StatusUnauthorized: ", in a workflow with docker/login-action",
		http.StatusNotFound:     "/a-1.0.0-seed does not exist, and the registry does not make it on the first push: create it",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" {
				w.WriteHeader(status)
			}
		}))
		err := (Registry{}).Preflight(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/a-1.0.0-seed:1.0.0")
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%d gives %v", status, err)
		}
		server.Close()
	}
}

// openLayout opens an index over two images, as another tool leaves it in a layout.
func openLayout(t *testing.T) *source.Image {
	t.Helper()
	index, err := random.Index(5000, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err == nil {
		err = path.AppendIndex(index)
	}
	if err != nil {
		t.Fatal(err)
	}
	img, err := Registry{}.Open(t.Context(), source.Source{Kind: source.Layout, Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := img.Close(); err != nil {
			t.Error(err)
		}
	})
	return img
}

// The push is retried if the registry fails during uploads. If the registry refuses the image, that is an error.
func TestPushAgain(t *testing.T) {
	t.Parallel()
	img := openLayout(t)
	synctest.Test(t, func(t *testing.T) {
		inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
		var failed atomic.Int64
		to := Registry{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPatch && failed.Add(1) <= 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			inner.ServeHTTP(w, r)
		})}
		digest, err := to.Push(t.Context(), "localhost:5000/a-1.0.0-seed", img)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := to.Parse("localhost:5000/a-1.0.0-seed@" + digest)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remote.Get(ref, to.Options(t.Context())...); err != nil || failed.Load() <= 3 {
			t.Errorf("after %d uploads: %v", failed.Load(), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		to := Registry{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			if r.URL.Path != "/v2/" {
				http.NotFound(w, r)
			}
		})}
		_, err := to.Push(t.Context(), "localhost:5000/b-1.0.0-seed", img)
		if err == nil || !strings.Contains(err.Error(), "there are no credentials for localhost:5000: log in with seedpack login localhost:5000") {
			t.Error(err)
		}
	})
}

// A registry may lose the session of an upload, as one of several servers does that is restarted. The upload is begun anew.
func TestPushLostSession(t *testing.T) {
	t.Parallel()
	img := openLayout(t)
	for _, method := range []string{http.MethodPatch, http.MethodPut} {
		for _, status := range []int{http.StatusNotFound, http.StatusGone, http.StatusRequestedRangeNotSatisfiable, http.StatusBadRequest} {
			synctest.Test(t, func(t *testing.T) {
				inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
				var lost atomic.Int64
				to := Registry{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == method && strings.Contains(r.URL.Path, "/uploads/") && lost.Add(1) == 1 {
						w.WriteHeader(status)
						_, _ = io.WriteString(w, `{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"blob upload unknown to registry"}]}`)
						return
					}
					inner.ServeHTTP(w, r)
				})}
				if _, err := to.Push(t.Context(), "localhost:5000/a-1.0.0-seed", img); err != nil || lost.Load() < 2 {
					t.Errorf("%s answered with %d: %d uploads, %v", method, status, lost.Load(), err)
				}
			})
		}
	}
}
