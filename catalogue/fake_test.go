package catalogue

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// A fake is a registry, and may be a service with a list of its own. Images are kept by go-containerregistry's registry.
// Lists have pages, as docker-registry's have.
type fake struct {
	t    testing.TB
	host string
	keep http.Handler

	mu       sync.Mutex
	requests []string            // method and address
	headers  []http.Header       // of the same requests
	tags     map[string][]string // by repository
	// before may answer a request in the fake's place.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func newFake(t testing.TB) *fake {
	t.Helper()
	f := &fake{t: t, tags: map[string][]string{}, keep: ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(quiet))}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.host = strings.TrimPrefix(server.URL, "http://")
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
	f.headers = append(f.headers, r.Header.Clone())
	before := f.before
	f.mu.Unlock()
	switch {
	case before != nil && before(w, r):
	case r.Method == http.MethodGet && r.URL.Path == "/v2/_catalog":
		f.catalog(w, r)
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/tags/list"):
		f.list(w, strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v2/"), "/tags/list"))
	default:
		f.keep.ServeHTTP(w, r)
	}
}

// catalog answers as docker-registry 2.8 does: at most 100 names without n, and a relative link.
func (f *fake) catalog(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	names := make([]string, 0, len(f.tags))
	for repository := range f.tags {
		names = append(names, repository)
	}
	f.mu.Unlock()
	sort.Strings(names)
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || n > 100 {
		n = 100
	}
	if last := r.URL.Query().Get("last"); last != "" {
		names = names[sort.SearchStrings(names, last+"\x00"):]
	}
	if len(names) > n {
		names = names[:n]
		w.Header().Set("Link", fmt.Sprintf(`</v2/_catalog?last=%s&n=%d>; rel="next"`, url.QueryEscape(names[n-1]), n))
	}
	answer(w, map[string]any{"repositories": names})
}

func (f *fake) list(w http.ResponseWriter, repository string) {
	f.mu.Lock()
	tags, ok := f.tags[repository]
	tags = slices.Clone(tags)
	f.mu.Unlock()
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		answer(w, map[string]any{"errors": []any{map[string]string{"code": "NAME_UNKNOWN"}}})
		return
	}
	answer(w, map[string]any{"name": repository, "tags": tags})
}

func answer(w http.ResponseWriter, v any) {
	_ = json.NewEncoder(w).Encode(v)
}

// asked returns the requests since the last call, in order.
func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.requests
	f.requests, f.headers = nil, nil
	slices.Sort(all)
	return all
}

// push writes an image or an index under a tag and returns its digest.
func (f *fake) push(repository, tag string, what remote.Taggable) string {
	f.t.Helper()
	ref, err := name.NewTag(f.host + "/" + repository + ":" + tag)
	if err != nil {
		f.t.Fatal(err)
	}
	before := f.swap(nil)
	defer func() { f.swap(before) }()
	switch what := what.(type) {
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, what)
	case v1.Image:
		err = remote.Write(ref, what)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.mu.Lock()
	f.tags[repository] = append(f.tags[repository], tag)
	f.requests, f.headers = nil, nil
	f.mu.Unlock()
	raw, err := what.RawManifest()
	if err != nil {
		f.t.Fatal(err)
	}
	return digestOf(raw, "")
}

func (f *fake) swap(before func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.before
	f.before = before
	return old
}

// job pushes an image with a manifest that has these members.
func (f *fake) job(namespace, job, version, packageVersion string, change ...func(*seed.Job)) string {
	f.t.Helper()
	m := manifestOf(job, version, packageVersion, change...)
	label, err := pack.EncodeLabel(m)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.push(strings.TrimPrefix(namespace+"/", "/")+job+"-"+version+"-seed", packageVersion, labelled(f.t, seed.Label, label))
}

func manifestOf(name, version, packageVersion string, change ...func(*seed.Job)) []byte {
	job := seed.Job{Name: name, JobVersion: version, PackageVersion: packageVersion, Title: "Title of " + name, Description: "Describes " + name,
		Maintainer: seed.Maintainer{Name: "Jane Doe", Email: "jdoe@example.com", Organization: "E-corp"}, Timeout: 60}
	for _, do := range change {
		do(&job)
	}
	text := map[string]any{"seedVersion": "1.0.0", "job": map[string]any{
		"name": job.Name, "jobVersion": job.JobVersion, "packageVersion": job.PackageVersion, "title": job.Title, "description": job.Description, "tags": job.Tags,
		"maintainer": map[string]any{"name": job.Maintainer.Name, "email": job.Maintainer.Email, "organization": job.Maintainer.Organization},
		"timeout":    job.Timeout,
		"resources":  map[string]any{"scalar": []any{map[string]any{"name": "cpus", "value": 1}, map[string]any{"name": "mem", "value": 64}, map[string]any{"name": "disk", "value": 1}}},
		"interface":  map[string]any{"command": "${OUTPUT_DIR}"},
	}}
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return out
}

// labelled returns an image without layers that has a label. An empty key means no label.
func labelled(t testing.TB, key, value string) v1.Image {
	t.Helper()
	return configured(t, func(c *v1.ConfigFile) {
		if key != "" {
			c.Config.Labels = map[string]string{key: value}
		}
	})
}

func configured(t testing.TB, change func(*v1.ConfigFile)) v1.Image {
	t.Helper()
	config := &v1.ConfigFile{OS: "linux", Architecture: "amd64", RootFS: v1.RootFS{Type: "layers"}}
	change(config)
	img, err := mutate.ConfigFile(mutate.MediaType(empty.Image, types.OCIManifestSchema1), config)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.ConfigMediaType(img, types.OCIConfigJSON)
}

// index returns an index over images for platforms, written os/arch.
func index(images map[string]v1.Image, order ...string) v1.ImageIndex {
	var adds []mutate.IndexAddendum
	for _, name := range order {
		os, arch, _ := strings.Cut(name, "/")
		adds = append(adds, mutate.IndexAddendum{Add: images[name], Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &v1.Platform{OS: os, Architecture: arch}}})
	}
	return mutate.IndexMediaType(mutate.AppendManifests(empty.Index, adds...), types.OCIImageIndex)
}

// find searches the fake below a namespace.
func (f *fake) find(namespace string, opt Options) *Catalogue {
	f.t.Helper()
	found, err := Find(f.t.Context(), []string{strings.TrimSuffix(f.host+"/"+namespace, "/")}, opt)
	if err != nil {
		f.t.Fatal(err)
	}
	return found
}

// names returns the names of a catalogue's images.
func names(c *Catalogue) []string {
	all := make([]string, len(c.Images))
	for n := range c.Images {
		all[n] = c.Images[n].Name
	}
	return all
}
