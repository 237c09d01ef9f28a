package pack

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack/registry"
)

func TestPushFailed(t *testing.T) {
	t.Parallel()
	const repository = "registry.example.com/a"
	for text, want := range map[string]struct {
		passing bool
		hint    string
	}{
		`unexpected status from PUT request to https://registry.example.com/v2/a/blobs/uploads/403: 500 Internal Server Error`:          {true, ""},
		`unexpected status from POST request to https://registry.example.com/v2/a/blobs/uploads/: 429 Too Many Requests`:                {true, ""},
		`unexpected status from POST request to https://registry.example.com/v2/a/blobs/uploads/: 408 Request Timeout`:                  {true, ""},
		`unexpected status from POST request to https://registry.example.com/v2/a/blobs/uploads/: 403 Forbidden`:                        {false, registry.LoginHint},
		`unexpected status from PUT request to https://registry.example.com/v2/a/manifests/x: 413 Request Entity Too Large`:             {false, registry.LargeHint},
		`unexpected status from PUT request to https://registry.example.com/v2/quota/exceeded: 507 Insufficient Storage`:                {false, registry.FullHint},
		`denied: project quota exceeded: adding 2 GiB of storage resource, which will exceed the configured upper limit of 1 GiB`:       {false, registry.FullHint},
		`unknown: mkdir /var/lib/registry: no space left on device`:                                                                     {false, registry.FullHint},
		`unexpected status from PUT request to https://registry.example.com/v2/quota/exceeded/x: 500 Internal Server Error`:             {true, ""},
		`write tcp 10.0.0.1:4242->10.0.0.2:443: write: connection reset by peer`:                                                        {true, ""},
		`denied: requested access to the resource is denied`:                                                                            {false, registry.LoginHint},
		`push access denied, repository does not exist or may require authorization: server message: insufficient_scope`:                {false, registry.LoginHint},
		`unexpected status from PUT request to https://registry.example.com/v2/a/blobs/uploads/42?digest=sha256%3A0: 404 Not Found`:     {true, ""},
		`unexpected status from PUT request to https://registry.example.com/v2/a/blobs/uploads/42: 416 Requested Range Not Satisfiable`: {true, ""},
		`unexpected status from PATCH request to https://registry.example.com/v2/a/blobs/uploads/42: 410 Gone`:                          {true, ""},
		`unexpected status from PUT request to https://storage.example.com/42: 400 Bad Request: blob upload unknown to registry`:        {true, ""},
		`unexpected status from POST request to https://registry.example.com/v2/a/blobs/uploads/: 404 Not Found`:                        {false, ""},
		`unexpected status from PUT request to https://registry.example.com/v2/a/manifests/sha256:0: 404 Not Found`:                     {false, ""},
		`unexpected status from PUT request to https://registry.example.com/v2/a/blobs/uploads/42: 403 Forbidden`:                       {false, registry.LoginHint},
		`toomanyrequests: slow down`: {true, ""},
		`unknown: unknown error`:     {true, ""},
	} {
		err := errors.New("failed to solve: failed to push " + repository + ": " + text)
		got := pushFailed(repository, err)
		if got.Passing != want.passing || got.Hint != want.hint || got.Error() != "push to "+repository+": "+text+want.hint {
			t.Errorf("%s gives %v, %v", text, got.Passing, got)
		}
	}
}

// BuildKit cannot read several challenges in one line. If a registry was seen to send such a line, the hint says so.
func TestPushFailedByChallenges(t *testing.T) {
	t.Parallel()
	for challenge, joined := range map[string]bool{`Negotiate, Basic realm="x"`: true, `Basic realm="x"`: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}))
		host := strings.TrimPrefix(server.URL, "http://")
		remote := registry.Registry{Keychain: &registry.Keychain{}}
		if err := remote.Preflight(t.Context(), host+"/a:1"); !registry.IsRefused(err) {
			t.Error(err)
		}
		b := &build{request: &Request{Repository: host + "/a", Remote: remote}}
		err := b.explain(t.Context(), errors.New("failed to push "+host+"/a: unexpected status from POST request to "+server.URL+"/v2/a/blobs/uploads/: 401 Unauthorized"), nil)
		var failed *PushError
		if !errors.As(err, &failed) || (failed.Hint == registry.JoinedHint) != joined || failed.Hint == "" || failed.Passing {
			t.Errorf("%s: %v", challenge, err)
		}
		server.Close()
	}
}
