package registry

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// refusing is a registry that accepts manifests by digest. After so many manifests by tag it refuses them, with this
// status and body.
func refusing(t *testing.T, status int, body string, allowed int) (host string) {
	t.Helper()
	next := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && !strings.Contains(r.URL.Path, "sha256:") {
			if allowed--; allowed < 0 {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestTagImmutable(t *testing.T) {
	t.Parallel()
	refusals := []struct {
		status int
		body   string
	}{
		{400, `{"errors":[{"code":"TAG_INVALID","message":"The image tag '1.0.0' already exists in the 'a' repository and cannot be overwritten because the tag is immutable."}]}`},
		{400, `{"__type":"ImageTagAlreadyExistsException","message":"no"}`},
		{412, `{"errors":[{"code":"PRECONDITION","message":"Failed to process request due to 'a:1.0.0' configured as immutable."}]}`},
		{409, `{"errors":[{"code":"TAG_IMMUTABLE","message":"tag is immutable"}]}`},
		{403, `{"errors":[{"code":"DENIED","message":"The tag is immutable"}]}`},
		{400, `Repository does not allow updating assets: docker-hosted`},
		{405, `{"errors":[{"code":"UNSUPPORTED","message":"The operation is disallowed on this registry, repository or image."}]}`},
	}
	for _, c := range refusals {
		host := refusing(t, c.status, c.body, 1)
		first, second := pushed(t, host, "a"), pushed(t, host, "a")
		var r Registry
		if _, err := r.Tag(t.Context(), host+"/a:1.0.0", first, false); err != nil {
			t.Fatal(err)
		}
		_, err := r.Tag(t.Context(), host+"/a:1.0.0", second, true)
		var conflict *TagConflict
		if !errors.As(err, &conflict) || !conflict.Immutable || conflict.Held != first || conflict.Proposed != second {
			t.Errorf("%d %s gives %v", c.status, c.body, err)
		}
	}
}

// A refusal for another reason is an error. It says which digest has no tag.
func TestTagRefused(t *testing.T) {
	t.Parallel()
	for status, body := range map[int]string{403: `{"errors":[{"code":"DENIED","message":"no"}]}`, 400: `{"errors":[{"code":"MANIFEST_INVALID","message":"no"}]}`} {
		host := refusing(t, status, body, 1)
		first, second := pushed(t, host, "immutable"), pushed(t, host, "immutable") // the word is in the address, too
		var r Registry
		if _, err := r.Tag(t.Context(), host+"/immutable:1.0.0", first, false); err != nil {
			t.Fatal(err)
		}
		_, err := r.Tag(t.Context(), host+"/immutable:1.0.0", second, true)
		want := fmt.Sprintf("\n%s/immutable:1.0.0 is not named: the registry holds %s without that tag", host, second)
		var conflict *TagConflict
		if err == nil || errors.As(err, &conflict) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%d gives %v", status, err)
		}
	}
}
