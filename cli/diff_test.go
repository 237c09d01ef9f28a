package cli

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seedpack/seedpack/seed"
)

// fileLayer is a layer with one file.
func fileLayer(t *testing.T, path, content string) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: path, Size: int64(len(content)), Mode: 0o644})
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return static.NewLayer(b.Bytes(), types.OCIUncompressedLayer)
}

// Diff asks a registry for no layer that both images have, wherever it lies in them, and for none at all if all are the same.
func TestDiffAsksForNoSharedLayer(t *testing.T) {
	t.Parallel()
	base, data := fileLayer(t, "etc/base", "1"), fileLayer(t, "data/x", "1")
	one, two := fileLayer(t, "run.sh", "one"), fileLayer(t, "run.sh", "two")
	for _, tt := range []struct {
		name     string
		old, new []v1.Layer
		asked    []v1.Layer
		says     string
	}{
		{"all the same", []v1.Layer{base, one, data}, []v1.Layer{base, one, data}, nil, "none: no version must rise"},
		{"one between", []v1.Layer{base, one, data}, []v1.Layer{base, two, data}, []v1.Layer{one, two}, `files of the image differ: changed: "/run.sh"`},
		{"the first", []v1.Layer{one, base, data}, []v1.Layer{two, base, data}, []v1.Layer{one, two}, `files of the image differ: changed: "/run.sh"`},
		{"one more", []v1.Layer{base, data}, []v1.Layer{base, data, two}, []v1.Layer{two}, `files of the image differ: added: "/run.sh"`},
	} {
		var mu sync.Mutex
		asked := map[string]bool{}
		inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, digest, ok := strings.Cut(r.URL.Path, "/blobs/"); ok && r.Method == http.MethodGet {
				mu.Lock()
				asked[digest] = true
				mu.Unlock()
			}
			inner.ServeHTTP(w, r)
		}))
		defer server.Close()
		host := strings.TrimPrefix(server.URL, "http://")
		args := []string{"diff"}
		configs := map[string]bool{}
		for tag, layers := range map[string][]v1.Layer{"a": tt.old, "b": tt.new} {
			img, err := mutate.AppendLayers(empty.Image, layers...)
			if err == nil {
				img, err = mutate.Config(img, v1.Config{Labels: map[string]string{seed.Label: basedJob}})
			}
			if err != nil {
				t.Fatal(err)
			}
			reference, err := name.NewTag(host + "/tiler-1.0.0-seed:" + tag)
			if err == nil {
				err = remote.Write(reference, img)
			}
			if err != nil {
				t.Fatal(err)
			}
			id, err := img.ConfigName()
			if err != nil {
				t.Fatal(err)
			}
			configs[id.String()] = true
		}
		args = append(args, host+"/tiler-1.0.0-seed:a", host+"/tiler-1.0.0-seed:b")
		var out bytes.Buffer
		Run(t.Context(), args, Process{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
		if !strings.Contains(out.String(), tt.says) {
			t.Errorf("%s: %s", tt.name, out.String())
		}
		want := map[string]bool{}
		for _, layer := range tt.asked {
			digest, err := layer.Digest()
			if err != nil {
				t.Fatal(err)
			}
			want[digest.String()] = true
		}
		for digest := range asked {
			if !configs[digest] && !want[digest] {
				t.Errorf("%s: the registry was asked for %s", tt.name, digest)
			}
		}
		for digest := range want {
			if !asked[digest] {
				t.Errorf("%s: the registry was not asked for %s", tt.name, digest)
			}
		}
	}
}

// A manifest whose text is torn cannot be compared, in whatever state it is: that is an error, which says where. A directory with a
// manifest is that job, whatever lies below it.
func TestDiffStates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := checkout{t, dir}
	c.git("init", "--quiet", "--initial-branch=main")
	c.commit(map[string]string{"job/seed.manifest.json": basedJob[:300], "whole/seed.manifest.json": basedJob})
	c.commit(map[string]string{"job/seed.manifest.json": basedJob, "job/below/seed.manifest.json": basedJob})
	c.write(map[string]string{"torn/seed.manifest.json": basedJob[:300], "none/seed.manifest.json": "[]", "root/seed.manifest.json": strings.Replace(basedJob, `"seedVersion": "1.0.0", `, "", 1)})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{at("job"), at("whole")}, 1, `removed: "below/seed.manifest.json"`},
		{[]string{"git:HEAD", at("job")}, 0, "none: no version must rise"},
		{[]string{at("torn"), at("job")}, 3, at("torn/seed.manifest.json") + ":"},
		{[]string{at("job"), at("torn")}, 3, "the manifest cannot be compared"},
		{[]string{at("job"), at("none")}, 3, at("none/seed.manifest.json") + ":1:1: it is no JSON object"},
		{[]string{"git:HEAD~1", at("job")}, 3, "git:HEAD~1:"},
		{[]string{at("job"), at("root")}, 1, at("root/seed.manifest.json") + `:1:1: seedVersion was "1.0.0", is absent`},
		{[]string{at("job"), at("root"), "--format", "markdown"}, 1, `| words | seedVersion was "1.0.0", is absent | the manifest |`},
	} {
		var out bytes.Buffer
		status := Run(t.Context(), append([]string{"diff"}, tt.args...), Process{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
		if status != tt.status || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%q: status %d, want %d and %q\n%s", tt.args, status, tt.status, tt.says, out.String())
		}
	}

	// Of a base, a torn manifest is a notice: a change that repairs it must pass. Bump writes nothing into a torn manifest.
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"lint", at("job/seed.manifest.json"), "--verbose", "--base", "HEAD~1"}, 0, "the manifest cannot be read in HEAD~1: job/seed.manifest.json:"},
		{[]string{"bump", at("job/seed.manifest.json"), "--base", "HEAD~1"}, 3, "the manifest cannot be read in HEAD~1"},
		{[]string{"bump", at("torn"), "--base", "HEAD"}, 3, "seedpack lint says what is wrong"},
		{[]string{"list", at("job"), "--base", "HEAD~1"}, 0, "tiler"},
	} {
		var out bytes.Buffer
		status := Run(t.Context(), tt.args, Process{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }})
		if status != tt.status || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%q: status %d, want %d and %q\n%s", tt.args, status, tt.status, tt.says, out.String())
		}
	}
}
