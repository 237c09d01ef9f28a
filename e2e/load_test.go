package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// This file has the script command engine.

// scriptEngine starts a server that takes images like a Docker Engine, and keeps their archives: engine DIR. It sets DOCKER_HOST
// to its address.
func scriptEngine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: engine DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	short, err := os.MkdirTemp("", "engine") // the name of a socket must be short
	ts.Check(err)
	socket := filepath.Join(short, "s")
	listener, err := net.Listen("unix", socket)
	ts.Check(err)
	var loaded atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if strings.HasSuffix(r.URL.Path, "/version") {
			_, _ = io.WriteString(w, `{"Os": "linux", "Arch": "amd64"}`)
		}
		if !strings.HasSuffix(r.URL.Path, "/images/load") {
			return
		}
		err := keepBody(filepath.Join(dir, fmt.Sprintf("%d.tar", loaded.Add(1))), r.Body)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	ts.Defer(func() {
		server.Close()
		_ = os.RemoveAll(short)
	})
	ts.Setenv("DOCKER_HOST", "unix://"+socket)
}

// keepBody writes the body of a request to a file.
func keepBody(path string, body io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, body)
	return err
}
