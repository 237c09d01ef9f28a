package e2e

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"
)

// This file has the script command login-registry.

// scriptLoginRegistry starts a registry that wants the name seed and the password swordfish: by itself (basic), or for a token of
// its token service (bearer). With open it wants nothing. Nobody may push to a repository of the namespace forbidden. It sets
// LOGIN_REGISTRY to its address.
func scriptLoginRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || !strings.Contains("basic bearer open", args[0]) {
		ts.Fatalf("usage: login-registry basic|bearer|open")
	}
	r := &loginRegistry{kind: args[0], next: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	server := httptest.NewServer(r)
	ts.Defer(server.Close)
	r.url = server.URL
	ts.Setenv("LOGIN_REGISTRY", strings.TrimPrefix(server.URL, "http://"))
}

type loginRegistry struct {
	kind, url string
	next      http.Handler
}

func (l *loginRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	known := user == "seed" && password == "swordfish"
	switch {
	case r.URL.Path == "/token" && !known:
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/token":
		fmt.Fprint(w, `{"token":"good"}`)
	case l.kind == "basic" && !known:
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	case l.kind == "bearer" && r.Header.Get("Authorization") != "Bearer good":
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+l.url+`/token",service="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	case strings.HasPrefix(r.URL.Path, "/v2/forbidden/"):
		w.WriteHeader(http.StatusForbidden)
	default:
		l.next.ServeHTTP(w, r)
	}
}
