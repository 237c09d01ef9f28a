package pack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	mobyclient "github.com/moby/moby/client"
)

// An engine that has built the image names it after the verification. Otherwise nothing of it remains.
func TestLoadNames(t *testing.T) {
	t.Parallel()
	load := func(context.Context, io.Reader) error { return errors.New("not to be called") }
	for _, keep := range []bool{true, false} {
		var calls []string
		tags := "[]"
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Api-Version", "1.41")
			if strings.HasSuffix(r.URL.Path, "/_ping") {
				return
			}
			path := r.URL.Path[strings.Index(r.URL.Path, "/images/"):]
			calls = append(calls, r.Method+" "+path+" "+r.URL.Query().Get("repo")+":"+r.URL.Query().Get("tag"))
			w.Header().Set("Content-Type", "application/json")
			switch r.Method {
			case http.MethodPost:
				tags = `["a:1"]`
				w.WriteHeader(http.StatusCreated)
			case http.MethodGet:
				_, _ = io.WriteString(w, `{"Id":"sha256:1","RepoTags":`+tags+`}`)
			case http.MethodDelete:
				_, _ = io.WriteString(w, "[]")
			}
		}))
		address := "tcp://" + server.Listener.Addr().String()
		api, err := mobyclient.New(mobyclient.WithHost(address))
		if err != nil {
			t.Fatal(err)
		}
		o := Output{Type: "docker", Name: "a:1", Load: load, LoadInto: address}
		store := classicStore{docker: api}
		if !store.loads(o) || store.loads(Output{Load: load, LoadInto: "unix:///elsewhere"}) {
			t.Error("the engine does not know itself")
		}
		w := Written{store.pendingName(t.Context(), o, "sha256:1")}
		want := []string{"GET /images/sha256:1/json :", "DELETE /images/sha256:1 :"}
		if keep {
			if err := w.Keep(t.Context()); err != nil {
				t.Error(err)
			}
			want = []string{"POST /images/sha256:1/tag docker.io/library/a:1", "GET /images/sha256:1/json :", "GET /images/sha256:1/json :"}
		}
		if err := w.Discard(); err != nil {
			t.Error(err)
		}
		if !slices.Equal(calls, want) {
			t.Errorf("keep %t: the engine was asked %q, not %q", keep, calls, want)
		}
		if err := api.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	}
}
