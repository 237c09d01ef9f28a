package pipeline

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// A testRegistry is a registry in this process. It counts requests for blobs, which are layers and configurations.
type testRegistry struct {
	*testing.T
	host string
	mu   sync.Mutex
	gets []string
}

func newTestRegistry(t *testing.T) *testRegistry {
	r := &testRegistry{T: t}
	next := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		r.gets = append(r.gets, request.Method+" "+request.URL.Path)
		r.mu.Unlock()
		next.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

const oldJob = `{"seedVersion": "1.0.0", "job": {"name": "tiler", "jobVersion": "1.2.0", "packageVersion": "1.0.0", "title": "Tiles",
"interface": {"inputs": {"files": [{"name": "SCENE"}]}}}}`

// publish publishes an image of a manifest with one file and some labels, and returns its digest.
func (r *testRegistry) publish(manifest, content string, labels map[string]string) string {
	r.Helper()
	layer := static.NewLayer(tarOf(r.T, content), types.OCIUncompressedLayer)
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		r.Fatal(err)
	}
	all := map[string]string{seed.Label: manifest}
	for name, value := range labels {
		all[name] = value
	}
	if img, err = mutate.Config(img, v1.Config{Labels: all, Entrypoint: []string{"/run"}}); err != nil {
		r.Fatal(err)
	}
	ref, err := registry.Registry{}.Parse(r.host + "/" + seed.Parse([]byte(manifest)).ImageName())
	if err == nil {
		err = remote.Write(ref, img)
	}
	if err != nil {
		r.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		r.Fatal(err)
	}
	return digest.String()
}

func (r *testRegistry) job(manifest string) (*Result, *pack.Request) {
	r.Helper()
	j := &job.Job{Path: seed.ManifestFile, Manifest: seed.Parse([]byte(manifest))}
	label, err := pack.EncodeLabel([]byte(manifest))
	if err != nil {
		r.Fatal(err)
	}
	return &Result{Task: Task{Job: j}, Name: r.host + "/" + j.Manifest.ImageName()},
		&pack.Request{Label: label, Marks: map[string]string{seed.SourceLabel: "sha256:now"}}
}

func publisherOf(ifExists string) *publisher {
	return &publisher{Publish: &Publish{IfExists: ifExists}, begin: func(*Result, string) {}}
}

func said2(r *Result) string {
	var all []string
	for _, report := range r.Reports {
		for _, d := range report.Diagnostics {
			all = append(all, fmt.Sprintf("%s %s: %s", d.Level(), d.Rule.ID, d.Message))
		}
	}
	return strings.Join(all, "\n")
}

// What is known before a build: an image of the same sources and manifest is published already, another manifest is refused, and
// anything else is built and compared.
func TestPreflightOfTakenName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		now     string // the manifest
		sources string // in the published image
		done    bool
		refused string
	}{
		{"same", oldJob, "sha256:now", true, ""},
		{"same, formatted anew", strings.Replace(oldJob, ", ", ",\n  ", -1), "sha256:now", true, ""},
		{"other sources", oldJob, "sha256:then", false, ""},
		{"no sources", oldJob, "", false, ""},
		{"a default written out", strings.Replace(oldJob, `"SCENE"`, `"SCENE", "required": true`, 1), "sha256:now", false, ""},
		{"other words", strings.Replace(oldJob, "Tiles", "More tiles", 1), "sha256:now", false, `title was "Tiles", is "More tiles"; not built`},
		{"other interface", strings.Replace(oldJob, "SCENE", "IMAGE", 1), "sha256:then", false, `input is renamed from "SCENE" to "IMAGE"; not built`},
	} {
		for _, ifExists := range []string{IfExistsError, IfExistsSkip} {
			t.Run(test.name+" "+ifExists, func(t *testing.T) {
				t.Parallel()
				r := newTestRegistry(t)
				digest := r.publish(oldJob, "x", map[string]string{seed.SourceLabel: test.sources})
				result, request := r.job(test.now)
				defer result.release()
				done, err := publisherOf(ifExists).preflight(t.Context(), result, request)
				if done != test.done || (err != nil) != (test.refused != "") || err != nil && err != exit.Findings {
					t.Fatalf("done %t, %v\n%s", done, err, said2(result))
				}
				if test.done && (result.Published == nil || !result.Published.Already || !strings.HasSuffix(result.Published.Reference, digest) || result.Image(nil).Digest != digest) {
					t.Errorf("published %+v", result.Published)
				}
				if want := fmt.Sprintf("error tag-taken: %q names another image already, %s: %s", result.Name, digest, test.refused); test.refused != "" && said2(result) != want {
					t.Errorf("%s\nwant %s", said2(result), want)
				}
				if !test.done && err == nil && result.holder == nil {
					t.Error("what is built is not compared")
				}
			})
		}
	}
}

