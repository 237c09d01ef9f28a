package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/seedpack/seedpack/pack"
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

// JobPack images are found only on demand, and apart from Seed images (J-15).
func TestJobPack(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.push("old/pack-jobpack", "1.0.0", labelled(t, seed.JobPackLabel, `{}`))
	if found := f.find("", Options{}); len(found.Images)+len(found.Skipped) != 0 {
		t.Errorf("found %+v without being asked", found)
	}
	found := f.find("", Options{JobPack: true})
	equal(t, "skipped", found.Skipped, []Skipped{{f.host + "/old/pack-jobpack:1.0.0", "old/pack-jobpack:1.0.0", isJobPack}})
	if len(found.Images) > 0 {
		t.Error("a JobPack image is among the Seed images")
	}
}

// All forms of the label give the same manifest.
func TestLabelForms(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	plain := string(manifestOf("form", "1.0.0", "1.0.0"))
	asString, _ := json.Marshal(plain)
	escaped, err := pack.EncodeLabel([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	for n, label := range []string{plain, escaped, string(asString), "'" + plain + "'", strings.ReplaceAll(plain, `"`, `\"`), strings.ReplaceAll(string(asString), "$", `\$`), " " + plain + "\n"} {
		f.push("form-1.0.0-seed", fmt.Sprint(n), labelled(t, seed.Label, label))
	}
	found := f.find("", Options{})
	if len(found.Images) != 7 || len(found.Skipped) > 0 {
		t.Fatalf("%d images, skipped %+v", len(found.Images), found.Skipped)
	}
	for n := range found.Images {
		var got, want any
		if json.Unmarshal(found.Images[n].Manifest, &got) != nil || json.Unmarshal([]byte(plain), &want) != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s", found.Images[n].Name, found.Images[n].Manifest)
		}
	}
}

// An index is read at the platform asked for, else at linux/amd64, else at its first.
func TestIndex(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	of := func(title, arch string) v1.Image {
		return configured(t, func(c *v1.ConfigFile) {
			c.Architecture = arch
			c.Config.Labels = map[string]string{seed.Label: string(manifestOf("multi", "1.0.0", "1.0.0", func(j *seed.Job) { j.Title = title })), revisionName: title}
		})
	}
	all := map[string]v1.Image{"linux/arm64": of("arm", "arm64"), "linux/amd64": of("amd", "amd64"), "linux/s390x": of("s390x", "s390x"), "unknown/unknown": of("attestation", "")}
	digest := f.push("multi-1.0.0-seed", "1.0.0", index(all, "unknown/unknown", "linux/arm64", "linux/amd64"))
	f.push("multi-1.0.0-seed", "1.0.1", index(all, "linux/s390x", "linux/arm64"))
	f.push("none-1.0.0-seed", "1.0.0", index(all, "unknown/unknown"))
	for _, c := range []struct{ platform, first, second string }{
		{"", "amd", "s390x"}, {"linux/arm64", "arm", "arm"}, {"linux/riscv64", "amd", "s390x"},
	} {
		found := f.find("", Options{Platform: c.platform})
		if len(found.Images) != 2 {
			t.Fatalf("%d images, %+v %v", len(found.Images), found.Skipped, found.Failures)
		}
		equal(t, c.platform, []string{found.Images[0].Seed().Job.Title, found.Images[1].Seed().Job.Title}, []string{c.first, c.second})
		equal(t, "platforms", found.Images[0].Platforms, []string{"linux/arm64", "linux/amd64"})
		equal(t, "digest", found.Images[0].Digest, digest)
		equal(t, "revision", found.Images[0].Revision, c.first)
		equal(t, "skipped", found.Skipped, []Skipped{{f.host + "/none-1.0.0-seed:1.0.0", "none-1.0.0-seed:1.0.0", hasNoImage}})
	}
}

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

// Documents about an image are listed from the referrers API, from the tags that stand for it, and from the index.
func TestAttachments(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	subject := labelled(t, seed.Label, string(manifestOf("a", "1.0.0", "1.0.0")))
	digest := f.push("a-1.0.0-seed", "1.0.0", subject)
	hash, err := v1.NewHash(digest)
	if err != nil {
		t.Fatal(err)
	}
	size, _ := subject.Size()
	signature := mutate.Subject(mutate.ConfigMediaType(labelled(t, "", ""), "application/vnd.example.signature"),
		v1.Descriptor{MediaType: "application/vnd.oci.image.manifest.v1+json", Digest: hash, Size: size}).(v1.Image)
	refers := f.push("a-1.0.0-seed", strings.Replace(digest, ":", "-", 1)+".sig", signature)

	found := f.find("", Options{Attachments: true})
	cosign := attachedTypes[".sig"]
	if len(found.Images) != 1 {
		t.Fatalf("%+v %v", found.Skipped, found.Failures)
	}
	equal(t, "attachments", found.Images[0].Attachments, []Attachment{{cosign, refers}, {"application/vnd.example.signature", refers}})
	equal(t, "images", names(found), []string{"a-1.0.0-seed:1.0.0"})
	if found := f.find("", Options{}); found.Images[0].Attachments != nil {
		t.Error("attachments were not asked for")
	}
	// docker-registry 2.8 has no such API and says 404.
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/referrers/") {
			http.NotFound(w, r)
			return true
		}
		return false
	})
	equal(t, "without the API", f.find("", Options{Attachments: true}).Images[0].Attachments, []Attachment{{cosign, refers}})
	f.swap(on("/v2/a-1.0.0-seed/referrers/"+digest, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	found = f.find("", Options{Attachments: true})
	if len(found.Images) != 1 || found.Complete || !strings.Contains(found.Failures[0].Error(), "ask what refers to it") {
		t.Errorf("if they cannot be listed, there are %d images, and failures %v", len(found.Images), found.Failures)
	}
}

// Label and annotation say when an image was made. The configuration says it only if they do not, and the fixed time of a build
// that gives the same image each time is no date.
func TestCreated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ label, annotation, index, config, want string }{
		{"2024-05-06T07:08:09Z", "2023-01-02T00:00:00Z", "", "2022-01-02T00:00:00Z", "2024-05-06T07:08:09Z"},
		{"", "2023-01-02T01:00:00.5+01:00", "2021-01-02T00:00:00Z", "1970-01-01T00:00:00Z", "2023-01-02T00:00:00Z"},
		{"", "", "2021-01-02T00:00:00Z", "2022-01-02T00:00:00Z", "2021-01-02T00:00:00Z"},
		{"", "", "", "2022-01-02T00:00:00Z", "2022-01-02T00:00:00Z"},
		{"yesterday", "", "", "2022-01-02T00:00:00Z", "2022-01-02T00:00:00Z"},
		{"1970-01-01T00:00:00Z", "", "", "2022-01-02T00:00:00Z", "2022-01-02T00:00:00Z"},
		{"", "", "", "1970-01-01T00:00:00Z", ""},
		{"", "", "", "1970-01-01T01:00:00+01:00", ""},
		{"", "", "", "1970-01-01T00:00:01Z", ""},
		{"", "", "", "1980-01-01T00:00:01Z", ""},
		{"", "", "", "0001-01-01T00:00:00Z", ""},
		{"", "", "", "1995-01-01T00:00:00Z", "1995-01-01T00:00:00Z"},
		{"", "", "", "", ""},
	} {
		said := func(text string) map[string]string { return map[string]string{createdName: text} }
		config := &imageConfig{Created: c.config}
		config.Config.Labels = said(c.label)
		f := &facts{}
		f.fill(&imageManifest{Annotations: said(c.index)}, &imageManifest{Annotations: said(c.annotation)}, config)
		if f.created != c.want {
			t.Errorf("%+v is of %q", c, f.created)
		}
	}
}

