package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"github.com/seedpack/seedpack/disk"
)

// A LayoutDir is a directory with the content of all platforms of an image, by digest, as in an OCI layout. The caller
// removes it.
type LayoutDir struct {
	Path string
	// Digests are those of the image manifests, in the order of the platforms.
	Digests []string
	// Image is the image. It is read from the directory if that is faster. It can be used until Remove.
	Image *Image

	remove func() error
}

// Remove removes the directory. It does not change the source.
func (l *LayoutDir) Remove() error { return errors.Join(l.Image.Close(), l.remove()) }

// LayoutDir makes a temporary directory below tempDir. It links to the content of a layout, and copies that of other
// sources. If compress is set, it compresses layers that Docker saved. An image to be pushed needs that.
func (i *Image) LayoutDir(ctx context.Context, tempDir string, compress bool) (_ *LayoutDir, err error) {
	dir, remove, err := disk.Scratch(tempDir, "seedpack-layout-")
	if err != nil {
		return nil, err
	}
	// The caller that opened the image closes it. Remove does not.
	own := *i
	own.close = func() error { return nil }
	l := &LayoutDir{Path: dir, Image: &own, remove: remove}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("copy %s: %w", i.Source, err), l.Remove())
		}
	}()
	if i.docker != nil {
		return l, l.addDocker(ctx, i, compress)
	}
	for _, p := range i.Platforms {
		l.Digests = append(l.Digests, p.Digest)
	}
	if i.Source.Kind == Layout {
		blobs, err := filepath.Abs(filepath.Join(i.Source.Path, "blobs"))
		if err != nil {
			return nil, err
		}
		return l, os.Symlink(blobs, filepath.Join(dir, "blobs"))
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return nil, err
	}
	for _, p := range i.Platforms {
		if err := path.AppendImage(p.Image); err != nil {
			return nil, err
		}
	}
	return l, ctx.Err()
}

// addDocker writes an image that Docker saved in one pass over its layers. Its v1.Image would compress each layer three
// times: for the digest, for the content and for the push.
func (l *LayoutDir) addDocker(ctx context.Context, i *Image, compress bool) error {
	if err := os.MkdirAll(filepath.Join(l.Path, "blobs", "sha256"), 0o755); err != nil {
		return err
	}
	config, err := l.write(ctx, types.OCIConfigJSON, bytes.NewReader(i.docker.config), false)
	if err != nil {
		return err
	}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: []v1.Descriptor{}}
	for _, id := range i.Platforms[0].Config.RootFS.DiffIDs {
		d, err := l.addLayer(ctx, i.docker, id, compress)
		if err != nil {
			return err
		}
		manifest.Layers = append(manifest.Layers, d)
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	d, err := l.write(ctx, manifest.MediaType, bytes.NewReader(text), false)
	if err != nil {
		return err
	}
	l.Digests = []string{d.Digest.String()}
	return l.reopen(i, d)
}

func (l *LayoutDir) addLayer(ctx context.Context, d *dockerImage, id v1.Hash, compress bool) (v1.Descriptor, error) {
	layer, err := d.LayerByDiffID(id)
	if err != nil {
		return v1.Descriptor{}, err
	}
	content, err := layer.Uncompressed()
	if err != nil {
		return v1.Descriptor{}, err
	}
	mediaType := types.OCIUncompressedLayer
	if compress {
		mediaType = types.OCILayer
	}
	written, err := l.write(ctx, mediaType, content, compress)
	return written, errors.Join(err, content.Close())
}

// write stores content under its digest.
func (l *LayoutDir) write(ctx context.Context, mediaType types.MediaType, content io.Reader, compress bool) (_ v1.Descriptor, err error) {
	file, err := os.CreateTemp(l.Path, "blob-*")
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum, err := v1.Hasher("sha256")
	if err != nil {
		return v1.Descriptor{}, err
	}
	to := io.MultiWriter(file, sum)
	reader := contextReader{ctx, content}
	if compress {
		z := gzip.NewWriter(to)
		if _, err = io.Copy(z, reader); err == nil {
			err = z.Close()
		}
	} else {
		_, err = io.Copy(to, reader)
	}
	if err != nil {
		return v1.Descriptor{}, err
	}
	info, err := file.Stat()
	if err != nil {
		return v1.Descriptor{}, err
	}
	digest := v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sum.Sum(nil))}
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: info.Size()}, os.Rename(file.Name(), filepath.Join(l.Path, "blobs", digest.Algorithm, digest.Hex))
}

// A contextReader returns an error when its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// reopen reads the image from the directory. There the layers have the form in which they are pushed.
func (l *LayoutDir) reopen(i *Image, manifest v1.Descriptor) error {
	root, err := os.OpenRoot(l.Path)
	if err != nil {
		return err
	}
	again := &Image{Source: i.Source, Name: i.Name, Digest: manifest.Digest.String(), close: root.Close}
	l.Image = again
	img, err := store{directory{root}}.image(manifest)
	if err != nil {
		return err
	}
	return again.add(img, manifest)
}
