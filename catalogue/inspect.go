package catalogue

import (
	"context"
	"fmt"
	"slices"
)

// maxIndexes is how many indexes lead to an image, each of which names the next one.
const maxIndexes = 4

// inspect reads the configuration of the image that a manifest or an index names. An index may name indexes.
func (f *finder) inspect(ctx context.Context, d *dialled, p place, m *imageManifest) (*facts, error) {
	known := &facts{platforms: []string{}}
	index := m
	for n := 1; m.isIndex(); n++ {
		images, attestations := m.images()
		if len(images) == 0 {
			return nil, &skipError{hasNoImage}
		}
		if n > maxIndexes {
			return nil, &skipError{fmt.Sprintf("more than %d indexes lead to its image", maxIndexes)}
		}
		chosen := choose(images, f.opt.Platform)
		known.name(images, chosen)
		known.attestations = append(known.attestations, about(attestations, chosen.Digest)...)
		var err error
		if m, err = f.manifest(ctx, d, p, chosen.Digest, chosen.Size); err != nil {
			return nil, err
		}
	}
	err := f.config(ctx, d, p, m, func(config *imageConfig) { known.fill(index, m, config) })
	if err != nil {
		return nil, err
	}
	return known, nil
}

// name adds the platforms that an index names. If it does not say that of the chosen entry, fill does.
func (f *facts) name(images []descriptor, chosen descriptor) {
	f.named = f.named || chosen.Platform != nil
	for _, i := range images {
		if text := i.Platform.String(); i.Platform != nil && len(f.platforms) < maxPlatforms && !slices.Contains(f.platforms, text) {
			f.platforms = append(f.platforms, text)
		}
	}
}

// about returns the digests of the attestations of one image.
func about(all []descriptor, digest string) (some []string) {
	for _, d := range all {
		if d.Annotations[attestationOf] == digest && len(some) < maxAttachments {
			some = append(some, d.Digest)
		}
	}
	return some
}