// What is built is compared with what is published.
func TestSettle(t *testing.T) {
	t.Parallel()
	const revision = "org.opencontainers.image.revision"
	for _, test := range []struct {
		name      string
		labels    map[string]string // of the published image
		content   string            // of the new one
		more      map[string]string // its labels
		err, skip bool              // under error; whether skip leaves it
		said      string
	}{
		{"same files", map[string]string{seed.SourceLabel: "a"}, "x", map[string]string{seed.SourceLabel: "b", revision: "2"}, false, false, ""},
		{"other files", map[string]string{seed.SourceLabel: "a", revision: "1"}, "y", map[string]string{seed.SourceLabel: "b", revision: "1"}, true, false,
			`files of the image differ: changed: "/run"`},
		{"not reproducible", map[string]string{revision: "1"}, "y", map[string]string{seed.SourceLabel: "b", revision: "1"}, true, true,
			`built from the same commit: the build is not reproducible, 1 file differs: "/run"`},
		{"another commit, no sources", map[string]string{revision: "1"}, "y", map[string]string{seed.SourceLabel: "b", revision: "2"}, true, false, `changed: "/run"`},
		{"other base", map[string]string{"org.opencontainers.image.base.name": "debian:12", "org.opencontainers.image.base.digest": "sha256:1"}, "y",
			map[string]string{"org.opencontainers.image.base.name": "debian:13", "org.opencontainers.image.base.digest": "sha256:2"}, true, false,
			`its base image is debian:13@sha256:2, it was debian:12@sha256:1, not pushed`},
	} {
		for _, ifExists := range []string{IfExistsError, IfExistsSkip} {
			t.Run(test.name+" "+ifExists, func(t *testing.T) {
				t.Parallel()
				r := newTestRegistry(t)
				r.publish(oldJob, "x", test.labels)
				result, _ := r.job(oldJob)
				pub := publisherOf(ifExists)
				held, err := pub.open(t.Context(), result.Name)
				if err != nil || held == nil {
					t.Fatal(err)
				}
				defer held.Close()
				r.publish(strings.Replace(oldJob, `"packageVersion": "1.0.0"`, `"packageVersion": "9.0.0"`, 1), test.content, test.more)
				built, err := pub.open(t.Context(), strings.Replace(result.Name, ":1.0.0", ":9.0.0", 1))
				if err != nil {
					t.Fatal(err)
				}
				defer built.Close()
				err = pub.settle(t.Context(), result, held, built.Image, "not pushed")
				skipped := test.skip && ifExists == IfExistsSkip
				if (err != nil) != (test.err && !skipped) || result.Skipped != skipped {
					t.Errorf("%v, skipped %t: %s", err, result.Skipped, said2(result))
				}
				if !strings.Contains(said2(result), test.said) || (result.Published != nil) != !test.err {
					t.Errorf("published %+v: %s", result.Published, said2(result))
				}
			})
		}
	}
}

