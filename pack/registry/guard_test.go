package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// hosts answers as several hosts, and notes what credentials each of them got.
type hosts struct {
	answer func(w http.ResponseWriter, r *http.Request)
	mu     sync.Mutex
	asked  int
	got    map[string][]string // Authorization and forms, by host
}

func (h *hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.asked++
	if h.got == nil {
		h.got = map[string][]string{}
	}
	if value := r.Header.Get("Authorization") + r.Header.Get("Cookie"); value != "" {
		h.got[r.Host] = append(h.got[r.Host], value)
	}
	if strings.Contains(string(body), "refresh_token=") {
		h.got[r.Host] = append(h.got[r.Host], string(body))
	}
	h.mu.Unlock()
	h.answer(w, r)
}

// options returns the options to ask registry.test, with credentials.
func (h *hosts) options(t *testing.T, auth authn.AuthConfig) []remote.Option {
	t.Helper()
	guard := Registry{Transport: serve(t, h.ServeHTTP)}.transport()
	return []remote.Option{remote.WithContext(t.Context()), remote.WithTransport(guard), remote.WithAuth(authn.FromConfig(auth)), remote.WithRetryBackoff(remote.Backoff{Steps: 1})}
}

func reference(t *testing.T, text string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(text, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// redirectTo answers what is not a ping with a redirect.
func redirectTo(place string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			http.Redirect(w, r, place, http.StatusTemporaryRedirect)
		}
	}
}

// Redirects end: those of manifests, of blobs, of tokens and of what an upload asks, also if each leads to another host.
func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	loop := func(w http.ResponseWriter, r *http.Request) {
		n := 0
		_, _ = fmt.Sscanf(r.Host, "host%d.", &n)
		http.Redirect(w, r, fmt.Sprintf("http://host%d.test%s", n+1, r.URL.Path), http.StatusTemporaryRedirect)
	}
	self := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
	}
	digest := reference(t, "registry.test/a@sha256:"+strings.Repeat("0", 64)).(name.Digest)
	for what, ask := range map[string]func([]remote.Option) error{
		"manifest": func(o []remote.Option) error {
			_, err := remote.Get(reference(t, "registry.test/a:1"), o...)
			return err
		},
		"digest": func(o []remote.Option) error { _, err := remote.Get(digest, o...); return err },
		"tags":   func(o []remote.Option) error { _, err := remote.List(digest.Context(), o...); return err },
		"blob": func(o []remote.Option) error {
			layer, err := remote.Layer(digest, o...)
			if err == nil {
				_, err = layer.Compressed()
			}
			return err
		},
		"referrers": func(o []remote.Option) error { _, err := remote.Referrers(digest, o...); return err },
		"tag":       func(o []remote.Option) error { return remote.Put(reference(t, "registry.test/a:1"), empty.Image, o...) },
		"push": func(o []remote.Option) error {
			return remote.Write(reference(t, "registry.test/a:1"), empty.Image, o...)
		},
	} {
		for how, redirect := range map[string]http.HandlerFunc{"to itself": self, "on and on": loop} {
			h := &hosts{answer: func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					redirect(w, r)
				}
			}}
			err := ask(h.options(t, authn.AuthConfig{}))
			var route *routeError
			if !errors.As(err, &route) || route.text != "registry.test redirects more than 10 times" {
				t.Errorf("%s, %s: %v", what, how, err)
			}
			// The push asks for two blobs at once.
			if limit := 1 + 2*(1+maxRedirects); h.asked > limit {
				t.Errorf("%s, %s: asked %d times", what, how, h.asked)
			}
		}
		// The ping and the token service, whose redirects end sooner.
		for how, redirect := range map[string]http.HandlerFunc{"to itself": self, "on and on": loop} {
			for _, path := range []string{"/v2/", "/token"} {
				h := &hosts{answer: func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == path {
						redirect(w, r)
						return
					}
					w.Header().Set("WWW-Authenticate", `Bearer realm="http://registry.test/token",service="s"`)
					w.WriteHeader(http.StatusUnauthorized)
				}}
				if err := ask(h.options(t, authn.AuthConfig{})); err == nil || !strings.Contains(err.Error(), "10 ") || h.asked > 2*(1+maxRedirects) {
					t.Errorf("%s, %s %s: asked %d times: %v", what, path, how, h.asked, err)
				}
			}
		}
	}
}

