package engine

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// An engine answers 200 before it has read the archive, and reports errors later.
func TestLoad(t *testing.T) {
	t.Parallel()
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

// loadingEngine serves a Docker Engine that takes archives and answers questions about images, on a socket of its own.
func loadingEngine(t *testing.T, load, images http.HandlerFunc) DockerHost {
	t.Helper()
	address := serveDocker(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/images/load") && r.Method == http.MethodPost:
			load(w, r)
		case strings.Contains(r.URL.Path, "/images/"):
			images(w, r)
		}
	})
	return DockerHost{environment("DOCKER_HOST", address)}
}
