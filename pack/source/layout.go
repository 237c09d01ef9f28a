package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seedpack/seedpack/disk"
)

// Limits for what is read into memory. A configuration has the label, which may be large.
const (
	maxManifest = 4 << 20
	maxConfig   = 16 << 20
)

// Annotations that tools write for the images of a layout.
const (
	refNameKey   = "org.opencontainers.image.ref.name"
	imageNameKey = "io.containerd.image.name" // written by BuildKit, with the whole reference
)

// Files are the files of an OCI layout, in a directory or in an archive. Paths have slashes.
type files interface {
	// openFile returns the content and its size.
	openFile(name string) (io.ReadCloser, int64, error)
}

// A directory is a layout in a directory. Links do not lead out of it.
type directory struct{ root *os.Root }

func (d directory) openFile(name string) (io.ReadCloser, int64, error) {
	f, err := disk.OpenIn(d.root, name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

func (a *archive) openFile(name string) (io.ReadCloser, int64, error) {
	r, err := a.open(name)
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(r), r.Size(), nil
}

// A store is the content of a layout, by digest.
type store struct{ files files }

func (s store) open(digest v1.Hash) (io.ReadCloser, int64, error) {
	return s.files.openFile("blobs/" + digest.Algorithm + "/" + digest.Hex)
}

// read returns a small blob after it has checked the digest.
func (s store) read(digest v1.Hash, limit int64) ([]byte, error) {
	r, size, err := s.open(digest)
	if err != nil {
		return nil, err
	}
	content, err := readSmall(r, size, limit)
	if err == nil {
		err = checkDigest(content, digest)
	}
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", digest, err)
	}
	return content, nil
}

// readSmall reads a JSON text whole, and closes it. The file may grow after its size was asked for.
func readSmall(r io.ReadCloser, size, limit int64) (content []byte, err error) {
	defer func() { err = errors.Join(err, r.Close()) }()
	if size <= limit {
		content, err = io.ReadAll(io.LimitReader(r, limit+1))
		size = max(size, int64(len(content)))
	}
	switch {
	case err != nil:
		return nil, err
	case size > limit:
		return nil, fmt.Errorf("it has %d bytes, more than %d", size, limit)
	}
	return content, CheckValues(content)
}

func checkDigest(content []byte, want v1.Hash) error {
	got, _, err := v1.SHA256(bytes.NewReader(content))
	if err == nil && got != want {
		err = fmt.Errorf("the content has another digest, %s", got)
	}
	return err
}

// list returns what the layout's own index lists.
func (s store) list() (*v1.IndexManifest, error) {
	r, size, err := s.files.openFile("index.json")
	if err != nil {
		return nil, fmt.Errorf("%w\nit is no OCI layout", err)
	}
	text, err := readSmall(r, size, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("index.json: %w", err)
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read index.json: %w", err)
	}
	return index, nil
}

// choose returns the image of the layout that has the name: its descriptor. If the layout's own index lists the platforms of one
// image, it returns an index of them instead.
func (s store) choose(name string) (d v1.Descriptor, flat *index, err error) {
	list, err := s.list()
	if err != nil {
		return d, nil, err
	}
	var found []v1.Descriptor
	var names []string
	for _, d := range list.Manifests {
		ref, full := d.Annotations[refNameKey], d.Annotations[imageNameKey]
		if name == "" || name == ref || name == full || name == d.Digest.String() {
			found = append(found, d)
		}
		if ref == "" {
			ref = "@" + d.Digest.String()
		}
		ref = fmt.Sprintf("%q", ref)
		if p := d.Platform; p != nil {
			ref += fmt.Sprintf(" for %q", platformName(p.OS, p.Architecture, p.Variant))
		}
		names = append(names, ref)
	}
	if len(found) == 1 {
		return found[0], nil, nil
	}
	wrong := fmt.Errorf("%d images there fit, exactly one must; there are: %s", len(found), few(names))
	if !arePlatforms(found) {
		return d, nil, wrong
	}
	flat, err = s.join(found, list.Annotations)
	var twice *twicePlatform
	if errors.As(err, &twice) {
		err = fmt.Errorf("%w\nthey are not the platforms of one image, since %w", wrong, twice)
	}
	return found[0], flat, err
}

const fewNames = 10

// few joins the first few names. An untrusted file may have any number.
func few(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	if len(names) > fewNames {
		names = append(names[:fewNames:fewNames], fmt.Sprintf("and %d more", len(names)-fewNames))
	}
	return strings.Join(names, ", ")
}

// nameOf returns the reference or the tag of an image in a layout.
func nameOf(d v1.Descriptor) string {
	if full := d.Annotations[imageNameKey]; full != "" {
		return full
	}
	return d.Annotations[refNameKey]
}

// An index is an index over images of a layout (v1.ImageIndex).
type index struct {
	store     store
	raw       []byte
	mediaType types.MediaType
	manifest  func() (*v1.IndexManifest, error)
}

func (s store) index(d v1.Descriptor) (*index, error) {
	raw, err := s.read(d.Digest, maxManifest)
	return newIndex(s, raw, d.MediaType), err
}

// newIndex returns the index of a text, which is decoded once.
func newIndex(s store, raw []byte, mediaType types.MediaType) *index {
	return &index{s, raw, mediaType, sync.OnceValues(func() (*v1.IndexManifest, error) { return v1.ParseIndexManifest(bytes.NewReader(raw)) })}
}

func (i *index) MediaType() (types.MediaType, error) { return i.mediaType, nil }
func (i *index) RawManifest() ([]byte, error)        { return i.raw, nil }
func (i *index) Digest() (v1.Hash, error)            { return partial.Digest(i) }
func (i *index) Size() (int64, error)                { return partial.Size(i) }
func (i *index) IndexManifest() (*v1.IndexManifest, error) {
	manifest, err := i.manifest()
	if err != nil {
		return nil, err
	}
	return manifest.DeepCopy(), nil // callers may change it
}

func (i *index) Image(digest v1.Hash) (v1.Image, error) {
	d, err := i.child(digest)
	if err != nil {
		return nil, err
	}
	return i.store.image(d)
}

func (i *index) ImageIndex(digest v1.Hash) (v1.ImageIndex, error) {
	d, err := i.child(digest)
	if err != nil {
		return nil, err
	}
	return i.store.index(d)
}

func (i *index) child(digest v1.Hash) (v1.Descriptor, error) {
	manifest, err := i.manifest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	for _, d := range manifest.Manifests {
		if d.Digest == digest {
			return d, nil
		}
	}
	return v1.Descriptor{}, fmt.Errorf("%s is not in the index", digest)
}

// An image is an image of a layout (partial.CompressedImageCore).
type image struct {
	store     store
	raw       []byte
	mediaType types.MediaType
}

func (s store) image(d v1.Descriptor) (v1.Image, error) {
	raw, err := s.read(d.Digest, maxManifest)
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&image{s, raw, d.MediaType})
}

