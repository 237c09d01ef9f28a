package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	const broken = -1 // instead of a status
	for name, c := range map[string]struct {
		answers []int // the last one is repeated
		after   string
		tries   int
		want    int // 0: an error
	}{
		"well at once":         {answers: []int{200}, tries: 1, want: 200},
		"busy, then well":      {answers: []int{429, 503, 200}, tries: 3, want: 200},
		"slow":                 {answers: []int{408, 201}, tries: 2, want: 201},
		"broken connection":    {answers: []int{broken, broken, 200}, tries: 3, want: 200},
		"always broken":        {answers: []int{broken}, tries: 4},
		"always busy":          {answers: []int{500}, tries: 4, want: 500},
		"waits as asked":       {answers: []int{503, 200}, after: "0", tries: 2, want: 200},
		"asked for too long":   {answers: []int{503, 200}, after: "3600", tries: 1, want: 503},
		"not logged in":        {answers: []int{401, 200}, tries: 1, want: 401},
		"forbidden":            {answers: []int{403, 200}, tries: 1, want: 403},
		"not there":            {answers: []int{404, 200}, tries: 1, want: 404},
		"not implemented":      {answers: []int{501, 200}, tries: 1, want: 501},
		"a date that has been": {answers: []int{429, 200}, after: "Mon, 02 Jan 2006 15:04:05 GMT", tries: 2, want: 200},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex // the handler of a broken connection may end after the client has its error
			tries := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				answer := c.answers[min(tries, len(c.answers)-1)]
				tries++
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != "manifest" {
					t.Errorf("try %d sends %q, %v", tries, body, err)
				}
				if answer == broken {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Retry-After", c.after)
				w.WriteHeader(answer)
			}))
			defer server.Close()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL, strings.NewReader("manifest"))
			if err != nil {
				t.Fatal(err)
			}
			status := 0
			response, err := (retryTransport{http.DefaultTransport, 4, time.Millisecond, time.Second}).RoundTrip(request)
			if err == nil {
				status = response.StatusCode
				_ = response.Body.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			if status != c.want || tries != c.tries {
				t.Errorf("%d after %d tries, %v; want %d after %d", status, tries, err, c.want, c.tries)
			}
		})
	}
}

func TestRetryEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://registry.test", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := (retryTransport{server, 4, time.Hour, 2 * time.Hour}).RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}