// Ten redirects are followed.
func TestRedirectsFollowed(t *testing.T) {
	t.Parallel()
	n := 0
	h := &hosts{answer: func(w http.ResponseWriter, r *http.Request) {
		if n++; r.URL.Path != "/v2/" && n <= 2+maxRedirects-1 {
			http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		_, _ = io.WriteString(w, "{}")
	}}
	if _, err := remote.Get(reference(t, "registry.test/a:1"), h.options(t, authn.AuthConfig{})...); err != nil || h.asked != 2+maxRedirects {
		t.Errorf("after %d requests: %v", h.asked, err)
	}
}

// secured serves with TLS for all hosts. Plain http is served by the same handler, which sees r.TLS.
func secured(t *testing.T, handler http.HandlerFunc) http.RoundTripper {
	t.Helper()
	encrypted, plain := httptest.NewTLSServer(handler), httptest.NewServer(handler)
	t.Cleanup(encrypted.Close)
	t.Cleanup(plain.Close)
	transport := encrypted.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com" // of the test certificate
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		to := encrypted
		if strings.HasSuffix(address, ":80") || strings.HasSuffix(address, ":8080") {
			to = plain
		}
		return (&net.Dialer{}).DialContext(ctx, network, to.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// Nothing goes on without encryption that has begun with it.
func TestNoDowngrade(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"http://registry.test/other", "http://elsewhere.test/other", "http://registry.test:8080/other", "https://elsewhere.test/down"} {
		for _, ask := range []func(...remote.Option) error{
			func(o ...remote.Option) error {
				_, err := remote.Get(reference(t, "registry.test/a:1"), o...)
				return err
			},
			func(o ...remote.Option) error {
				return remote.Put(reference(t, "registry.test/a:1"), empty.Image, o...)
			},
		} {
			plain := 0
			guard := Registry{Transport: secured(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.TLS == nil:
					plain++
				case r.URL.Path == "/v2/":
				case r.URL.Path == "/down":
					http.Redirect(w, r, "http://elsewhere.test/other", http.StatusTemporaryRedirect)
				default:
					http.Redirect(w, r, place, http.StatusTemporaryRedirect)
				}
			})}.transport()
			err := ask(remote.WithContext(t.Context()), remote.WithTransport(guard))
			want := "redirects from https to http, which is not followed"
			if place == "http://registry.test/other" {
				want = "redirects more than 10 times" // the client uses https there all the same
			}
			if err == nil || !strings.Contains(err.Error(), want) || plain > 0 {
				t.Errorf("%s: %d requests without encryption: %v", place, plain, err)
			}
		}
	}
}

// An upload whose place has another host and no encryption gets no bytes.
func TestUploadNotDowngraded(t *testing.T) {
	t.Parallel()
	for place, want := range map[string]bool{"http://elsewhere.test/upload": false, "http://registry.test:8080/upload": false,
		"http://registry.test/upload": true, "/upload": true, "https://elsewhere.test/upload": true} {
		var mu sync.Mutex
		plain := 0
		guard := Registry{Transport: secured(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if r.TLS == nil {
				mu.Lock()
				plain++
				mu.Unlock()
			}
			switch {
			case r.URL.Path == "/v2/":
			case r.Method == http.MethodHead:
				w.WriteHeader(http.StatusNotFound)
			case r.Method == http.MethodPost, r.Method == http.MethodPatch:
				w.Header().Set("Location", place)
				w.WriteHeader(http.StatusAccepted)
			default:
				w.Header().Set("Location", "http://inside.test/") // of no use, so of no harm
				w.WriteHeader(http.StatusCreated)
			}
		})}.transport()
		err := remote.Write(reference(t, "registry.test/a:1"), empty.Image, remote.WithContext(t.Context()), remote.WithTransport(guard))
		if (err == nil) != want || plain > 0 {
			t.Errorf("%s: %d requests without encryption: %v", place, plain, err)
		}
	}
}