func (i *image) MediaType() (types.MediaType, error) { return i.mediaType, nil }
func (i *image) RawManifest() ([]byte, error)        { return i.raw, nil }

func (i *image) RawConfigFile() ([]byte, error) {
	m, err := partial.Manifest(i)
	if err != nil {
		return nil, err
	}
	return i.store.read(m.Config.Digest, maxConfig)
}

func (i *image) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	m, err := partial.Manifest(i)
	if err != nil {
		return nil, err
	}
	for _, d := range append(m.Layers, m.Config) {
		if d.Digest == digest {
			return &layer{i.store, d}, nil
		}
	}
	return nil, fmt.Errorf("%s is no layer of the image", digest)
}

// A layer is a layer of an image of a layout (partial.CompressedLayer).
type layer struct {
	store      store
	descriptor v1.Descriptor
}

func (l *layer) Digest() (v1.Hash, error)            { return l.descriptor.Digest, nil }
func (l *layer) Size() (int64, error)                { return l.descriptor.Size, nil }
func (l *layer) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }
func (l *layer) Descriptor() (*v1.Descriptor, error) { return &l.descriptor, nil }
func (l *layer) Compressed() (io.ReadCloser, error) {
	r, _, err := l.store.open(l.descriptor.Digest)
	if err != nil {
		return nil, err
	}
	return newVerifyingReader(r, l.descriptor.Digest)
}
