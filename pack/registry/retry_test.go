package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
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

// Services say in several ways how long to wait, and that they refuse because there were too many requests.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
		for name, c := range map[string]struct {
			status int
			header map[string]string
			wait   time.Duration
			said   bool
			again  bool
		}{
			"seconds":                     {429, map[string]string{"Retry-After": "7"}, 7 * time.Second, true, true},
			"a date":                      {503, map[string]string{"Retry-After": time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)}, time.Minute, true, true},
			"since 1970":                  {429, map[string]string{"Retry-After": at(90 * time.Second)}, 90 * time.Second, true, true},
			"docker hub":                  {429, map[string]string{"X-Retry-After": at(time.Hour)}, time.Hour, true, true},
			"a time that has been":        {429, map[string]string{"X-Retry-After": at(-time.Hour)}, 0, true, true},
			"github":                      {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": at(time.Minute)}, time.Minute, true, true},
			"github, secondary":           {403, map[string]string{"X-RateLimit-Remaining": "10", "Retry-After": "60"}, time.Minute, true, true},
			"github, not allowed":         {403, map[string]string{"X-RateLimit-Remaining": "10", "X-RateLimit-Reset": at(time.Minute)}, 0, false, false},
			"gitlab":                      {429, map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": at(time.Minute)}, time.Minute, true, true},
			"the draft":                   {429, map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}, 30 * time.Second, true, true},
			"pulls of docker hub":         {429, map[string]string{"RateLimit-Limit": "10;w=3600", "RateLimit-Remaining": "0;w=3600"}, time.Hour, true, true},
			"well, and none left":         {200, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": at(time.Minute)}, 0, false, false},
			"no word":                     {429, nil, 0, false, true},
			"nonsense":                    {429, map[string]string{"Retry-After": "soon"}, 0, false, true},
			"less than nothing":           {429, map[string]string{"Retry-After": "-5"}, 0, false, true},
			"forbidden":                   {403, nil, 0, false, false},
			"more than a number can hold": {429, map[string]string{"Retry-After": "99999999999999999999"}, 0, false, true},
		} {
			response := &http.Response{StatusCode: c.status, Header: http.Header{}}
			for key, value := range c.header {
				response.Header.Set(key, value)
			}
			wait, said := retryAfter(response)
			if said != c.said || wait != c.wait || isPassing(response, nil) != c.again {
				t.Errorf("%s: wait %s, said %v, again %v", name, wait, said, isPassing(response, nil))
			}
		}
	})
}
