package engine

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// setDockerConfig makes a directory the docker configuration. Docker's own package reads the environment only once.
func setDockerConfig(t *testing.T, dir string) {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", dir)
	before := config.Dir()
	config.SetDir(dir)
	t.Cleanup(func() { config.SetDir(before) })
}

// dockerEngine serves a Docker Engine that has the image x:1, on a socket of its own.
func dockerEngine(t *testing.T) (address, imageID string) {
	t.Helper()
	img, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	id, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("x:1")
	if err != nil {
		t.Fatal(err)
	}
	address = serveDocker(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/_ping"):
		case strings.HasSuffix(r.URL.Path, "/images/get") && r.URL.Query().Get("names") == "x:1":
			if err := tarball.Write(tag, img, w); err != nil {
				t.Error(err)
			}
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"message": "no such image: ` + r.URL.Query().Get("names") + `"}`))
		}
	})
	return address, id.String()
}

// serveDocker serves a Docker Engine on a socket of its own.
func serveDocker(t *testing.T, handler http.HandlerFunc) (address string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") // the path of a socket must be short
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
		handler(w, r)
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return "unix://" + filepath.Join(dir, "s")
}

func TestDockerDaemonSource(t *testing.T) {
	address, id := dockerEngine(t)
	home := t.TempDir()
	setDockerConfig(t, home)
	t.Setenv("TMPDIR", t.TempDir())
	open := func(r registry.Registry, image string) (*source.Image, error) {
		return r.Open(t.Context(), source.Source{Kind: source.DockerDaemon, Name: image})
	}
	img, err := open(registry.Registry{Save: DockerHost{environment("DOCKER_HOST", address)}.Save}, "x:1")
	if err != nil {
		t.Fatal(err)
	}
	if img.Platforms[0].ImageID != id {
		t.Errorf("the image is %s, not %s", img.Platforms[0].ImageID, id)
	}
	if err := img.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := open(registry.Registry{Save: DockerHost{environment("DOCKER_HOST", address)}.Save}, "y"); err == nil || !strings.Contains(err.Error(), "read docker-daemon:y: ") || !strings.Contains(err.Error(), "no such image: y") {
		t.Error(err)
	}
	if _, err := open(registry.Registry{Save: DockerHost{environment("DOCKER_HOST", "unix:///nowhere")}.Save}, "x"); err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Error(err)
	}
}

// environment returns an environment of pairs of names and values.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// The engine is the one that docker's command line would use.
func TestDockerHost(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write := func(file, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(home, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.json", `{"currentContext": "there"}`)
	// The directory of a context has the digest of its name for a name.
	write(fmt.Sprintf("contexts/meta/%x/meta.json", sha256.Sum256([]byte("there"))), `{"Name": "there", "Endpoints": {"docker": {"Host": "tcp://192.0.2.1:2375"}}}`)
	for _, tt := range []struct{ host, context, want string }{
		{"", "", "tcp://192.0.2.1:2375"},
		{"", "there", "tcp://192.0.2.1:2375"},
		{"", "default", "unix:///var/run/docker.sock"},
		{"tcp://192.0.2.2:2375", "there", "tcp://192.0.2.2:2375"},
	} {
		host := DockerHost{environment("DOCKER_CONFIG", home, "DOCKER_HOST", tt.host, "DOCKER_CONTEXT", tt.context)}
		c, _, err := host.client("")
		if err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		if got := c.DaemonHost(); got != tt.want || host.Address() != tt.want {
			t.Errorf("%+v is %s, %s", tt, got, host.Address())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	host := DockerHost{environment("DOCKER_CONFIG", home, "DOCKER_CONTEXT", "nowhere")}
	if _, _, err := host.client(""); err == nil || !strings.Contains(err.Error(), `docker context "nowhere" is unknown: there are default, there`) {
		t.Error(err)
	}
}
