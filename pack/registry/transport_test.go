package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// get requests a path of a server that answers with a function. Its timeouts are short.
func get(t *testing.T, path string, answer func(w http.ResponseWriter, try int64)) (body string, tries int64, err error) {
	t.Helper()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, n.Add(1)) }))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	next := bufferedTransport{idleTransport{http.DefaultTransport, 100 * time.Millisecond, time.Second}}
	response, err := retryTransport{next, 3, time.Millisecond, time.Second}.RoundTrip(request)
	if err != nil {
		return "", n.Load(), err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), n.Load(), err
}

func TestAnswers(t *testing.T) {
	const text = "a manifest"
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
	silent := func(w http.ResponseWriter) { time.Sleep(300 * time.Millisecond) }
	stuck := func(w http.ResponseWriter) {
		broken(w)
		w.(http.Flusher).Flush()
		time.Sleep(300 * time.Millisecond)
	}
	for name, how := range map[string]func(http.ResponseWriter){"cut": cut, "broken": broken, "silent": silent, "stuck": stuck} {
		if body, tries, err := get(t, path, spoil(how, 2)); body != text || tries != 3 || err != nil {
			t.Errorf("%s twice: %q after %d tries, %v", name, body, tries, err)
		}
		if body, tries, err := get(t, path, spoil(how, 9)); tries != 3 || err == nil {
			t.Errorf("%s ever after: %q after %d tries", name, body, tries)
		}
	}
	var garbled *digestError
	if _, _, err := get(t, path, spoil(cut, 9)); !errors.As(err, &garbled) {
		t.Errorf("a wrong digest gives %v", err)
	}
	if _, _, err := get(t, path, spoil(silent, 9)); err == nil || err.Error() != "nothing came from the registry for 100ms" {
		t.Errorf("silence gives %v", err)
	}
}

// A slow response is not an idle one.
func TestAnswerSlow(t *testing.T) {
	body, tries, err := get(t, "/v2/a/manifests/latest", func(w http.ResponseWriter, _ int64) {
		for range 6 {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(40 * time.Millisecond)
		}
	})
	if body != "xxxxxx" || tries != 1 || err != nil {
		t.Errorf("%q after %d tries, %v", body, tries, err)
	}
}

// A long response is passed on as it arrives: it is not kept in memory.
func TestAnswerLong(t *testing.T) {
	long := strings.Repeat("x", maxBuffered+1)
	body, _, err := get(t, "/v2/a/blobs/sha256:"+strings.Repeat("0", 64), func(w http.ResponseWriter, _ int64) {
		w.Header().Set("Content-Length", fmt.Sprint(len(long)))
		_, _ = io.WriteString(w, long)
	})
	if body != long || err != nil {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}
