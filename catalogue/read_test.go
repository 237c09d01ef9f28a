package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

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
