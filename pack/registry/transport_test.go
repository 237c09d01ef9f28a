package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// get requests a path of a server that answers with a function. It returns how many requests the server got. Time is that
// of a bubble: waiting takes none.
func get(t *testing.T, path string, answer func(w http.ResponseWriter, try int64)) (body string, tries int64, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, n.Add(1)) })
		defer func() { tries = n.Load() }()
		request, requestErr := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://registry.test"+path, nil)
		if requestErr != nil {
			t.Fatal(requestErr)
		}
		var response *http.Response
		response, err = Registry{Transport: server}.transport().RoundTrip(request)
		if err != nil {
			return
		}
		var text []byte
		text, err = io.ReadAll(response.Body)
		body, err = string(text), errors.Join(err, response.Body.Close())
	})
	return body, tries, err
}

func TestBufferedTransport(t *testing.T) {
	t.Parallel()
	const text = `{"schemaVersion": 2}`
	path := fmt.Sprintf("/v2/a/manifests/sha256:%x", sha256.Sum256([]byte(text)))
	spoil := func(how func(http.ResponseWriter), times int64) func(http.ResponseWriter, int64) {
		return func(w http.ResponseWriter, try int64) {
			if try <= times {
				how(w)
				return
			}
			_, _ = io.WriteString(w, text)
		}
	}
	cut := func(w http.ResponseWriter) { _, _ = io.WriteString(w, text[:4]) }
	broken := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		_, _ = io.WriteString(w, text[:4])
	}
	idle := func(w http.ResponseWriter) { time.Sleep(61 * time.Second) }
	stuck := func(w http.ResponseWriter) {
		broken(w)
		w.(http.Flusher).Flush()
		time.Sleep(61 * time.Second)
	}
	for name, how := range map[string]func(http.ResponseWriter){"cut": cut, "broken": broken, "idle": idle, "stuck": stuck} {
		if body, tries, err := get(t, path, spoil(how, 2)); body != text || tries != 3 || err != nil {
			t.Errorf("%s twice: %q after %d tries, %v", name, body, tries, err)
		}
		if body, tries, err := get(t, path, spoil(how, 9)); tries != 5 || err == nil {
			t.Errorf("%s ever after: %q after %d tries", name, body, tries)
		}
	}
	var wrong *digestError
	other := func(w http.ResponseWriter) { _, _ = io.WriteString(w, "{}") }
	if _, _, err := get(t, path, spoil(other, 9)); !errors.As(err, &wrong) {
		t.Errorf("a wrong digest gives %v", err)
	}
	if _, _, err := get(t, path, spoil(idle, 9)); err == nil || err.Error() != "nothing came from the registry for 1m0s" {
		t.Errorf("an idle connection gives %v", err)
	}
}

// A list of what refers to an image ends in the image's digest, and has another one.
func TestBufferedTransportReferrers(t *testing.T) {
	t.Parallel()
	const list = `{"manifests": []}`
	body, tries, err := get(t, "/v2/a/referrers/sha256:"+strings.Repeat("0", 64), func(w http.ResponseWriter, _ int64) { _, _ = io.WriteString(w, list) })
	if body != list || tries != 1 || err != nil {
		t.Errorf("%q after %d tries, %v", body, tries, err)
	}
}

// A slow response is not an idle one.
func TestIdleTransportSlow(t *testing.T) {
	t.Parallel()
	body, tries, err := get(t, "/v2/a/manifests/latest", func(w http.ResponseWriter, _ int64) {
		for i := range 6 {
			_, _ = io.WriteString(w, []string{"{", "}", " ", " ", " ", " "}[i])
			w.(http.Flusher).Flush()
			time.Sleep(59 * time.Second)
		}
	})
	if body != "{}    " || tries != 1 || err != nil {
		t.Errorf("%q after %d tries, %v", body, tries, err)
	}
}

// A long response is passed on as it arrives: it is not kept in memory.
func TestBufferedTransportLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxBuffered+1)
	body, _, err := get(t, "/v2/a/blobs/sha256:"+strings.Repeat("0", 64), func(w http.ResponseWriter, _ int64) {
		w.Header().Set("Content-Length", fmt.Sprint(len(long)))
		_, _ = io.WriteString(w, long)
	})
	if body != long || err != nil {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}
