package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// A LayoutDir is a directory with the content of all platforms of an image, by digest, as an OCI layout has it. Its
// caller removes it.
type LayoutDir struct {
	Path string
	// Digests are those of the image manifests, in the order of the platforms.
	Digests []string
}

// Remove removes the directory, and nothing of the source that it was made from.
func (l *LayoutDir) Remove() error { return os.RemoveAll(l.Path) }

// LayoutDir makes a temporary directory below tempDir. Of a layout it links to the content, all else it copies.
func (i *Image) LayoutDir(tempDir string) (_ *LayoutDir, err error) {
	dir, err := os.MkdirTemp(tempDir, "seedpack-layout-*")
	if err != nil {
		return nil, err
	}
	l := &LayoutDir{Path: dir}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("copy %s: %w", i.Source, err), l.Remove())
		}
	}()
	for _, p := range i.Platforms {
		digest, err := p.Image.Digest()
		if err != nil {
			return nil, err
		}
		l.Digests = append(l.Digests, digest.String())
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
	return l, nil
}
