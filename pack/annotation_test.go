package pack

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/seedpack/seedpack/seed"
)

func TestParseAnnotation(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string][]Annotation{
		"a=b":                                {{"manifest", "", "a", "b"}},
		"a=b:c=d":                            {{"manifest", "", "a", "b:c=d"}},
		"index:a=":                           {{"index", "", "a", ""}},
		"index,manifest:a=b":                 {{"index", "", "a", "b"}, {"manifest", "", "a", "b"}},
		"manifest[linux/arm64/v8]:a.b=c":     {{"manifest", "linux/arm64", "a.b", "c"}},
		"manifest-descriptor[linux/386]:a=b": {{"manifest-descriptor", "linux/386", "a", "b"}},
		"a":                                  nil,
		"=b":                                 nil,
		"layer:a=b":                          nil,
		"index[linux/amd64]:a=b":             nil,
		"a b=c":                              nil,
		"manifest[a b]:c=d":                  nil,
	} {
		got, err := ParseAnnotation(spec)
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q gives %v, %v; not %v", spec, got, err, want)
		}
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(`{"job": {"title": "T", "jobVersion": "1.2.3", "description": " ", "maintainer": {"organization": "O", "email": "o@example.com"}}}`))
	got := Attributes(m, "", "r", time.Unix(86400, 0).In(time.FixedZone("", 3600)))
	want := map[string]string{"title": "T", "version": "1.2.3", "authors": "O <o@example.com>", "revision": "r", "created": "1970-01-02T00:00:00Z"}
	if !maps.Equal(got, want) {
		t.Errorf("attributes are %v, not %v", got, want)
	}
}

// Labels of the Dockerfile and of --label stay. Those of a base image are removed. All other members of the
// configuration are kept.
func TestDescribe(t *testing.T) {
	t.Parallel()
	const key = exptypes.ExporterImageConfigKey
	result := gateway.NewResult()
	result.Metadata = map[string][]byte{
		key: []byte(`{"architecture": "arm64", "os": "linux", "x": 1.50, "config": {"y": [2], "Labels": {"k": "v",
			"org.opencontainers.image.title": "own", "org.opencontainers.image.source": "base", "org.opencontainers.image.url": "both",
			"org.opencontainers.image.version": "base"}}}`),
		exptypes.ExporterImageBaseConfigKey: []byte(`{"config": {"Labels": {"org.opencontainers.image.title": "base",
			"org.opencontainers.image.source": "base", "org.opencontainers.image.url": "both", "org.opencontainers.image.version": "base"}}}`),
	}
	r := &Request{
		Label: `{"m":1}`, Attributes: map[string]string{"title": "T", "version": "1.0.0", "authors": "A"},
		Options:     BuildOptions{Labels: map[string]string{"org.opencontainers.image.url": "both"}},
		Annotations: []Annotation{{"manifest", "", "org.opencontainers.image.authors", "B"}, {"manifest-descriptor", "linux/arm64", "d", "D"}},
	}
	if err := r.describe(result); err != nil {
		t.Fatal(err)
	}
	var config struct {
		X      json.Number
		Config struct {
			Y      []int
			Labels map[string]string
		}
	}
	if err := json.Unmarshal(result.Metadata[key], &config); err != nil {
		t.Fatal(err)
	}
	if config.X != "1.50" || !slices.Equal(config.Config.Y, []int{2}) {
		t.Errorf("the configuration has lost what it had: %s", result.Metadata[key])
	}
	if want := map[string]string{"k": "v", seed.Label: `{"m":1}`, "org.opencontainers.image.title": "own", "org.opencontainers.image.url": "both",
		"org.opencontainers.image.version": "1.0.0", "org.opencontainers.image.authors": "A"}; !maps.Equal(config.Config.Labels, want) {
		t.Errorf("labels are %v, not %v", config.Config.Labels, want)
	}
	if got, want := annotationsOf(result.Metadata), map[string]string{"annotation-manifest.org.opencontainers.image.title": "own",
		"annotation-manifest.org.opencontainers.image.url": "both", "annotation-manifest.org.opencontainers.image.version": "1.0.0",
		"annotation-manifest.org.opencontainers.image.authors": "B", "annotation-manifest-descriptor.d": "D"}; !maps.Equal(got, want) {
		t.Errorf("annotations are %v, not %v", got, want)
	}
	for level, part := range map[string]string{"index": "has no index", "manifest": "linux/s390x is not built, only linux/arm64 is"} {
		r.Annotations = []Annotation{{level, "linux/s390x", "a", "b"}}
		if err := r.describe(result); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error is %v, without %q", level, err, part)
		}
	}
}

// The index gets the annotations that all of its images share.
func TestDescribePlatforms(t *testing.T) {
	t.Parallel()
	const key = exptypes.ExporterImageConfigKey
	result := gateway.NewResult()
	result.Refs = map[string]gateway.Reference{"linux/amd64": nil, "linux/arm64": nil}
	result.Metadata = map[string][]byte{
		exptypes.ExporterPlatformsKey: []byte(`{"Platforms": [{"ID": "linux/amd64", "Platform": {"os": "linux", "architecture": "amd64"}},
			{"ID": "linux/arm64", "Platform": {"os": "linux", "architecture": "arm64"}}]}`),
		key + "/linux/amd64": []byte(`{"config": {"Labels": {"org.opencontainers.image.title": "own"}}}`),
		key + "/linux/arm64": []byte(`{}`),
	}
	r := &Request{Attributes: map[string]string{"title": "T", "version": "1.0.0"},
		Annotations: []Annotation{{"index", "", "i", "I"}, {"manifest", "linux/arm64", "p", "P"}}}
	if err := r.describe(result); err != nil {
		t.Fatal(err)
	}
	if got, want := annotationsOf(result.Metadata), map[string]string{
		"annotation-manifest[linux/amd64].org.opencontainers.image.title":   "own",
		"annotation-manifest[linux/amd64].org.opencontainers.image.version": "1.0.0",
		"annotation-manifest[linux/arm64].org.opencontainers.image.title":   "T",
		"annotation-manifest[linux/arm64].org.opencontainers.image.version": "1.0.0",
		"annotation-manifest[linux/arm64].p":                                "P",
		"annotation-index.org.opencontainers.image.version":                 "1.0.0",
		"annotation-index.i": "I",
	}; !maps.Equal(got, want) {
		t.Errorf("annotations are %v, not %v", got, want)
	}
	for _, id := range []string{"linux/amd64", "linux/arm64"} {
		if !strings.Contains(string(result.Metadata[key+"/"+id]), `"org.opencontainers.image.version":"1.0.0"`) {
			t.Errorf("%s has no version: %s", id, result.Metadata[key+"/"+id])
		}
	}
}

func annotationsOf(metadata map[string][]byte) map[string]string {
	found := map[string]string{}
	for key, value := range metadata {
		if strings.HasPrefix(key, "annotation") {
			found[key] = string(value)
		}
	}
	return found
}
