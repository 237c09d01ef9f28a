package pack

import (
	"errors"
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
		`unexpected status from PUT request to https://registry.example.com/v2/a/blobs/uploads/403: 500 Internal Server Error`: {true, ""},
		`unexpected status from POST request to https://registry.example.com/v2/a/blobs/uploads/: 429 Too Many Requests`:       {true, ""},
		`unexpected status from POST request to https://registry.example.com/v2/a/blobs/uploads/: 408 Request Timeout`:         {true, ""},
		`unexpected status from POST request to https://registry.example.com/v2/a/blobs/uploads/: 403 Forbidden`:               {false, registry.LoginHint},
		`unexpected status from PUT request to https://registry.example.com/v2/a/manifests/x: 413 Request Entity Too Large`:    {false, ""},
		`write tcp 10.0.0.1:4242->10.0.0.2:443: write: connection reset by peer`:                                               {true, ""},
		`denied: requested access to the resource is denied`:                                                                   {false, registry.LoginHint},
		`push access denied, repository does not exist or may require authorization: server message: insufficient_scope`:       {false, registry.LoginHint},
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