// Of a build that is not reproducible, all differences are named: those of the files as a number of them, since they may be many.
func TestNotReproducible(t *testing.T) {
	t.Parallel()
	r := &Result{Name: "example.com/a-1.0.0-seed:1.0.0"}
	held := &holder{Image: &source.Image{Digest: "sha256:1"}}
	c := &compare.Comparison{Changes: []compare.Change{
		{Message: "User of the image was absent, is nobody"},
		{Message: "files of the image differ: …", Files: &compare.Files{Added: []string{"/app/a"}, Changed: []string{"/app/b/c"}}},
		{Message: `label "x" of the image was 1, is 2`},
	}}
	const want = `"example.com/a-1.0.0-seed:1.0.0" names sha256:1 already, built from the same commit: the build is not reproducible` +
		`, User of the image was absent, is nobody, 2 files under "/app" differ, label "x" of the image was 1, is 2`
	if got := r.notReproducible(held, c); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// The newest published image is that of the greatest jobVersion that is known and published.
func TestNewest(t *testing.T) {
	t.Parallel()
	r := newTestRegistry(t)
	at := func(jobVersion, packageVersion string) string {
		return strings.NewReplacer("1.2.0", jobVersion, `"packageVersion": "1.0.0"`, `"packageVersion": "`+packageVersion+`"`).Replace(oldJob)
	}
	for _, v := range [][2]string{{"1.0.0", "1.0.0"}, {"1.2.0", "1.9.0"}, {"1.2.0", "1.10.0"}, {"1.2.0", "2.0.0-rc.1"}} {
		r.publish(at(v[0], v[1]), "x", nil)
	}
	for _, test := range []struct {
		job, pkg     string
		versions     []string
		newest, then string // tags, with the repository's jobVersion before
	}{
		{"1.2.0", "1.10.0", nil, "1.2.0 2.0.0-rc.1", "1.2.0 1.9.0"},
		{"1.2.0", "1.9.0", []string{"1.0.0"}, "1.2.0 2.0.0-rc.1", "1.0.0 1.0.0"},
		{"2.0.0", "1.0.0", []string{"1.2.0", "1.0.0"}, "1.2.0 2.0.0-rc.1", "1.2.0 2.0.0-rc.1"},
		{"2.0.0", "1.0.0", nil, "", ""},
		{"1.1.0", "1.0.0", []string{"1.2.0"}, "1.2.0 2.0.0-rc.1", "1.2.0 2.0.0-rc.1"},
	} {
		m := seed.Parse([]byte(at(test.job, test.pkg)))
		for i, find := range []func() (*Predecessor, error){
			func() (*Predecessor, error) {
				return Newest(t.Context(), registry.Registry{}, r.host, m, test.versions)
			},
			func() (*Predecessor, error) {
				return Before(t.Context(), registry.Registry{}, r.host, m, test.versions)
			},
		} {
			found, err := find()
			got := ""
			if found != nil {
				got = found.Manifest.Job.JobVersion + " " + found.Manifest.Job.PackageVersion
			}
			if want := []string{test.newest, test.then}[i]; got != want || err != nil {
				t.Errorf("%s %s: %q %v, want %q", test.job, test.pkg, got, err, want)
			}
		}
	}
}

// Versions that did not rise far enough since the last publication end a job before its build. The first publication is no alarm.
func TestPredecessor(t *testing.T) {
	t.Parallel()
	r := newTestRegistry(t)
	result, request := r.job(oldJob)
	if done, err := publisherOf("").preflight(t.Context(), result, request); done || err != nil || said2(result) != "" {
		t.Errorf("the first: %t %v %s", done, err, said2(result))
	}
	r.publish(oldJob, "x", map[string]string{seed.SourceLabel: "sha256:then"})
	next := strings.Replace(oldJob, `"packageVersion": "1.0.0"`, `"packageVersion": "1.0.1"`, 1)
	result, request = r.job(next)
	if done, err := publisherOf("").preflight(t.Context(), result, request); done || err != nil || said2(result) != "" {
		t.Errorf("packaged anew: %t %v %s", done, err, said2(result))
	}
	result, request = r.job(strings.Replace(next, "SCENE", "IMAGE", 1))
	_, err := publisherOf("").preflight(t.Context(), result, request)
	if err != exit.Findings || !strings.Contains(said2(result), "error version-too-small: jobVersion is 1.2.0, too little since "+r.host+"/tiler-1.2.0-seed:1.0.0") {
		t.Errorf("broken: %v %s", err, said2(result))
	}
	result, request = r.job(strings.Replace(next, "SCENE", "IMAGE", 1))
	result.Policy = diag.Policy{Rules: map[string]diag.Severity{"version-too-small": diag.Notice}}
	if _, err := publisherOf("").preflight(t.Context(), result, request); err != nil {
		t.Errorf("a policy says that it is a notice: %v", err)
	}
}

func tarOf(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: "run", Mode: 0o755, Size: int64(len(content))})
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A registry may refuse to show a repository that is not there yet. If it takes the image, that is the first publication, and no
// alarm. What it fails at otherwise is said.
func TestFirstPublication(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		read, write  int  // status of what is asked
		unclear, err bool // whether skip cannot decide, and whether nothing can
		said         string
	}{
		"not found":          {http.StatusNotFound, http.StatusAccepted, false, false, ""},
		"not shown":          {http.StatusForbidden, http.StatusAccepted, false, false, ""},
		"not shown, other":   {http.StatusUnauthorized, http.StatusAccepted, false, false, ""},
		"neither shown":      {http.StatusForbidden, http.StatusForbidden, true, true, ""},
		"no list":            {http.StatusNotImplemented, http.StatusAccepted, true, false, "predecessor-unknown"},
		"no answer for tags": {http.StatusTeapot, http.StatusAccepted, true, false, "predecessor-unknown"},
	} {
		for _, ifExists := range []string{IfExistsError, IfExistsSkip, IfExistsOverwrite} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/v2/":
				case r.Method == http.MethodPost:
					w.Header().Set("Location", "/v2/upload")
					w.WriteHeader(c.write)
				case r.Method == http.MethodGet:
					w.WriteHeader(c.read)
				}
			}))
			j := &job.Job{Path: seed.ManifestFile, Manifest: seed.Parse([]byte(oldJob))}
			r := &Result{Task: Task{Job: j}, Name: strings.TrimPrefix(server.URL, "http://") + "/" + j.Manifest.ImageName()}
			pub := publisherOf(ifExists)
			pub.Preflight = true
			done, err := pub.preflight(t.Context(), r, &pack.Request{})
			if wrong := c.err || c.unclear && ifExists == IfExistsSkip; done || wrong != (err != nil) {
				t.Errorf("%s, %s: %v, %v", name, ifExists, done, err)
			}
			if said := said2(r); (c.said == "") != (said == "") || !strings.Contains(said, c.said) {
				t.Errorf("%s, %s: it is said: %s", name, ifExists, said)
			}
			server.Close()
		}
	}
}

// A predecessor that was named by hand is compared with, or the job is not published: a slip in its name must not turn the comparison off.
func TestNamedPredecessor(t *testing.T) {
	t.Parallel()
	server := newTestRegistry(t)
	server.publish(strings.Replace(oldJob, "tiler", "other", 1), "x", nil)
	for _, test := range []struct{ predecessor, want string }{
		{server.host + "/nowhere-1.0.0-seed:1.0.0", "which was named"},
		{"docker-archive:" + filepath.Join(t.TempDir(), "nowhere.tar"), "which was named"},
		{server.host + "/other-1.2.0-seed:1.0.0", `it is an image of the job "other", and this is "tiler"`},
	} {
		from, err := source.Parse(test.predecessor)
		if err != nil {
			t.Fatal(err)
		}
		j := &job.Job{Path: seed.ManifestFile, Manifest: seed.Parse([]byte(oldJob))}
		r := &Result{Task: Task{Job: j}, Name: server.host + "/" + j.Manifest.ImageName()}
		pub := publisherOf(IfExistsError)
		pub.Predecessor = &from
		if err := pub.checkPredecessor(t.Context(), r, &pack.Request{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.predecessor, err, test.want)
		}
	}
}
