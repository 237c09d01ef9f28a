package pack

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/docker/cli/cli/config/types"
	"github.com/moby/buildkit/session/auth"

	"github.com/seedpack/seedpack/pack/registry"
)

// The engine gets a token for what it asks, in the way that the token service knows. The service may redirect the question.
// Credentials do not go with it to another host or port.
func TestFetchToken(t *testing.T) {
	t.Parallel()
	const host = "registry.test"
	user, identity := types.AuthConfig{Username: "user", Password: "secret"}, types.AuthConfig{IdentityToken: "secret"}
	for name, c := range map[string]struct {
		auth     types.AuthConfig
		post     int  // status of the newer way
		redirect bool // to another port
		want     string
		asked    string
	}{
		"newer way":              {auth: user, post: 200, want: "new", asked: "POST user"},
		"identity token":         {auth: identity, post: 200, want: "new", asked: "POST secret"},
		"older way":              {auth: user, post: 404, want: "old", asked: "POST user, GET user"},
		"older way, Artifactory": {auth: user, post: 401, want: "old", asked: "POST user, GET user"},
		"newer way forbidden":    {auth: user, post: 403, asked: "POST user"},
		"nobody":                 {want: "old", asked: "GET"},
		"given":                  {auth: types.AuthConfig{RegistryToken: "given"}, want: "given"},
		"redirect of a form":     {auth: identity, redirect: true, asked: "POST secret"},
		"redirect of a question": {auth: user, redirect: true, asked: "POST user"},
		"redirect for nobody":    {redirect: true, want: "elsewhere", asked: "GET"},
	} {
		var mu sync.Mutex
		var asked []string
		elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); r.Header.Get("Authorization") != "" || len(body) > 0 {
				t.Errorf("%s: another port gets %q, %q", name, r.Header.Get("Authorization"), body)
			}
			_, _ = io.WriteString(w, `{"token":"elsewhere"}`)
		}))
		service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, asking(r))
			mu.Unlock()
			switch {
			case c.redirect:
				http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			case r.Method == http.MethodPost && c.post != http.StatusOK:
				w.WriteHeader(c.post)
			case r.Method == http.MethodPost:
				_, _ = io.WriteString(w, `{"access_token":"new","expires_in":300}`)
			default:
				_, _ = io.WriteString(w, `{"token":"old"}`)
			}
		}))
		find := func(context.Context, string) (types.AuthConfig, error) { return c.auth, nil }
		attachable, err := newTokenSession(find, registry.Registry{Transport: service.Client().Transport})
		if err != nil {
			t.Fatal(err)
		}
		got, err := attachable.(auth.AuthServer).FetchToken(t.Context(), &auth.FetchTokenRequest{Host: host, Realm: service.URL + "/token", Service: "s", Scopes: []string{"repository:a:pull"}})
		if token := got.GetToken(); token != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: token %q, %v", name, token, err)
		}
		if all := strings.Join(asked, ", "); all != c.asked {
			t.Errorf("%s: the service was asked %q, not %q", name, all, c.asked)
		}
		service.Close()
		elsewhere.Close()
	}
}

// asking returns the method of a question for a token, and who asks.
func asking(r *http.Request) string {
	text := r.Method
	if err := r.ParseForm(); err == nil && r.Method == http.MethodPost {
		return text + " " + r.PostForm.Get("username") + r.PostForm.Get("refresh_token")
	}
	if value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Basic "); ok {
		decoded, _ := base64.StdEncoding.DecodeString(value)
		user, _, _ := strings.Cut(string(decoded), ":")
		text += " " + user
	}
	return text
}
