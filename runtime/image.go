package runtime

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"

	"github.com/seedpack/seedpack/disk"
)

// ImagePrefix begins the names of images that are loaded to be run. No registry has such names.
const ImagePrefix = "localhost/seedpack-run"

// Image returns how the engine calls an image that it has, by one of these IDs or names. It is empty if it has none of them. An
// empty ID is none. An engine calls an image by the digest of its configuration, or of its image manifest.
func (e *Engine) Image(ctx context.Context, ids ...string) (string, error) {
	if e.apptainer() {
		return "", nil // it keeps no images
	}
	for _, id := range ids {
		if e.known[id] {
			return id, nil
		}
	}
	for _, id := range ids {
		if id == "" {
			continue
		}
		if e.podman() {
			id = strings.TrimPrefix(id, "sha256:")
		}
		if found, err := e.inspect(ctx, id); err != nil || len(found) > 0 {
			return strings.Join(found, ""), err
		}
	}
	return "", nil
}

// inspect returns how the engine calls the images that it has of these.
func (e *Engine) inspect(ctx context.Context, names ...string) ([]string, error) {
	found, err := e.output(ctx, nil, append([]string{"image", "inspect", "--format", "{{.Id}}"}, names...)...)
	if err != nil && (ctx.Err() != nil || !isMissing(err)) {
		return nil, err
	}
	return strings.Fields(found), nil
}

// isMissing reports whether an engine says that it has no image of a name. Other errors are about the engine.
func isMissing(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "no such image") || strings.Contains(text, "image not known") || strings.Contains(text, "not found")
}

// Load hands over an image in the format of docker save, which has the name in it. It returns how the engine calls the image. The
// IDs are those that Image would look for.
func (e *Engine) Load(ctx context.Context, archive io.Reader, name string, ids ...string) (string, error) {
	if e.apptainer() {
		return e.convert(ctx, archive)
	}
	if _, err := e.output(ctx, archive, "load", "--quiet"); err != nil {
		return "", fmt.Errorf("load the image into %s: %w", e.Name, err)
	}
	ref, err := e.Image(ctx, append(ids, name)...)
	if err == nil && ref == "" {
		err = fmt.Errorf("%s loaded the image, but has none of the name %s", e.Name, name)
	}
	return ref, err
}

// convert makes a file of Apptainer from an archive. It is there until Close.
func (e *Engine) convert(ctx context.Context, archive io.Reader) (_ string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.dir == "" {
		if e.dir, e.removeDir, err = disk.Scratch("", "seedpack-images-"); err != nil {
			return "", err
		}
	}
	file, err := os.CreateTemp(e.dir, "image-*.tar")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, archive)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	sif := strings.TrimSuffix(file.Name(), filepath.Ext(file.Name())) + ".sif"
	if _, err := e.output(ctx, nil, "build", sif, "docker-archive:"+file.Name()); err != nil {
		return "", fmt.Errorf("convert the image for %s: %w", e.Name, err)
	}
	return sif, os.Remove(file.Name())
}

// A probeImage is an image with nothing but an empty directory.
type probeImage struct {
	id, name string
	archive  []byte
}

// newProbeImage makes the image. It is the same at each call.
func newProbeImage() (*probeImage, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := errors.Join(w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: ".seedpack/", Mode: 0o755}), w.Close()); err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": goruntime.GOARCH, "os": "linux", "created": "1970-01-01T00:00:00Z", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sum(layer.Bytes())}},
	})
	if err != nil {
		return nil, err
	}
	p := &probeImage{id: "sha256:" + sum(config), name: ImagePrefix + ":probe"}
	list, err := json.Marshal([]map[string]any{{"Config": sum(config) + ".json", "RepoTags": []string{p.name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w = tar.NewWriter(&archive)
	for _, f := range []struct {
		name    string
		content []byte
	}{{sum(config) + ".json", config}, {"layer.tar", layer.Bytes()}, {"manifest.json", list}} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.content))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	p.archive = archive.Bytes()
	return p, nil
}

func sum(content []byte) string {
	all := sha256.Sum256(content)
	return hex.EncodeToString(all[:])
}
