package registry

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Credentials go to the registry and to the token service that it names. A redirect carries them nowhere.
func TestCredentialsStay(t *testing.T) {
	t.Parallel()
	basic := authn.AuthConfig{Username: "user", Password: "secret"}
	challenge := func(w http.ResponseWriter, text string) {
		w.Header().Set("WWW-Authenticate", text)
		w.WriteHeader(http.StatusUnauthorized)
	}
	const bearer = `Bearer realm="http://auth.test/token",service="s"`
	for name, c := range map[string]struct {
		auth   authn.AuthConfig
		answer http.HandlerFunc
		may    []string // hosts that may have credentials
	}{
		"basic, redirect": {basic, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Header.Get("Authorization") == "" && r.Host == "registry.test":
				challenge(w, "Basic realm=x")
			case r.URL.Path != "/v2/" && r.Host == "registry.test":
				http.Redirect(w, r, "http://registry.test:8080/x", http.StatusTemporaryRedirect)
			}
		}, []string{"registry.test"}},
		"bearer, redirect to a part of the domain": {basic, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Host == "auth.test":
				_, _ = io.WriteString(w, `{"token":"t"}`)
			case r.Host == "registry.test" && r.Header.Get("Authorization") == "":
				challenge(w, bearer)
			case r.Host == "registry.test" && r.URL.Path != "/v2/":
				http.Redirect(w, r, "http://sub.registry.test/x", http.StatusTemporaryRedirect)
			}
		}, []string{"registry.test", "auth.test"}},
		"token service redirects a question": {basic, func(w http.ResponseWriter, r *http.Request) {
			switch r.Host {
			case "auth.test":
				http.Redirect(w, r, "http://sub.auth.test/token", http.StatusTemporaryRedirect)
			case "registry.test":
				challenge(w, bearer)
			default:
				_, _ = io.WriteString(w, `{"token":"t"}`)
			}
		}, []string{"registry.test", "auth.test"}},
		"token service redirects a form": {authn.AuthConfig{IdentityToken: "secret"}, func(w http.ResponseWriter, r *http.Request) {
			switch r.Host {
			case "auth.test":
				http.Redirect(w, r, "http://evil.test/token", http.StatusTemporaryRedirect)
			case "registry.test":
				challenge(w, bearer)
			default:
				_, _ = io.WriteString(w, `{"access_token":"t"}`)
			}
		}, []string{"registry.test", "auth.test"}},
		"another host names its own token service": {basic, func(w http.ResponseWriter, r *http.Request) {
			switch r.Host {
			case "registry.test":
				http.Redirect(w, r, "http://evil.test"+r.URL.Path, http.StatusTemporaryRedirect)
			case "evil.test":
				challenge(w, `Bearer realm="http://service.evil.test/token",service="s"`)
			default:
				_, _ = io.WriteString(w, `{"token":"t"}`)
			}
		}, []string{"registry.test"}},
		"the same, with an identity token": {authn.AuthConfig{IdentityToken: "secret"}, func(w http.ResponseWriter, r *http.Request) {
			switch r.Host {
			case "registry.test":
				http.Redirect(w, r, "http://evil.test"+r.URL.Path, http.StatusTemporaryRedirect)
			case "evil.test":
				challenge(w, `Bearer realm="http://evil.test/token",service="s"`)
			}
		}, []string{"registry.test"}},
	} {
		h := &hosts{answer: c.answer}
		_, _ = remote.Get(reference(t, "registry.test/a:1"), h.options(t, c.auth)...) // whether it is found does not matter
		for host, got := range h.got {
			for _, value := range got {
				if (strings.HasPrefix(value, "Basic ") || strings.Contains(value, "secret") || value == "Bearer t" && host != "evil.test") && !slices.Contains(c.may, host) {
					t.Errorf("%s: %s got %q", name, host, decoded(value))
				}
			}
		}
		if name != "another host names its own token service" && name != "the same, with an identity token" && len(h.got) == 0 {
			t.Errorf("%s: nobody got credentials: the test proves nothing", name)
		}
	}
}

func decoded(header string) string {
	text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header, "Basic "))
	if err != nil {
		return header
	}
	return string(text)
}

// A host that a registry redirects to may want a token of its own, which it gives to everyone.
func TestTokenOfAnotherHost(t *testing.T) {
	t.Parallel()
	h := &hosts{answer: func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "registry.test" && r.URL.Path == "/token":
			_, _ = io.WriteString(w, `{"token":"for the user"}`)
		case r.Host == "registry.test" && r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://registry.test/token",service="s"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.Host == "registry.test":
			http.Redirect(w, r, "http://mirror.test"+r.URL.Path, http.StatusTemporaryRedirect)
		case r.Host == "mirror.test" && r.URL.Path == "/token":
			_, _ = io.WriteString(w, `{"token":"for everyone"}`)
		case r.Host == "mirror.test" && r.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://mirror.test/token",service="s",scope="repository:a:pull"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.Host == "mirror.test":
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			_, _ = io.WriteString(w, "{}")
		}
	}}
	if _, err := remote.Get(reference(t, "registry.test/a:1"), h.options(t, authn.AuthConfig{Username: "user", Password: "secret"})...); err != nil {
		t.Error(err)
	}
	if got := h.got["mirror.test"]; len(got) != 1 || got[0] != "Bearer for everyone" {
		t.Errorf("the other host got %q", got)
	}
}

// The client for tokens, which the engine's sessions use, is guarded as well.
func TestTokenClient(t *testing.T) {
	t.Parallel()
	for place, may := range map[string]bool{"http://auth.test/elsewhere": true, "http://sub.auth.test/": false, "http://auth.test:8080/": false, "http://evil.test/": false} {
		for _, form := range []bool{false, true} {
			h := &hosts{answer: func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/token" {
					http.Redirect(w, r, place, http.StatusTemporaryRedirect)
				}
			}}
			client, err := Registry{Transport: serve(t, h.ServeHTTP)}.TokenClient("registry.test", "http://auth.test/token")
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(tokenRequest(t, form))
			if err == nil {
				_ = response.Body.Close()
			}
			u, _ := url.Parse(place)
			if got := len(h.got[u.Host]); u.Host != "auth.test" && got > 0 || may != (err == nil) && form {
				t.Errorf("%s, form %t: credentials %d times, %v", place, form, got, err)
			}
		}
	}
	for _, place := range []string{"http://169.254.169.254/token", "http://0xa9fea9fe/token"} {
		client, err := Registry{Transport: serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the service was asked") })}.TokenClient("registry.test", place)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := client.Get(place); err == nil {
			_ = response.Body.Close()
			t.Errorf("%s is asked for a token", place)
		}
	}
}

func tokenRequest(t *testing.T, form bool) *http.Request {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form {
		method, body = http.MethodPost, strings.NewReader("refresh_token=secret")
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://auth.test/token", body)
	if err != nil {
		t.Fatal(err)
	}
	if form {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	} else {
		request.SetBasicAuth("user", "secret")
	}
	return request
}
