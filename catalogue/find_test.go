package catalogue

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

var quiet = log.New(io.Discard, "", 0)

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// A plain registry is listed over several pages. Only repositories with the suffix are asked for tags (S-4-02, S-4.2-02,
// S-4.2-03), and every image of theirs is found or skipped with a reason.
func TestFind(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for n := range 120 {
		f.tags[fmt.Sprintf("bulk/%03d", n)] = []string{"1"}
	}
	f.job("geo", "tiler", "1.0.0", "1.0.0")
	f.job("geo", "tiler", "1.0.0", "1.1.0")
	f.job("geo/deep/er", "tiler", "2.0.0", "1.0.0")
	f.push("geo/bare-1.0.0-seed", "1", labelled(t, "", ""))
	f.push("geo/broken-1.0.0-seed", "1", labelled(t, seed.Label, `{"job": `))
	f.push("geo/empty-1.0.0-seed", "1", labelled(t, seed.Label, `{}`))
	f.push("geo/older-1.0.0-seed", "1", labelled(t, seed.Label, `{"manifestVersion": "0.1", "jobs": [{"name": "x"}]}`))
	f.push("geo/old-1.0.0-seed", "1.0.0", labelled(t, seed.JobPackLabel, `{}`))
	f.push("geo/pack-jobpack", "1.0.0", labelled(t, seed.JobPackLabel, `{}`))
	f.push("geo/c-seed-x", "1", labelled(t, seed.Label, string(manifestOf("c", "1", "1"))))
	f.tags["geo/gone-1.0.0-seed"] = []string{"1.0.0"}
	f.tags["geo/null-1.0.0-seed"] = nil

	found := f.find("", Options{})
	equal(t, "images", names(found), []string{"geo/deep/er/tiler-2.0.0-seed:1.0.0", "geo/tiler-1.0.0-seed:1.0.0", "geo/tiler-1.0.0-seed:1.1.0"})
	want := map[string]string{"geo/bare-1.0.0-seed:1": hasNoLabel, "geo/broken-1.0.0-seed:1": "the label is not JSON: unexpected end of JSON input (at byte 8)",
		"geo/empty-1.0.0-seed:1": "the label com.ngageoint.seed.manifest holds no Seed manifest: it names no job", "geo/old-1.0.0-seed:1.0.0": isJobPack,
		"geo/older-1.0.0-seed:1":    `its manifest has the form of Seed 0.0.1; "seedpack migrate" makes a Seed manifest of it`,
		"geo/gone-1.0.0-seed:1.0.0": isGone}
	got := map[string]string{}
	for _, s := range found.Skipped {
		got[s.Name] = s.Reason
	}
	equal(t, "skipped", got, want)
	if !found.Complete || len(found.Failures) > 0 {
		t.Errorf("not complete: %v", found.Failures)
	}
	equal(t, "versions before", []string{found.Images[0].Previous, found.Images[1].Previous, found.Images[2].Previous}, []string{"", "", "geo/tiler-1.0.0-seed:1.0.0"})
	for _, request := range f.asked() {
		if strings.Contains(request, "/v2/bulk/") || strings.Contains(request, "-seed-x") || strings.Contains(request, "jobpack") {
			t.Errorf("asked without need: %s", request)
		}
		if blob := strings.Contains(request, "/blobs/"); blob && strings.Count(request, "/blobs/sha256:") != 1 {
			t.Errorf("asked for %s", request)
		}
	}
	equal(t, "below a namespace", names(f.find("geo/deep", Options{})), []string{"geo/deep/er/tiler-2.0.0-seed:1.0.0"})
	equal(t, "a namespace is no prefix of a name", names(f.find("ge", Options{})), []string{})
}

// A registry without pages gives as many names as it is asked for, in any order and without a word of the rest. All are
// found, and what may be cut off is not taken for whole.
func TestFindWithoutPages(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	const all = 1100
	for n := range all {
		f.tags[fmt.Sprintf("job-%04d-1.0.0-seed", n)] = nil
	}
	most := 0
	f.swap(on("/v2/_catalog", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		if err != nil {
			t.Error(err)
		}
		names := []string{}
		for name := range f.tags {
			if len(names) < n {
				names = append(names, name)
			}
		}
		for most > 0 && len(names) < n {
			names = append(names, "other")
		}
		answer(w, map[string]any{"repositories": names})
	}))
	progress := Progress{}
	opt := Options{Kind: Plain, Progress: func(now Progress) { progress = now }}
	if found := f.find("", opt); !found.Complete || progress.Candidates != all {
		t.Errorf("%d of %d repositories are found, failures are %v", progress.Candidates, all, found.Failures)
	}
	most = 1
	if found := f.find("", opt); found.Complete || !strings.Contains(found.Failures[0].Error(), "there may be more") {
		t.Errorf("what may be cut off is complete: %v", found.Failures)
	}
}

// References are read in place of a list: images by tag or digest, and repositories with all their tags.
func TestReferences(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	digest := f.job("geo", "a", "1.0.0", "1.0.0")
	f.job("geo", "a", "1.0.0", "1.0.1")
	f.job("geo", "b", "1.0.0", "1.0.0")
	f.job("geo", "b", "1.0.0", "2.0.0")
	found, err := Find(t.Context(), nil, Options{References: []string{
		f.host + "/geo/a-1.0.0-seed:1.0.1", f.host + "/geo/a-1.0.0-seed@" + digest, f.host + "/geo/b-1.0.0-seed", f.host + "/geo/other:1", f.host + "/geo/c-1.0.0-seed:1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "images", names(found), []string{"geo/a-1.0.0-seed:1.0.1", "geo/a-1.0.0-seed@" + digest, "geo/b-1.0.0-seed:1.0.0", "geo/b-1.0.0-seed:2.0.0"})
	equal(t, "skipped", found.Skipped, []Skipped{{f.host + "/geo/c-1.0.0-seed:1", "geo/c-1.0.0-seed:1", isGone}, {f.host + "/geo/other:1", "geo/other:1", hasNoSuffix}})
	for _, request := range f.asked() {
		if strings.Contains(request, "_catalog") || strings.Contains(request, "other") {
			t.Errorf("asked without need: %s", request)
		}
	}
	found = f.find("geo", Options{Repositories: []string{"b-1.0.0-seed", "other"}})
	equal(t, "repositories", names(found), []string{"geo/b-1.0.0-seed:1.0.0", "geo/b-1.0.0-seed:2.0.0"})
}

// What ends a search in the middle leaves what was found, and says that it is not whole.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.job("", "a", "1.0.0", "1.0.0")
	f.job("", "b", "1.0.0", "1.0.0")
	ctx, cancel := context.WithCancel(t.Context())
	f.swap(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/b-1.0.0-seed/manifests/") {
			cancel()
			<-r.Context().Done()
			return true
		}
		return false
	})
	found, err := Find(ctx, []string{f.host}, Options{Kind: Plain})
	if err != nil {
		t.Fatal(err)
	}
	if found.Complete || len(found.Failures) != 1 || !strings.HasPrefix(found.Failures[0].Err.Error(), "interrupted") {
		t.Errorf("complete is %v, failures are %v", found.Complete, found.Failures)
	}
}
