package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
)

// WithConfigs returns the image with other configurations. Edit returns the bytes of a configuration. Layers do not
// change. If no configuration changes, it returns i itself. Otherwise it removes everything but images from the index,
// because attestations are about the old images. The result can be used until i is closed.
func (i *Image) WithConfigs(edit func(Platform, []byte) ([]byte, error)) (*Image, error) {
	changed := map[v1.Hash]*editedImage{} // by the old digest
	edited := *i
	edited.Platforms, edited.attestations, edited.close = slices.Clone(i.Platforms), nil, func() error { return nil }
	for n, p := range i.Platforms {
		old, err := p.Image.RawConfigFile()
		if err != nil {
			return nil, err
		}
		config, err := edit(p, old)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", p.Name, i.Source, err)
		}
		if bytes.Equal(old, config) {
			continue
		}
		img, was, err := editImage(p.Image, config)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", p.Name, i.Source, err)
		}
		changed[was] = img
		if err := edited.Platforms[n].replaceWith(img); err != nil {
			return nil, err
		}
	}
	if len(changed) == 0 {
		return i, nil
	}
	return &edited, edited.setDigest(changed)
}

func (p *Platform) replaceWith(img *editedImage) error {
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	id, err := img.ConfigName()
	if err != nil {
		return err
	}
	config, err := img.ConfigFile()
	p.Image, p.Digest, p.ImageID, p.Config = img, digest.String(), id.String(), config
	return err
}

func (i *Image) setDigest(changed map[v1.Hash]*editedImage) error {
	if i.Index == nil {
		i.Digest = i.Platforms[0].Digest
		return nil
	}
	index, err := editIndex(i.Index, changed)
	if err != nil {
		return err
	}
	i.Index = index
	digest, err := index.Digest()
	i.Digest = digest.String()
	return err
}

// An editedImage is an image with another configuration and the same layers.
type editedImage struct {
	v1.Image
	manifest, config []byte
}

// editImage keeps all members of the image manifest except the descriptor of the configuration. It also returns the old
// digest.
func editImage(img v1.Image, config []byte) (*editedImage, v1.Hash, error) {
	was, err := img.Digest()
	if err != nil {
		return nil, was, err
	}
	raw, err := img.RawManifest()
	if err != nil {
		return nil, was, err
	}
	var all, descriptor map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, was, err
	}
	if err := json.Unmarshal(all["config"], &descriptor); err != nil {
		return nil, was, err
	}
	if err := describeBytes(descriptor, config); err != nil {
		return nil, was, err
	}
	if all["config"], err = json.Marshal(descriptor); err != nil {
		return nil, was, err
	}
	manifest, err := json.Marshal(all)
	return &editedImage{img, manifest, config}, was, err
}

// describeBytes sets digest and size in a descriptor. It removes an inlined copy of the content.
func describeBytes(descriptor map[string]json.RawMessage, content []byte) (err error) {
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		return err
	}
	delete(descriptor, "data")
	if descriptor["digest"], err = json.Marshal(digest); err != nil {
		return err
	}
	descriptor["size"], err = json.Marshal(size)
	return err
}

func (e *editedImage) RawManifest() ([]byte, error)        { return e.manifest, nil }
func (e *editedImage) RawConfigFile() ([]byte, error)      { return e.config, nil }
func (e *editedImage) Manifest() (*v1.Manifest, error)     { return partial.Manifest(e) }
func (e *editedImage) ConfigFile() (*v1.ConfigFile, error) { return partial.ConfigFile(e) }
func (e *editedImage) ConfigName() (v1.Hash, error)        { return partial.ConfigName(e) }
func (e *editedImage) Digest() (v1.Hash, error)            { return partial.Digest(e) }
func (e *editedImage) Size() (int64, error)                { return partial.Size(e) }

// An originalIndex is embedded under a name that is not the name of a method.
type originalIndex interface{ v1.ImageIndex }

// An editedIndex is an index in which edited images replace others.
type editedIndex struct {
	originalIndex
	raw    []byte
	images map[v1.Hash]*editedImage // by the new digest
}

func editIndex(index v1.ImageIndex, changed map[v1.Hash]*editedImage) (*editedIndex, error) {
	raw, err := index.RawManifest()
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	var manifests, kept []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(all["manifests"], &manifests); err != nil {
		return nil, err
	}
	e := &editedIndex{originalIndex: index, images: map[v1.Hash]*editedImage{}}
	for _, m := range manifests {
		keep, err := e.replace(m, changed)
		if err != nil {
			return nil, err
		}
		if keep {
			kept = append(kept, m)
		}
	}
	if all["manifests"], err = json.Marshal(kept); err != nil {
		return nil, err
	}
	e.raw, err = json.Marshal(all)
	return e, err
}

// replace sets the digest of the edited image in an entry of the index. Entries that are not images are not kept.
func (e *editedIndex) replace(entry map[string]json.RawMessage, changed map[v1.Hash]*editedImage) (keep bool, err error) {
	text, err := json.Marshal(entry)
	if err != nil {
		return false, err
	}
	var d v1.Descriptor
	if err := json.Unmarshal(text, &d); err != nil {
		return false, err
	}
	img, ok := changed[d.Digest]
	if !ok {
		return isPlatformImage(d), nil
	}
	digest, err := img.Digest()
	if err != nil {
		return false, err
	}
	e.images[digest] = img
	return true, describeBytes(entry, img.manifest)
}

// Image returns the edited image if there is one.
func (e *editedIndex) Image(digest v1.Hash) (v1.Image, error) {
	if img, ok := e.images[digest]; ok {
		return img, nil
	}
	return e.originalIndex.Image(digest)
}

func (e *editedIndex) RawManifest() ([]byte, error) { return e.raw, nil }
func (e *editedIndex) Digest() (v1.Hash, error)     { return partial.Digest(e) }
func (e *editedIndex) Size() (int64, error)         { return partial.Size(e) }
func (e *editedIndex) IndexManifest() (*v1.IndexManifest, error) {
	return v1.ParseIndexManifest(bytes.NewReader(e.raw))
}
