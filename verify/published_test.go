package verify

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

const published = `{"job": {"name": "j", "jobVersion": "1.0.0", "packageVersion": "2.0.0", "timeout": 1.0, "tags": ["a \"b\\"]}}`

func label(t *testing.T, manifest string) map[string]string {
	t.Helper()
	value, err := pack.EncodeLabel([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{seed.Label: value}
}

func jobImage(t *testing.T, arch string, labels map[string]string, entrypoint ...string) v1.Image {
	t.Helper()
	img, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Labels, config.Config.Entrypoint = "linux", arch, labels, entrypoint
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func TestPublished(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	good := label(t, published)
	amd64 := jobImage(t, "amd64", good, "/job")
	both := func(other map[string]string) v1.ImageIndex {
		return mutate.AppendManifests(empty.Index,
			mutate.IndexAddendum{Add: amd64, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
			mutate.IndexAddendum{Add: jobImage(t, "arm64", other, "/job"), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
			mutate.IndexAddendum{Add: jobImage(t, "", nil), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}}})
	}
	changed := strings.Replace(published, "2.0.0", "2.0.1", 1)
	expect := &Expect{Manifest: seed.Parse([]byte(strings.Replace(published, ": ", " :\n", -1))), Platforms: []string{"linux/amd64"}}
	tests := []struct {
		name  string
		image remote.Taggable
		at    string
		want  *Expect
		found string
	}{
		{"good", amd64, "j-1.0.0-seed:2.0.0", expect, ""},
		{"two platforms", both(good), "team/j-1.0.0-seed:2.0.0", nil, ""},
		{"other name", amd64, "j-1.0-seed:2.0.0", nil, `/job/name: error: the repository is called "j-1.0-seed", the manifest gives "j-1.0.0-seed" [name-differs]`},
		{"JobPack", amd64, "j-1.0.0-jobpack:2.0.0", expect, `/job/name: error: the repository is called "j-1.0.0-jobpack", the manifest gives "j-1.0.0-seed" [name-differs] (that is how JobPack, the standard before Seed, called images)`},
		{"other tag", amd64, "j-1.0.0-seed:latest", nil, `/job/packageVersion: error: the tag is "latest", the manifest gives "2.0.0" [name-differs]`},
		{"other manifest", jobImage(t, "amd64", label(t, changed), "/job"), "j-1.0.0-seed:2.0.1", expect, `/job/packageVersion: error: the label's manifest is another than the one that was packed, first at "/job/packageVersion" [label-differs]`},
		{"platform missing", amd64, "j-1.0.0-seed:2.0.0", &Expect{Platforms: []string{"linux/arm64", "linux/amd64"}}, `: error: the registry holds linux/amd64, built were linux/amd64, linux/arm64 [platforms-differ]`},
		{"platforms disagree", both(label(t, changed)), "j-1.0.0-seed:2.0.0", nil, `: error: the manifest of linux/arm64 is another than that of linux/amd64 [platforms-disagree]`},
		{"one without", both(nil), "j-1.0.0-seed:2.0.0", nil, `: error: linux/arm64: there is no label com.ngageoint.seed.manifest [label-missing]`},
		{"no label", jobImage(t, "amd64", map[string]string{"com.ngageoint.Seed.manifest": "{}"}, "/job"), "x:1", nil, `: error: linux/amd64: there is no label com.ngageoint.seed.manifest [label-missing] (there is a label "com.ngageoint.Seed.manifest", letters count as they are)`},
		{"JobPack's label", jobImage(t, "amd64", map[string]string{seed.JobPackLabel: "{}"}, "/job"), "x-jobpack:1", nil,
			`: error: linux/amd64: the image is JobPack, not Seed: there is no label com.ngageoint.seed.manifest, only com.jobpack.manifest [label-missing] (` + migrateHint + `)`},
		{"both labels", jobImage(t, "amd64", map[string]string{seed.Label: good[seed.Label], seed.JobPackLabel: "{}"}, "/job"), "j-1.0.0-seed:2.0.0", expect,
			`: warning: linux/amd64: the image has the label com.jobpack.manifest, too: the one of Seed counts, but readers of JobPack list it as another job [label-jobpack] (remove it where the image is built)`},
		{"broken label", jobImage(t, "amd64", map[string]string{seed.Label: "{"}, "/job"), "x:1", nil, `: error: linux/amd64: the label is not JSON: unexpected end of JSON input (at byte 1) [label-unreadable]`},
		{"quoted label", jobImage(t, "amd64", map[string]string{seed.Label: fmt.Sprintf("%q", `{"job":{"name":"j","jobVersion":"1.0.0","packageVersion":"1.0.0"}}`)}, "/job"), "j-1.0.0-seed:1.0.0", nil,
			`: warning: the label is JSON text inside a JSON string [label-form] (publish the job again: strict readers cannot read this label)`},
		{"nothing to run", jobImage(t, "amd64", good), "j-1.0.0-seed:2.0.0", nil, `/job: error: linux/amd64: the image has neither ENTRYPOINT nor CMD and the manifest no command [published-nothing-to-run]`},
		{"empty index", empty.Index, "j-1.0.0-seed:2.0.0", nil, `: error: the index has no images [platforms-differ]`},
	}
	for _, tt := range tests {
		ref, err := name.NewTag(host + "/" + tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Push(ref, tt.image); err != nil {
			t.Fatal(err)
		}
		report, image, err := Published(t.Context(), ref, tt.want)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := findings(report.Diagnostics); got != tt.found {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.found)
		}
		byDigest := ref.Context().Digest(image.Digest)
		again, _, err := Published(t.Context(), byDigest, &Expect{Reference: ref.String()})
		if err != nil {
			t.Errorf("%s by digest: %v", tt.name, err)
			continue
		}
		if strings.Contains(tt.found, "name-differs") && findings(again.Diagnostics) != tt.found {
			t.Errorf("%s by digest: %s", tt.name, findings(again.Diagnostics))
		}
	}
	absent, _ := name.NewTag(host + "/none:1")
	if _, _, err := Published(t.Context(), absent, nil); err == nil || !strings.Contains(err.Error(), `the registry has no image of tag "1" there`) {
		t.Errorf("an image that is not there: %v", err)
	}
}
