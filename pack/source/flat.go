package source

import (
	"encoding/json"
	"fmt"
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Some tools write the platforms of an image straight into the index.json of a layout, instead of one index over them. Such a
// layout is flat.

// arePlatforms reports whether entries of a layout can be the platforms of one image: images that have one name, or none.
func arePlatforms(found []v1.Descriptor) bool {
	images := 0
	for _, d := range found {
		switch {
		case !d.MediaType.IsImage() || nameOf(d) != nameOf(found[0]):
			return false
		case !isAttestation(d):
			images++
		}
	}
	return images > 0 && images <= maxPlatforms
}

// A twicePlatform is the error for two images of one platform.
type twicePlatform struct{ platform, first, second string }

func (e *twicePlatform) Error() string {
	return fmt.Sprintf("%s and %s are both for %s: name the one that is meant, as DIR@sha256:…", e.first, e.second, e.platform)
}

// join returns an index over entries of a layout. It is the same for the same entries. A platform that an entry does not name is
// that of its configuration.
func (s store) join(found []v1.Descriptor, annotations map[string]string) (*index, error) {
	manifest := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Annotations: annotations}
	seen := map[string]string{}
	for _, d := range found {
		d.Annotations = maps.Clone(d.Annotations)
		delete(d.Annotations, refNameKey)
		delete(d.Annotations, imageNameKey)
		if !isAttestation(d) {
			if d.Platform == nil {
				platform, err := s.platform(d)
				if err != nil {
					return nil, err
				}
				d.Platform = platform
			}
			platform := platformName(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant)
			if first, twice := seen[platform]; twice {
				return nil, &twicePlatform{platform, first, d.Digest.String()}
			}
			seen[platform] = d.Digest.String()
		}
		manifest.Manifests = append(manifest.Manifests, d)
	}
	raw, err := json.Marshal(manifest)
	return newIndex(s, raw, types.OCIImageIndex), err
}

// platform returns the platform in the configuration of an image.
func (s store) platform(d v1.Descriptor) (*v1.Platform, error) {
	img, err := s.image(d)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the image configuration of %s: %w", d.Digest, err)
	}
	if p := config.Platform(); p != nil {
		return p, nil
	}
	return &v1.Platform{}, nil
}
