package verify

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

const succeeding = `{"job": {"name": "j", "jobVersion": "1.0.0", "packageVersion": "1.10.0", "title": "T",
"maintainer": {"name": "N", "email": "n@example.com"}, "errors": [{"code": 3, "name": "a"}, {"code": 4, "name": "b"}]}}`

// relabelled returns an image with the same layers and another label.
func relabelled(t *testing.T, img v1.Image, manifest string) v1.Image {
	t.Helper()
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.Config.Labels = label(t, manifest)
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func TestSuccession(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	now := jobImage(t, "amd64", label(t, succeeding), "/job")
	other := strings.NewReplacer(`"T"`, `"U"`, `"N"`, `"M"`, "n@", "m@").Replace(succeeding)
	tests := []struct {
		name   string
		before map[string]v1.Image
		want   string
	}{
		{"first", nil, ""},
		{"same layers", map[string]v1.Image{"1.9.0": relabelled(t, now, strings.Replace(succeeding, "1.10.0", "1.9.0", 1))}, ""},
		{"only the last before counts", map[string]v1.Image{"1.9.0": now, "1.2.0": jobImage(t, "amd64", label(t, other), "/job"),
			"2.0.0": jobImage(t, "amd64", label(t, other), "/job"), "latest": jobImage(t, "amd64", nil)}, ""},
		{"other layers", map[string]v1.Image{"1.9.0": jobImage(t, "amd64", label(t, succeeding), "/job")},
			`/job/packageVersion: warning: the files of the image for linux/amd64 are not those of tag "1.9.0": where the job itself changed, jobVersion should be raised [job-changed]`},
		{"other job", map[string]v1.Image{"1.9.0": relabelled(t, now, other)},
			`/job/name: warning: tag "1.9.0" is another job, "U" by "M": a job of its own should have a name of its own [job-identity]`},
		{"other codes", map[string]v1.Image{"1.9.0": relabelled(t, now, strings.Replace(succeeding, `"code": 4`, `"code": 5`, 1))},
			`/job/errors/1/code: notice: error "b" has code 4, it had 5 in tag "1.9.0": who compares runs should find one code [error-code-moved]`},
		{"no manifest", map[string]v1.Image{"1.9.0": jobImage(t, "amd64", nil)},
			`/job/packageVersion: notice: the image is not compared with those that were published before: tag "1.9.0" holds no manifest [predecessor-unknown]`},
	}
	for i, tt := range tests {
		repository, err := name.NewRepository(host + "/" + string(rune('a'+i)) + "/j-1.0.0-seed")
		if err != nil {
			t.Fatal(err)
		}
		for tag, img := range tt.before {
			if err := remote.Write(repository.Tag(tag), img); err != nil {
				t.Fatal(err)
			}
		}
		digest, err := now.Digest()
		if err != nil {
			t.Fatal(err)
		}
		ref := repository.Digest(digest.String())
		if err := remote.Write(ref, now); err != nil {
			t.Fatal(err)
		}
		img, err := source.OpenReference(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		found := Succession(t.Context(), "m.json", seed.Parse([]byte(succeeding)), img)
		if got := findings(found.Diagnostics); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if err := img.Close(); err != nil {
			t.Error(err)
		}
	}
}