// An old image has its labels in the history of the manifest (S-4.2-04).
func TestOldManifest(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	compat, _ := json.Marshal(map[string]any{"architecture": "amd64", "os": "linux", "created": "2016-02-03T04:05:06.789Z",
		"config": map[string]any{"Labels": map[string]string{seed.Label: string(manifestOf("old", "1.0.0", "1.0.0"))}}})
	body, _ := json.Marshal(map[string]any{"schemaVersion": 1, "name": "old-1.0.0-seed", "tag": "1.0.0",
		"history": []any{map[string]string{"v1Compatibility": string(compat)}, map[string]string{"v1Compatibility": `{"id":"x"}`}}})
	f.tags["old-1.0.0-seed"] = []string{"1.0.0"}
	f.swap(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/manifests/1.0.0") {
			w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")
			_, _ = w.Write(body)
			return true
		}
		return false
	})
	found := f.find("", Options{})
	if len(found.Images) != 1 {
		t.Fatalf("%+v", found)
	}
	i := found.Images[0]
	equal(t, "image", []string{i.Name, i.Created, i.Platforms[0], i.Digest, i.Seed().Job.Name}, []string{"old-1.0.0-seed:1.0.0", "2016-02-03T04:05:06Z", "linux/amd64", digestOf(body, ""), "old"})
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

