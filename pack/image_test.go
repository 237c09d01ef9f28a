package pack

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/docker/cli/cli/config"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// foreign writes an image of another tool to a layout: an index over two platforms. Only the first has a label.
func foreign(t *testing.T, label string) string {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	index := v1.ImageIndex(empty.Index)
	for i, arch := range []string{"amd64", "arm64"} {
		img, err := random.Image(5000, 2)
		if err != nil {
			t.Fatal(err)
		}
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		config = config.DeepCopy()
		config.OS, config.Architecture = "linux", arch
		if i == 0 {
			config.Config.Labels = map[string]string{seed.Label: label}
		}
		if img, err = mutate.ConfigFile(img, config); err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	if err := path.AppendIndex(index); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openSource(t *testing.T, text string) *source.Image {
	t.Helper()
	s, err := source.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	img, err := registry.Registry{}.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := img.Close(); err != nil {
			t.Error(err)
		}
	})
	return img
}

// A counter counts what is sent to a registry.
type counter struct {
	mu    sync.Mutex
	blobs int
	tags  []string
}

func (c *counter) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		switch _, tag, ok := strings.Cut(r.URL.Path, "/manifests/"); {
		case r.Method == http.MethodPatch:
			c.blobs++
		case r.Method == http.MethodPut && ok && !strings.HasPrefix(tag, "sha256:"):
			c.tags = append(c.tags, tag)
		}
		c.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

func TestPushImage(t *testing.T) {
	t.Parallel()
	var sent counter
	server := httptest.NewServer(sent.serve(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	const label = `{"job":{"name":"a"}}`
	dir := foreign(t, "\n"+strings.Replace(label, ":", " : ", -1))
	img := openSource(t, "oci:"+dir)
	digest, err := registry.Registry{}.Push(t.Context(), host+"/a-1.0.0-seed", img)
	if err != nil || digest != img.Digest || sent.blobs != 6 {
		t.Fatalf("pushed %s, not %s, with %d uploads: %v", digest, img.Digest, sent.blobs, err)
	}
	// Another repository, and one label is missing: only the configuration of that image is uploaded.
	other := &foreignImage{request: &Request{Image: openSource(t, host+"/a-1.0.0-seed@"+digest), Repository: host + "/b-1.0.0-seed", Label: label}}
	result, err := other.result(t.Context(), nil, nil)
	if err != nil || result.Digest == digest || len(result.Platforms) != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	if sent.blobs != 7 {
		t.Errorf("%d blobs were sent, one was new", sent.blobs-6)
	}
	if len(sent.tags) > 0 {
		t.Errorf("tags %q were set", sent.tags)
	}
	again := openSource(t, host+"/b-1.0.0-seed@"+result.Digest)
	if again.Platforms[0].Digest != img.Platforms[0].Digest {
		t.Error("the image that had its label is another")
	}
	for n, p := range again.Platforms {
		if !Labelled(p.Config.Config.Labels, label) {
			t.Errorf("%s has the labels %q", p.Name, p.Config.Config.Labels)
		}
		checkLayers(t, p.Image, img.Platforms[n].Image)
	}
}

func checkLayers(t *testing.T, got, want v1.Image) {
	t.Helper()
	a, err := got.Layers()
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		x, errX := a[i].Compressed()
		y, errY := b[i].Compressed()
		if errX != nil || errY != nil {
			t.Fatal(errX, errY)
		}
		first, errX := io.ReadAll(x)
		second, errY := io.ReadAll(y)
		if errX != nil || errY != nil || !bytes.Equal(first, second) {
			t.Errorf("layer %d is another: %v, %v", i, errX, errY)
		}
	}
}

func TestLabelled(t *testing.T) {
	t.Parallel()
	const label = `{"a":"b","n":1}`
	for value, want := range map[string]bool{
		label: true, "{\n \"n\": 1, \"a\": \"b\"}": true, `"{\"a\":\"b\",\"n\":1}"`: true,
		"": false, "{": false, `{"a":"b"}`: false, `{"a":"b","n":2}`: false,
	} {
		if got := Labelled(map[string]string{seed.Label: value}, label); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	if Labelled(nil, label) {
		t.Error("no label holds it")
	}
}

// An image that becomes a Seed image loses the label of JobPack. A build keeps what its Dockerfile says.
func TestLabelJobPack(t *testing.T) {
	t.Parallel()
	const config = `{"config":{"Labels":{"a":"b","com.jobpack.manifest":"{}"}}}`
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Label: "{}", Image: &source.Image{}}, `{"config":{"Labels":{"a":"b","com.ngageoint.seed.manifest":"{}"}}}`},
		{Request{Label: "{}"}, `{"config":{"Labels":{"a":"b","com.jobpack.manifest":"{}","com.ngageoint.seed.manifest":"{}"}}}`},
		{Request{Image: &source.Image{}}, config},
	} {
		got, _, err := test.request.label([]byte(config), nil)
		if err != nil || string(got) != test.want {
			t.Errorf("%s, %v, want %s", got, err, test.want)
		}
	}
}

// A registry with a password gets the credentials of the Docker configuration, from the engine, too.
func TestPrivateRegistry(t *testing.T) {
	base := needs.Variable(t, "SEEDPACK_TEST_BASE")
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	var engineAsked atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "me" || password != "swordfish" {
			w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.HasPrefix(r.UserAgent(), "buildkit/") {
			engineAsked.Store(true)
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	home := dir(t, map[string]string{"config.json": `{"auths": {"` + host + `": {"username": "me", "password": "swordfish"}}}`})
	from := openSource(t, "oci:"+base)
	if _, err := (registry.Registry{}).Push(t.Context(), host+"/busybox", from); err == nil || !strings.Contains(err.Error(), "log in") {
		t.Errorf("without credentials: %v", err)
	}
	setDockerConfig(t, home)
	digest, err := registry.Registry{}.Push(t.Context(), host+"/busybox", from)
	if err != nil {
		t.Fatal(err)
	}
	request := Request{Image: openSource(t, host+"/busybox@"+digest), Repository: host + "/a-1.0.0-seed", Label: `{"job":{"name":"a"}}`}
	ran := false
	result, err := Build(t.Context(), privateEngine(t), request, func(ctx context.Context, all []*Candidate) error {
		outcome, err := all[0].Run(ctx, Process{Name: "case", Args: []string{"/bin/sh", "-c", "exit 7"}, OutputDir: "/out", Timeout: time.Minute})
		ran = err == nil && outcome.Exit == 7
		return err
	})
	if err != nil || !ran || !engineAsked.Load() {
		t.Fatalf("ran: %v, the engine asked the registry: %v, %v", ran, engineAsked.Load(), err)
	}
	if again := openSource(t, host+"/a-1.0.0-seed@"+result.Digest); !Labelled(again.Platforms[0].Config.Config.Labels, request.Label) {
		t.Error("the pushed image has no label")
	}
}

// setDockerConfig makes a directory the Docker configuration. Docker's own package reads the environment only once.
func setDockerConfig(t *testing.T, dir string) {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", dir)
	before := config.Dir()
	config.SetDir(dir)
	t.Cleanup(func() { config.SetDir(before) })
}
