package pack

import (
	"strings"
	"testing"

	mobyclient "github.com/moby/moby/client"
)

// An error names what a classic store cannot do. What it can do is no error.
func TestCheckClassic(t *testing.T) {
	t.Parallel()
	store := classicStore{docker: &mobyclient.Client{}, from: "the engine"}
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Repository: "example.com/x", Platforms: []string{"linux/arm64"}}, ""},
		{Request{Outputs: []Output{{Type: "tar"}, {Type: "local"}}, Options: BuildOptions{CacheTo: []string{"type=inline"}}}, ""},
		{Request{Platforms: []string{"linux/amd64", "linux/arm64"}}, "holds images of one platform, not of linux/amd64, linux/arm64 together"},
		{Request{Outputs: []Output{{Type: "tar"}, {Type: "oci"}}}, "cannot write type=oci"},
		{Request{Outputs: []Output{{Type: "docker"}}}, "cannot write type=docker"},
		{Request{Options: BuildOptions{Attest: map[string]string{"sbom": ""}}}, "cannot hold attestations"},
		{Request{Annotations: []Annotation{{Key: "a"}}}, "cannot hold annotations"},
		{Request{Options: BuildOptions{CacheTo: []string{"example.com/cache"}}}, "cannot write a cache of type registry"},
	} {
		err := store.check(&test.request)
		want := "the engine keeps images in the classic store, which " + test.want
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), otherEngineHint)) {
			t.Errorf("%+v: error is %v, not %q", test.request, err, test.want)
		}
	}
}
