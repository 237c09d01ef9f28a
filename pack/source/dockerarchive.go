package source

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// WriteDockerArchive writes one platform of an image in the format of docker save, under a name. Layers keep the compression that
// they have in the source, and nothing is copied to the disk before.
func (i *Image) WriteDockerArchive(ctx context.Context, w io.Writer, platform int, name string) error {
	p := i.Platforms[platform]
	config, err := p.Image.RawConfigFile()
	if err != nil {
		return err
	}
	a := archiveWriter{ctx: ctx, tar: tar.NewWriter(w)}
	entry := dockerEntry{Config: strings.TrimPrefix(p.ImageID, "sha256:") + ".json", RepoTags: []string{name}, Layers: []string{}}
	if err := a.add(entry.Config, int64(len(config)), bytes.NewReader(config)); err != nil {
		return err
	}
	written := map[v1.Hash]bool{} // a layer may occur twice
	for n, id := range p.Config.RootFS.DiffIDs {
		file := id.Hex + ".tar"
		entry.Layers = append(entry.Layers, file)
		if written[id] {
			continue
		}
		written[id] = true
		if err := i.addLayer(&a, p.Image, n, id, file); err != nil {
			return fmt.Errorf("layer %s of %s: %w", id, i.Source, err)
		}
	}
	text, err := json.Marshal([]dockerEntry{entry})
	if err != nil {
		return err
	}
	return errors.Join(a.add("manifest.json", int64(len(text)), bytes.NewReader(text)), a.tar.Close())
}

// addLayer adds the layer with an index. Docker's own archives have layers without a digest, which are taken as they are.
func (i *Image) addLayer(a *archiveWriter, img v1.Image, n int, id v1.Hash, file string) error {
	if i.docker != nil {
		section, err := i.docker.archive.open(i.docker.layers[id])
		if err != nil {
			return err
		}
		return a.add(file, section.Size(), section)
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	if n >= len(layers) {
		return fmt.Errorf("the image's configuration has more layers than its manifest, %d", len(layers))
	}
	size, err := layers[n].Size()
	if err != nil {
		return err
	}
	content, err := layers[n].Compressed()
	if err != nil {
		return err
	}
	return errors.Join(a.add(file, size, content), content.Close())
}

type archiveWriter struct {
	ctx context.Context // of the one call that writes the archive
	tar *tar.Writer
}

func (a *archiveWriter) add(name string, size int64, content io.Reader) error {
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(a.tar, contextReader{a.ctx, content})
	return err
}
