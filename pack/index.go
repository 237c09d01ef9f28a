package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seedpack/seedpack/disk"
)

// Annotations by which the index of a layout names an image.
const (
	imageNameKey = "io.containerd.image.name"
	refNameKey   = ocispecs.AnnotationRefName
)

// addToIndex adds images to the index of a layout, when their blobs are there. An image replaces others of its name. What else
// the index holds is kept. Other runs wait meanwhile.
func addToIndex(layout *os.Root, added []ocispecs.Descriptor) (err error) {
	unlock, err := disk.Lock(layout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	index, err := readIndex(layout)
	if err != nil {
		return err
	}
	for _, d := range added {
		index.Manifests = append(slices.DeleteFunc(index.Manifests, func(old ocispecs.Descriptor) bool { return sameImage(old, d) }), d)
	}
	text, err := json.Marshal(index)
	if err != nil {
		return err
	}
	return disk.WriteIn(layout, ocispecs.ImageIndexFile, 0o644, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// sameImage reports whether two entries of an index have one name. Entries without a name are the same if their digest is.
func sameImage(a, b ocispecs.Descriptor) bool {
	named := b.Annotations[imageNameKey] != "" || b.Annotations[refNameKey] != ""
	return a.Annotations[imageNameKey] == b.Annotations[imageNameKey] && a.Annotations[refNameKey] == b.Annotations[refNameKey] &&
		(named || a.Digest == b.Digest)
}

// readIndex reads the index of a layout, which may be a new one. It follows no link.
func readIndex(layout *os.Root) (index ocispecs.Index, err error) {
	index.SchemaVersion, index.MediaType, index.Manifests = 2, ocispecs.MediaTypeImageIndex, []ocispecs.Descriptor{}
	if err := disk.NoLink(layout, ocispecs.ImageIndexFile); err != nil {
		return index, err
	}
	text, err := disk.ReadIn(layout, ocispecs.ImageIndexFile, disk.MaxText)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return index, nil
	}
	if err != nil {
		return index, err
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return index, fmt.Errorf("read %s of %s: %w", ocispecs.ImageIndexFile, layout.Name(), err)
	}
	return index, nil
}
