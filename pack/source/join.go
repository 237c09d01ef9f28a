package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
	specs "github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Join returns one index over the images of several, which have different platforms. Their attestations are kept. The index has
// the annotations that all of the images have with the same value: those of their indexes, or of a single image's manifest.
//
// The index has the bytes that BuildKit would write for all platforms at once: images first, then their attestations, each in the
// order of the platforms. The result can be used until the images are closed.
func Join(all []*Image, order func(platform string) int) (*Image, error) {
	j := &joinedIndex{mediaType: types.OCIImageIndex, images: map[v1.Hash]v1.Image{}}
	if first := all[0].Index; first != nil {
		var err error
		if j.mediaType, err = first.MediaType(); err != nil {
			return nil, err
		}
	}
	joined := &Image{Source: all[0].Source, Index: j, close: func() error { return nil }}
	index := ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: string(j.mediaType)}
	places := map[string]int{} // of images, by digest
	for n, img := range all {
		entries, err := j.add(img)
		if err != nil {
			return nil, err
		}
		index.Manifests = append(index.Manifests, entries...)
		for _, p := range img.Platforms {
			if slices.ContainsFunc(joined.Platforms, func(other Platform) bool { return other.Name == p.Name }) {
				return nil, fmt.Errorf("two images are for %s", p.Name)
			}
			joined.Platforms = append(joined.Platforms, p)
			places[cmpDigest(p, img)] = order(p.Name)
		}
		joined.attestations = append(joined.attestations, img.attestations...)
		if n == 0 {
			index.Annotations = maps.Clone(img.Annotations)
		}
		maps.DeleteFunc(index.Annotations, func(key, value string) bool { other, ok := img.Annotations[key]; return !ok || other != value })
	}
	slices.SortStableFunc(index.Manifests, func(a, b ocispecs.Descriptor) int { return place(a, places) - place(b, places) })
	slices.SortStableFunc(joined.Platforms, func(a, b Platform) int { return order(a.Name) - order(b.Name) })
	var err error
	if j.raw, err = json.MarshalIndent(index, "", "  "); err != nil {
		return nil, err
	}
	digest, err := j.Digest()
	joined.Digest, joined.Annotations = digest.String(), index.Annotations
	return joined, err
}

// cmpDigest returns the digest of a platform's image manifest.
func cmpDigest(p Platform, img *Image) string {
	if p.Digest != "" {
		return p.Digest
	}
	return img.Digest
}

// place returns where an entry stands: images by their platform, attestations after all images.
func place(d ocispecs.Descriptor, places map[string]int) int {
	if at, ok := places[d.Digest.String()]; ok {
		return at
	}
	const behind = 1 << 16
	if at, ok := places[d.Annotations[attestationOf]]; ok {
		return behind + at
	}
	return 2 * behind
}

// A joinedIndex is an index over images of several sources (v1.ImageIndex).
type joinedIndex struct {
	raw       []byte
	mediaType types.MediaType
	images    map[v1.Hash]v1.Image // by digest
}

// add adds the images of one source, and returns their entries.
func (j *joinedIndex) add(img *Image) (entries []ocispecs.Descriptor, err error) {
	if img.Index == nil {
		return j.addSingle(img)
	}
	raw, err := img.Index.RawManifest()
	if err != nil {
		return nil, err
	}
	var index ocispecs.Index
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("read the index of %s: %w", img.Source, err)
	}
	for _, d := range index.Manifests {
		hash, err := v1.NewHash(d.Digest.String())
		if err != nil {
			return nil, err
		}
		if j.images[hash], err = img.Index.Image(hash); err != nil {
			return nil, err
		}
	}
	return index.Manifests, nil
}

// addSingle makes the entry of an image that has no index.
func (j *joinedIndex) addSingle(img *Image) ([]ocispecs.Descriptor, error) {
	p := img.Platforms[0]
	d, err := partial.Descriptor(p.Image)
	if err != nil {
		return nil, err
	}
	d.ArtifactType = "" // it is that of the configuration, which says nothing of an image
	d.Platform = &v1.Platform{OS: p.Config.OS, Architecture: p.Config.Architecture, Variant: p.Config.Variant, OSVersion: p.Config.OSVersion}
	j.images[d.Digest] = p.Image
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	entries := make([]ocispecs.Descriptor, 1)
	return entries, json.Unmarshal(text, &entries[0])
}

func (j *joinedIndex) MediaType() (types.MediaType, error) { return j.mediaType, nil }
func (j *joinedIndex) RawManifest() ([]byte, error)        { return j.raw, nil }
func (j *joinedIndex) Digest() (v1.Hash, error)            { return partial.Digest(j) }
func (j *joinedIndex) Size() (int64, error)                { return partial.Size(j) }
func (j *joinedIndex) IndexManifest() (*v1.IndexManifest, error) {
	return v1.ParseIndexManifest(bytes.NewReader(j.raw))
}

func (j *joinedIndex) Image(digest v1.Hash) (v1.Image, error) {
	if img, ok := j.images[digest]; ok {
		return img, nil
	}
	return nil, fmt.Errorf("%s is not in the index", digest)
}

func (j *joinedIndex) ImageIndex(digest v1.Hash) (v1.ImageIndex, error) {
	return nil, fmt.Errorf("%s is no index", digest)
}
