package pack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/ociindex"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seedpack/seedpack/disk"
)

// writeCache does what BuildKit's client does with a path: it writes blobs, and then names one of them.
func writeCache(t *testing.T, path, tag string, contents ...string) {
	t.Helper()
	var d ocispecs.Descriptor
	for _, text := range contents {
		d = ocispecs.Descriptor{Digest: digest.FromString(text), Size: int64(len(text))}
		dir := filepath.Join(path, "blobs", "sha256")
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, d.Digest.Encoded()), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ociindex.NewStoreIndex(path).Put(d, ociindex.Tag(tag)); err != nil {
		t.Fatal(err)
	}
}

// cacheHolds returns the blobs of a cache, and what its index names.
func cacheHolds(t *testing.T, path string) (all []string) {
	t.Helper()
	for name, text := range files(t, path) {
		switch {
		case strings.HasPrefix(name, "blobs"):
			all = append(all, text)
		case name == "index.json":
			index, err := ociindex.NewStoreIndex(path).Read()
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range index.Manifests {
				text, err := os.ReadFile(filepath.Join(path, "blobs", "sha256", m.Digest.Encoded()))
				all = append(all, fmt.Sprint(m.Annotations[refNameKey], "=", string(text)))
				if err != nil {
					t.Error(err)
				}
			}
		case name != "oci-layout":
			all = append(all, "file "+name)
		}
	}
	slices.Sort(all)
	return all
}

// A cache that is written below a root holds what it held and what is new. Other tags stay, and so do blobs, unless the cache is
// reset.
func TestCacheStage(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dest := filepath.Join(top, "new", "cache")
	for _, step := range []struct {
		attrs    map[string]string
		contents []string
		commit   bool
		removed  string // by the client, as it resets a cache
		want     []string
	}{
		{contents: []string{"a", "b"}, want: nil},
		{contents: []string{"a", "b"}, commit: true, want: []string{"a", "b", "latest=b"}},
		{contents: []string{"a", "c"}, commit: true, want: []string{"a", "b", "c", "latest=c"}},
		{attrs: map[string]string{"tag": "t"}, contents: []string{"d"}, commit: true, want: []string{"a", "b", "c", "d", "latest=c", "t=d"}},
		{attrs: map[string]string{"reset": "true"}, contents: []string{"a", "c"}, removed: "b", commit: true, want: []string{"a", "c", "d", "latest=c", "t=d"}},
	} {
		entries := []client.CacheOptionsEntry{{Type: "local", Attrs: map[string]string{"dest": dest}}}
		for name, value := range step.attrs {
			entries[0].Attrs[name] = value
		}
		all, err := stageCaches(entries, disk.Roots{top})
		if err != nil {
			t.Fatal(err)
		}
		path, tag := entries[0].Attrs["dest"], "latest"
		if step.attrs["tag"] != "" {
			tag = step.attrs["tag"]
		}
		writeCache(t, path, tag, step.contents...)
		if step.removed != "" {
			if err := os.Remove(filepath.Join(path, "blobs", "sha256", digest.FromString(step.removed).Encoded())); err != nil {
				t.Fatal(err)
			}
		}
		if step.commit {
			err = commitCaches(all)
		}
		if err := errors.Join(err, discardCaches(all)); err != nil {
			t.Fatal(err)
		}
		if got := cacheHolds(t, dest); !slices.Equal(got, step.want) {
			t.Errorf("%+v: there is %q, not %q", step, got, step.want)
		}
	}
}

// Nothing is written through a link, wherever it is in the cache, and whenever it appears.
func TestCacheStageLinks(t *testing.T) {
	t.Parallel()
	for _, link := range []string{".", "blobs", "blobs/sha256", "index.json", "oci-layout", "index.json.lock", "ingest",
		"blobs/sha256/" + digest.FromString("new").Encoded()} {
		for _, to := range []string{"dir", "file", "nothing"} {
			for _, late := range []bool{false, true} {
				top := t.TempDir()
				dest, outside := filepath.Join(top, "root", "cache"), filepath.Join(top, "outside")
				at := filepath.Join(dest, link)
				writeCache(t, dest, "latest", "old")
				if err := errors.Join(os.MkdirAll(filepath.Join(outside, "dir"), 0o755), os.WriteFile(filepath.Join(outside, "file"), []byte("precious"), 0o644)); err != nil {
					t.Fatal(err)
				}
				plant := func() {
					_ = os.Rename(at, filepath.Join(top, "moved")) // it need not be there
					if err := os.Symlink(filepath.Join(outside, to), at); err != nil {
						t.Fatal(err)
					}
				}
				if !late {
					plant()
				}
				entries := []client.CacheOptionsEntry{{Type: "local", Attrs: map[string]string{"dest": dest}}}
				all, err := stageCaches(entries, disk.Roots{filepath.Join(top, "root")})
				if err == nil {
					if late {
						plant()
					}
					writeCache(t, entries[0].Attrs["dest"], "latest", "new")
					_ = commitCaches(all) // it may refuse the link, or put something in its place
				}
				_ = discardCaches(all)
				if got := files(t, outside); len(got) != 1 || got["file"] != "precious" {
					t.Errorf("%s is a link to %s (late: %v), and outside there is %q", link, to, late, got)
				}
			}
		}
	}
}

// A cache that is not there is none, and its directory is not made.
func TestFindCachesMissing(t *testing.T) {
	t.Parallel()
	src := filepath.Join(t.TempDir(), "none")
	found, err := findCaches([]client.CacheOptionsEntry{
		{Type: "local", Attrs: map[string]string{"src": src}}, {Type: "registry", Attrs: map[string]string{"ref": "r.example.com/x"}},
	}, nil)
	if err != nil || len(found) != 1 || found[0].Type != "registry" {
		t.Errorf("%v, %v", found, err)
	}
}
