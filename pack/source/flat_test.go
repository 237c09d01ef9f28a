package source

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// flatLayout writes a layout with images of platforms, and lets a function change the entries of its index.json.
func flatLayout(t *testing.T, platforms []string, change func([]v1.Descriptor)) string {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for i, platform := range platforms {
		system, arch, _ := strings.Cut(platform, "/")
		img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: system, Architecture: arch, Author: string(rune('a' + i))})
		if err == nil {
			err = path.AppendImage(img, layout.WithPlatform(v1.Platform{OS: system, Architecture: arch}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	place := filepath.Join(dir, "index.json")
	text, err := os.ReadFile(place)
	if err != nil {
		t.Fatal(err)
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(index.Manifests)
	}
	if text, err = json.Marshal(index); err == nil {
		err = os.WriteFile(place, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A layout that lists the platforms of one image is that image, also if it does not say which platforms they are.
func TestFlatLayout(t *testing.T) {
	t.Parallel()
	named := func(names ...string) func([]v1.Descriptor) {
		return func(all []v1.Descriptor) {
			for i := range all {
				all[i].Annotations = map[string]string{refNameKey: names[min(i, len(names)-1)], "kept": "yes"}
			}
		}
	}
	without := func(all []v1.Descriptor) {
		for i := range all {
			all[i].Platform = nil
		}
	}
	attested := func(all []v1.Descriptor) {
		all[1].Platform, all[1].Annotations = &v1.Platform{OS: "unknown", Architecture: "unknown"}, map[string]string{attestationOf: all[0].Digest.String()}
	}
	two := []string{"linux/amd64", "linux/arm64"}
	for name, c := range map[string]struct {
		platforms []string
		change    func([]v1.Descriptor)
		choose    string
		want      string // platforms of an index, or what the error says
	}{
		"two":                    {two, nil, "", "linux/amd64 linux/arm64"},
		"not declared":           {two, without, "", "linux/amd64 linux/arm64"},
		"of one name":            {two, named("v1"), "", "linux/amd64 linux/arm64"},
		"chosen":                 {two, named("v1"), "v1", "linux/amd64 linux/arm64"},
		"attested":               {two, attested, "", "linux/amd64"},
		"of two names":           {two, named("v1", "v2"), "", `2 images there fit, exactly one must; there are: "v1" for "linux/amd64", "v2" for "linux/arm64"`},
		"one of three":           {append([]string{"linux/s390x"}, two...), named("v1", "v2"), "v2", "linux/amd64 linux/arm64"},
		"twice the same":         {[]string{"linux/amd64", "linux/amd64"}, nil, "", "are both for linux/amd64: name the one that is meant"},
		"the same, not declared": {[]string{"linux/amd64", "linux/amd64"}, without, "", "are both for linux/amd64: name the one that is meant"},
	} {
		img, err := Open(t.Context(), Source{Kind: Layout, Path: flatLayout(t, c.platforms, c.change), Name: c.choose}, Options{})
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var got []string
		for _, p := range img.Platforms {
			got = append(got, p.Name)
			if p.Declared != p.Name {
				t.Errorf("%s: %s is declared as %q", name, p.Name, p.Declared)
			}
		}
		if strings.Join(got, " ") != c.want || img.Index == nil || img.Attested() != (name == "attested") {
			t.Errorf("%s: %q, attested %v", name, got, img.Attested())
		}
		manifest, err := img.Index.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(manifest.Manifests, func(d v1.Descriptor) bool { return nameOf(d) != "" }) {
			t.Errorf("%s: names of the layout are in the index: %+v", name, manifest.Manifests)
		}
		if digest, err := img.Index.Digest(); err != nil || digest.String() != img.Digest {
			t.Errorf("%s: %s is %s, %v", name, img.Digest, digest, err)
		}
		// What is copied for an engine has the same platforms.
		dir, err := img.LayoutDir(t.Context(), t.TempDir(), true)
		if err != nil || len(dir.Digests) != len(img.Platforms) {
			t.Errorf("%s: %v, %v", name, dir, err)
		}
		if err := img.Close(); err != nil {
			t.Error(err)
		}
	}
}