// The catalogue of real answers is what it should be, member for member, in both forms.
func TestForms(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.push("geo/tiler-1.2.0-seed", "1.0.0", configured(t, func(c *v1.ConfigFile) {
		c.Config.Labels = map[string]string{seed.Label: string(manifestOf("tiler", "1.2.0", "1.0.0", func(j *seed.Job) { j.Tags = []string{"tiff", "png"} })),
			sourceName: "https://example.com/tiler.git", revisionName: "abc"}
	}))
	f.push("geo/old-1.0.0-seed", "1.0.0", labelled(t, seed.JobPackLabel, `{}`))
	found := f.find("geo", Options{})
	for form, v := range map[string]any{"catalogue.json": found, "silo.json": found.Silo()} {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(string(text), f.host, "registry.example.com") + "\n"
		want, err := os.ReadFile("testdata/" + form)
		if os.Getenv("UPDATE") != "" {
			err = os.WriteFile("testdata/"+form, []byte(got), 0o644)
			want = []byte(got)
		}
		if err != nil || got != string(want) {
			t.Errorf("%s is\n%s, %v", form, got, err)
		}
	}
	read, err := Decode(bytes.NewReader([]byte(printed(t, found))))
	if err != nil || printed(t, read) != printed(t, found) {
		t.Errorf("read back it is %v, %v", read, err)
	}
}

// A catalogue that was read whole is refused if it is none.
func TestDecode(t *testing.T) {
	t.Parallel()
	image := func(reference, name string) string {
		return fmt.Sprintf(`{"schemaVersion":1,"complete":true,"images":[{"reference":%q,"name":%q,"manifest":{"job":{"name":"a"}}}]}`, reference, name)
	}
	for text, want := range map[string]string{
		``:                    "it is no catalogue: EOF",
		`[]`:                  "it is no catalogue, which is a JSON object",
		`{"schemaVersion":2}`: "it has the schemaVersion 2, and only 1 is read: is it what seedpack discover --format json printed?",
		image("h.example/../x-seed:1", "../x-seed:1"):                                         `image 1: reference "h.example/../x-seed:1": invalid reference format`,
		image("h.example/x-seed:1", "y-seed:1"):                                               `image 1: reference "h.example/x-seed:1" and name "y-seed:1" do not fit`,
		image("h.example/x-seed", "x-seed"):                                                   `image 1: reference "h.example/x-seed" has no tag`,
		`{"schemaVersion":1,"images":[{"reference":"h.example/x-seed:1","name":"x-seed:1"}]}`: `image 1: "h.example/x-seed:1" has no manifest`,
	} {
		if _, err := Decode(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	c, err := Decode(strings.NewReader(strings.Replace(image("h.example/x-seed:1", "x-seed:1"), "true", "false", 1)))
	if err != nil || c.Complete || len(c.Failures) != 1 {
		t.Errorf("an incomplete catalogue is %+v, %v", c, err)
	}
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
