package verify

import (
	"errors"
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
		name string
		last v1.Image
		want string
	}{
		{"same layers", relabelled(t, now, strings.Replace(succeeding, "1.10.0", "1.9.0", 1)), ""},
		{"other layers", jobImage(t, "amd64", label(t, succeeding), "/job"),
			`/job/packageVersion: notice: the files of the image for linux/amd64 are not those of tag "1.9.0": where the job itself changed, jobVersion should be raised [job-changed]`},
		{"other job", relabelled(t, now, other),
			`/job/name: warning: tag "1.9.0" is another job, "U" by "M": a job of its own should have a name of its own [job-identity]`},
		{"other codes", relabelled(t, now, strings.Replace(succeeding, `"code": 4`, `"code": 5`, 1)),
			`/job/errors/1/code: notice: error "b" has code 4, it had 5 in tag "1.9.0": who compares runs should find one code [error-code-moved]`},
	}
	for i, tt := range tests {
		repository, err := name.NewRepository(host + "/" + string(rune('a'+i)) + "/j-1.0.0-seed")
		if err != nil {
			t.Fatal(err)
		}
		images := map[string]*source.Image{}
		for tag, img := range map[string]v1.Image{"1.9.0": tt.last, "1.10.0": now} {
			if err := remote.Write(repository.Tag(tag), img); err != nil {
				t.Fatal(err)
			}
			if images[tag], err = source.OpenReference(t.Context(), repository.Tag(tag)); err != nil {
				t.Fatal(err)
			}
			defer images[tag].Close()
		}
		was, _ := FromLabel(images["1.9.0"])
		found := Succession("m.json", seed.Parse([]byte(succeeding)), images["1.10.0"], images["1.9.0"], was)
		if got := findings(found.Diagnostics); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	found := NotCompared("m.json", seed.Parse([]byte(succeeding)), errors.New("no answer"))
	if got := findings(found.Diagnostics); got != `/job/packageVersion: notice: the image is not compared with those that were published before: no answer [predecessor-unknown]` {
		t.Error(got)
	}
}
