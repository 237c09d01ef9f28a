package registry

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
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
	for status, want := range map[int]string{
		http.StatusForbidden:    "log in with docker login, or ask for the right to push there",
		http.StatusUnauthorized: "log in with docker login, or ask for the right to push there",
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
