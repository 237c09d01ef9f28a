package pack

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An engine answers 200 before it has read the archive, and says later what is wrong with it.
func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		status int
		text   string
		want   string // of the error; empty: none
	}{
		{http.StatusOK, `{"stream":"Loaded image: a:1\n"}` + "\n", ""},
		{http.StatusOK, `{"stream":"…"}{"errorDetail":{"message":"no space left"},"error":"no space left"}`, "no space left"},
		{http.StatusInternalServerError, `{"message":"invalid archive"}`, "invalid archive"},
		{http.StatusBadGateway, "<html>", "load the image into the Docker Engine: "},
		{http.StatusOK, "<html>", "invalid character"},
		{http.StatusOK, "", ""},
	} {
		var got string
		host := loadingEngine(t, func(w http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got = string(text)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.text)
		}, nil)
		if err := host.Check(t.Context()); err != nil {
			t.Error(err)
		}
		err := host.Load(t.Context(), strings.NewReader("archive"))
		if got != "archive" || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: the engine got %q, the error is %v", tt, got, err)
		}
	}
	if err := (DockerHost{environment("DOCKER_HOST", "unix:///nowhere/docker.sock")}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "reach the Docker Engine: ") {
		t.Errorf("error is %v", err)
	}
}

// loadingEngine is a Docker Engine on a socket of its own that takes archives and answers questions about images.
func loadingEngine(t *testing.T, load, images http.HandlerFunc) DockerHost {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") // the names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		switch {
		case strings.HasSuffix(r.URL.Path, "/images/load") && r.Method == http.MethodPost:
			load(w, r)
		case strings.Contains(r.URL.Path, "/images/"):
			images(w, r)
		}
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return DockerHost{environment("DOCKER_HOST", "unix://"+filepath.Join(dir, "s"))}
}

// An engine that has built the image itself names it when all is verified, and else has nothing left of it.
func TestLoadNames(t *testing.T) {
	for _, keep := range []bool{true, false} {
		var calls []string
		tags := "[]"
		host := loadingEngine(t, nil, func(w http.ResponseWriter, r *http.Request) {
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
		})
		api, _, err := host.client("")
		if err != nil {
			t.Fatal(err)
		}
		o := Output{Type: "docker", Name: "a:1", Load: host.Load, LoadInto: host.Address()}
		store := &classicStore{docker: api}
		if !store.loads(o) || store.loads(Output{Load: host.Load, LoadInto: "unix:///elsewhere"}) {
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
	}
}
