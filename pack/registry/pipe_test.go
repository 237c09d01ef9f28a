package registry

import (
	"net/http"
	"testing"

	"github.com/seedpack/seedpack/internal/pipe"
)

// serve serves a handler in memory until the test ends. It returns a transport that connects every host to it.
func serve(t *testing.T, handler http.HandlerFunc) http.RoundTripper {
	t.Helper()
	transport, end := pipe.Serve(handler)
	t.Cleanup(func() {
		// It waits for handlers that sleep.
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return transport
}
