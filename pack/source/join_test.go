package source

import (
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// attested returns an index over images of architectures, each with an attestation, and with annotations.
func attested(t *testing.T, annotations map[string]string, architectures ...string) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	var images []mutate.IndexAddendum
	var attestations []mutate.IndexAddendum
	for _, arch := range architectures {
		img := madeImage(t, arch)
		digest, err := img.Digest()
		check(t, err)
		images = append(images, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
		attestations = append(attestations, mutate.IndexAddendum{Add: statement(t), Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}, Annotations: map[string]string{attestationOf: digest.String()}}})
	}
	return mutate.Annotations(mutate.AppendManifests(index, append(images, attestations...)...), annotations).(v1.ImageIndex)
}

// statement returns an attestation as an index holds it.
func statement(t *testing.T) v1.Image {
	t.Helper()
	img := madeImage(t, "unknown")
	config, err := img.ConfigFile()
	check(t, err)
	config = config.DeepCopy()
	config.OS = "unknown"
	img, err = mutate.ConfigFile(img, config)
	check(t, err)
	return img
}

// An index over images of several sources has their images in the order of the platforms, then their attestations, and the
// annotations that all share. It can be pushed.
func TestJoin(t *testing.T) {
	t.Parallel()
	dir := layoutOf(t,
		attested(t, map[string]string{"all": "a", "one": "b", "other": "c"}, "s390x", "amd64"),
		attested(t, map[string]string{"all": "a", "one": "d"}, "arm64"),
		madeImage(t, "riscv64"))
	var all []*Image
	for _, tag := range []string{"v0", "v1", "v2"} {
		i, err := open(t, "oci:"+dir+":"+tag, Options{})
		check(t, err)
		all = append(all, i)
	}
	wanted := []string{"linux/riscv64", "linux/amd64", "linux/arm64", "linux/s390x"}
	order := func(platform string) int { return slices.Index(wanted, platform) }
	joined, err := Join(all[:2], order)
	check(t, err)
	check(t, validate.Index(joined.Index))
	manifest, err := joined.Index.IndexManifest()
	check(t, err)
	var entries []string
	for _, d := range manifest.Manifests {
		name := d.Platform.Architecture
		for _, p := range joined.Platforms {
			if p.Digest == d.Annotations[attestationOf] {
				name = "about " + p.Config.Architecture
			}
		}
		entries = append(entries, name)
	}
	if got, want := strings.Join(entries, ", "), "amd64, arm64, s390x, about amd64, about arm64, about s390x"; got != want {
		t.Errorf("the index has %s, not %s", got, want)
	}
	if len(joined.Annotations) != 1 || joined.Annotations["all"] != "a" || manifest.Annotations["all"] != "a" || !joined.Attested() {
		t.Errorf("annotations are %v", joined.Annotations)
	}
	if joined, err = Join(all, order); err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(joined.Index); err != nil {
		t.Error(err)
	}
	var names []string
	for _, p := range joined.Platforms {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, wanted) || len(joined.Annotations) != 0 {
		t.Errorf("with an image that has no index: %v, %v", names, joined.Annotations)
	}
	if _, err := Join([]*Image{all[0], all[0]}, order); err == nil || err.Error() != "two images are for linux/s390x" {
		t.Errorf("two of one platform: %v", err)
	}
}
