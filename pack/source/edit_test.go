package source

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// relabelled sets a member that go-containerregistry does not know, in the images of one architecture or of all.
func relabelled(arch string) func(Platform, []byte) ([]byte, error) {
	return func(p Platform, config []byte) ([]byte, error) {
		if arch != "" && p.Config.Architecture != arch {
			return config, nil
		}
		var all map[string]any
		if err := json.Unmarshal(config, &all); err != nil {
			return nil, err
		}
		all["x-seed"] = "label"
		return json.Marshal(all)
	}
}

func TestWithConfigs(t *testing.T) {
	t.Parallel()
	dir := layoutOf(t, madeImage(t, "amd64"), madeIndex(t))
	for _, tag := range []string{"v0", "v1"} {
		i, err := open(t, "oci:"+dir+":"+tag, Options{})
		check(t, err)
		if same, err := i.WithConfigs(relabelled("s390x")); err != nil || same != i {
			t.Errorf("%s: without a change it is another: %v", tag, err)
		}
		edited, err := i.WithConfigs(relabelled("amd64"))
		check(t, err)
		if edited.Digest == i.Digest || edited.Platforms[0].Digest == i.Platforms[0].Digest || edited.Attested() {
			t.Errorf("%s: %s became %s", tag, describe(i), describe(edited))
		}
		for n, p := range edited.Platforms {
			if err := validate.Image(p.Image); err != nil {
				t.Errorf("%s: %v", tag, err)
			}
			config, err := p.Image.RawConfigFile()
			check(t, err)
			if has := bytes.Contains(config, []byte("x-seed")); has != (n == 0) {
				t.Errorf("%s: %s has the member: %v", tag, p.Name, has)
			}
			checkSameLayers(t, i.Platforms[n], p)
		}
		if edited.Index == nil {
			continue
		}
		if err := validate.Index(edited.Index); err != nil {
			t.Error(err)
		}
		manifest, err := edited.Index.IndexManifest()
		check(t, err)
		if len(manifest.Manifests) != 2 || manifest.Manifests[1].Digest.String() != i.Platforms[1].Digest || manifest.Manifests[0].Platform.Architecture != "amd64" {
			t.Errorf("the index holds %+v", manifest.Manifests)
		}
	}
}

func checkSameLayers(t *testing.T, a, b Platform) {
	t.Helper()
	before, err := a.Image.Manifest()
	check(t, err)
	after, err := b.Image.Manifest()
	check(t, err)
	for n := range before.Layers {
		if before.Layers[n].Digest != after.Layers[n].Digest {
			t.Errorf("layer %d of %s is another", n, a.Name)
		}
	}
}
