package source

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A dockerImage is an image in a Docker archive, as docker save writes it (partial.UncompressedImageCore). It has no
// digest, because its layers are not compressed and the digest depends on the compression.
type dockerImage struct {
	archive *archive
	config  []byte
	layers  map[v1.Hash]string // names in the archive, by digest of the layer
	name    string             // the first tag
}

// dockerEntry is one image in the archive's manifest.json.
type dockerEntry struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func readDocker(a *archive, want string) (*dockerImage, error) {
	text, err := a.read("manifest.json", maxManifest)
	if err != nil {
		return nil, fmt.Errorf("%w\nit is no Docker archive", err)
	}
	var all []dockerEntry
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	chosen, err := chooseDocker(all, want)
	if err != nil {
		return nil, err
	}
	d := &dockerImage{archive: a, layers: map[v1.Hash]string{}}
	if len(chosen.RepoTags) > 0 {
		d.name = chosen.RepoTags[0]
	}
	if want != "" {
		d.name = want
	}
	if d.config, err = a.read(chosen.Config, maxConfig); err != nil {
		return nil, err
	}
	config, err := d.configFile()
	if err != nil {
		return nil, err
	}
	ids := config.RootFS.DiffIDs
	if len(ids) != len(chosen.Layers) {
		return nil, fmt.Errorf("the number of layers is %d in the archive's list, and %d in the image's configuration", len(chosen.Layers), len(ids))
	}
	for i, id := range ids {
		d.layers[id] = chosen.Layers[i]
	}
	return d, nil
}

func chooseDocker(all []dockerEntry, want string) (dockerEntry, error) {
	var found []dockerEntry
	var names []string
	for _, e := range all {
		fits := want == ""
		for _, tag := range e.RepoTags {
			names = append(names, fmt.Sprintf("%q", tag))
			fits = fits || sameName(tag, want)
		}
		if fits {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		return dockerEntry{}, fmt.Errorf("%d images there fit, exactly one must; there are: %s", len(found), few(names))
	}
	return found[0], nil
}

// sameName compares references as Docker does: x is docker.io/library/x:latest.
func sameName(a, b string) bool {
	x, errX := reference.ParseNormalizedNamed(a)
	y, errY := reference.ParseNormalizedNamed(b)
	return errX == nil && errY == nil && reference.TagNameOnly(x).String() == reference.TagNameOnly(y).String()
}

func (d *dockerImage) configFile() (*v1.ConfigFile, error) { return partial.ConfigFile(d) }

func (d *dockerImage) RawConfigFile() ([]byte, error)      { return d.config, nil }
func (d *dockerImage) MediaType() (types.MediaType, error) { return types.DockerManifestSchema2, nil }

func (d *dockerImage) LayerByDiffID(id v1.Hash) (partial.UncompressedLayer, error) {
	name, ok := d.layers[id]
	if !ok {
		return nil, fmt.Errorf("%s is no layer of the image", id)
	}
	return &dockerLayer{d.archive, name, id}, nil
}

// A dockerLayer is a layer of a Docker archive (partial.UncompressedLayer).
type dockerLayer struct {
	archive *archive
	name    string
	id      v1.Hash
}

func (l *dockerLayer) DiffID() (v1.Hash, error)            { return l.id, nil }
func (l *dockerLayer) MediaType() (types.MediaType, error) { return types.DockerLayer, nil }

// Uncompressed returns the layer. It expands layers that are compressed, as some tools write them.
func (l *dockerLayer) Uncompressed() (io.ReadCloser, error) {
	section, err := l.archive.open(l.name)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(section)
	var content io.Reader = r
	if head, err := r.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		if content, err = gzip.NewReader(r); err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.name, err)
		}
	}
	return newVerifyingReader(io.NopCloser(content), l.id)
}

// A verifyingReader returns an error at its end if the content has another digest than expected.
type verifyingReader struct {
	io.ReadCloser
	want v1.Hash
	sum  hash.Hash
}

func newVerifyingReader(r io.ReadCloser, want v1.Hash) (io.ReadCloser, error) {
	sum, err := v1.Hasher(want.Algorithm)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &verifyingReader{r, want, sum}, nil
}

func (v *verifyingReader) Read(b []byte) (int, error) {
	n, err := v.ReadCloser.Read(b)
	v.sum.Write(b[:n])
	if err != io.EOF {
		return n, err
	}
	if got := fmt.Sprintf("%x", v.sum.Sum(nil)); got != v.want.Hex {
		return n, fmt.Errorf("the content of %s has another digest, %s:%s", v.want, v.want.Algorithm, got)
	}
	return n, io.EOF
}
