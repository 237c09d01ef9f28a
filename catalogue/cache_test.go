package catalogue

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seedpack/seedpack/seed"
)

// The first look needs at most three requests an image, one more for an index and one a repository. The second one asks only
// for tags, and for what is new.
func TestRequests(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	const jobs, versions = 40, 3
	for n := range jobs {
		for v := range versions {
			f.job("geo", fmt.Sprintf("job-%02d", n), "1.0.0", fmt.Sprintf("1.0.%d", v))
		}
	}
	f.push("geo/multi-1.0.0-seed", "1.0.0", index(map[string]v1.Image{"linux/amd64": labelled(t, seed.Label, string(manifestOf("multi", "1.0.0", "1.0.0")))}, "linux/amd64"))
	f.asked()
	opt := Options{Cache: cacheDir(t), Kind: Plain}
	first := f.find("", opt)
	requests := f.asked()
	const images = jobs*versions + 1
	if len(first.Images) != images {
		t.Fatalf("%d images, not %d: %v", len(first.Images), images, first.Failures)
	}
	// The registry is asked once for its API and once for its list.
	if most := 3*images + 1 + (jobs + 1) + 2; len(requests) > most {
		t.Errorf("the first look took %d requests, more than %d", len(requests), most)
	}
	second := f.find("", opt)
	requests = f.asked()
	if want := (jobs + 1) + 2; len(requests) != want {
		t.Errorf("the second look took %d requests, not %d: %q", len(requests), want, requests)
	}
	if !reflect.DeepEqual(printed(t, first), printed(t, second)) {
		t.Error("the second look found something else")
	}
	f.job("geo", "job-00", "1.0.0", "1.0.9")
	third := f.find("", opt)
	requests = f.asked()
	if want := (jobs + 1) + 2 + 2; len(requests) != want || len(third.Images) != images+1 {
		t.Errorf("one new image took %d requests, not %d; %d images", len(requests), want, len(third.Images))
	}
}

func printed(t *testing.T, c *Catalogue) string {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A tag that is no version is asked for each time, by its header. A version is asked for only with Recheck. A damaged file
// of the cache is read anew.
func TestCache(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	put := func(tag, title string) {
		f.push("a-1.0.0-seed", tag, labelled(t, seed.Label, string(manifestOf("a", "1.0.0", "1.0.0", func(j *seed.Job) { j.Title = title }))))
	}
	titles := func(opt Options) (all []string) {
		found := f.find("", opt)
		for n := range found.Images {
			all = append(all, found.Images[n].Seed().Job.Title)
		}
		return all
	}
	put("1.0.0", "old")
	put("latest", "old")
	opt := Options{Cache: cacheDir(t), Kind: Plain}
	equal(t, "first", titles(opt), []string{"old", "old"})
	f.asked()
	equal(t, "again", titles(opt), []string{"old", "old"})
	equal(t, "requests", f.asked(), []string{"GET /v2/", "GET /v2/_catalog?n=1000", "GET /v2/a-1.0.0-seed/tags/list", "HEAD /v2/a-1.0.0-seed/manifests/latest"})
	put("1.0.0", "new")
	put("latest", "new")
	equal(t, "moved", titles(opt), []string{"old", "old", "new", "new"}[1:3])
	opt.Recheck = true
	equal(t, "rechecked", titles(opt), []string{"new", "new"})

	files, err := filepath.Glob(filepath.Join(opt.Cache.Name(), "blobs", "sha256", "*", "*"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files in the cache, %v", len(files), err)
	}
	for _, file := range files {
		if err := os.WriteFile(file, []byte(`{"schemaVersion": 2}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "damaged", titles(opt), []string{"new", "new"})
	if err := os.WriteFile(filepath.Join(opt.Cache.Name(), referencesFile), []byte(`["nonsense"]`), 0o644); err != nil {
		t.Fatal(err)
	}
	equal(t, "damaged references", titles(opt), []string{"new", "new"})
}

func cacheDir(t *testing.T) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// A cache that others have written to, or that cannot be written, costs requests and no images.
func TestCacheSituations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(f *fake, dir string) error
		note   string
	}{
		"a reference that names no digest": {func(f *fake, dir string) error {
			return os.WriteFile(filepath.Join(dir, referencesFile), []byte(`{"`+f.host+`/x-1.0.0-seed:1.0.0": "sha256:../../x"}`), 0o644)
		}, ""},
		"a reference that is null": {func(f *fake, dir string) error {
			return os.WriteFile(filepath.Join(dir, referencesFile), []byte("null"), 0o644)
		}, ""},
		"a digest that is gone since": {func(f *fake, dir string) error {
			return os.WriteFile(filepath.Join(dir, referencesFile), []byte(`{"`+f.host+`/x-1.0.0-seed:1.0.0": "sha256:`+strings.Repeat("0", 64)+`"}`), 0o644)
		}, ""},
		"files of others": {func(f *fake, dir string) error {
			return os.WriteFile(filepath.Join(dir, "README"), []byte("mine"), 0o644)
		}, ""},
		"a directory in place of the references": {func(f *fake, dir string) error { return os.MkdirAll(filepath.Join(dir, referencesFile, "x"), 0o755) }, "the cache could not be written"},
		"a file in place of the contents":        {func(f *fake, dir string) error { return os.WriteFile(filepath.Join(dir, blobsDir), nil, 0o644) }, "the cache could not be written"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, root := newFake(t), cacheDir(t)
			f.image("1.0.0", nil)
			if err := c.change(f, root.Name()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				found := f.find("", Options{Kind: Plain, Cache: root})
				equal(t, "images", names(found), only)
				if !found.Complete || len(found.Skipped) > 0 {
					t.Errorf("skipped are %+v, failures %v", found.Skipped, found.Failures)
				}
				if (len(found.Notes) > 0) != (c.note != "") || c.note != "" && !strings.Contains(found.Notes[0], c.note) {
					t.Errorf("notes are %q", found.Notes)
				}
			}
		})
	}
}

// Two searches that share a cache at one time keep what both have found.
func TestSharedCache(t *testing.T) {
	t.Parallel()
	f, root := newFake(t), cacheDir(t)
	f.job("one", "a", "1.0.0", "1.0.0")
	f.job("two", "b", "1.0.0", "1.0.0")
	f.swap(on("/v2/one/a-1.0.0-seed/tags/list", func(w http.ResponseWriter, r *http.Request) {
		f.swap(nil)
		f.find("two", Options{Kind: Plain, Cache: root}) // from its begin to its end while the first one searches
		f.ServeHTTP(w, r)
	}))
	f.find("one", Options{Kind: Plain, Cache: root})
	f.asked()
	f.find("", Options{Kind: Plain, Cache: root})
	equal(t, "requests", f.asked(), []string{"GET /v2/", "GET /v2/_catalog?n=1000", "GET /v2/one/a-1.0.0-seed/tags/list", "GET /v2/two/b-1.0.0-seed/tags/list"})
}
