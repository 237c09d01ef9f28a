package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/source"
)

// push assembles the index over what the nodes have pushed, and pushes it by digest.
func (j *joint) push(ctx context.Context) (digest string, err error) {
	r := j.request
	if r.PushTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.PushTimeout, fmt.Errorf("push to %s: not done within %s, given up\n--push-timeout lets it take longer", r.Repository, r.PushTimeout))
		defer cancel()
	}
	var all []*source.Image
	defer func() {
		for _, img := range all {
			err = errors.Join(err, img.Close())
		}
	}()
	for _, p := range j.parts {
		img, err := r.Remote.Awaiting().Open(ctx, source.Source{Kind: source.Registry, Name: r.Repository + "@" + p.built.Digest})
		if err != nil {
			return "", timedOut(ctx, fmt.Errorf("read back what node %s has pushed: %w", p.Node(), err))
		}
		all = append(all, img)
	}
	joined, err := source.Join(all, j.order)
	if err != nil {
		return "", err
	}
	digest, err = r.Remote.Push(ctx, r.Repository, joined)
	return digest, timedOut(ctx, err)
}

// timedOut returns the reason for which a context has ended, if an error comes from that.
func timedOut(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// jointFiles are the outputs of a request that several nodes build. Each node writes its part of a file to a temporary place.
// The parts are joined before the image is named.
type jointFiles struct {
	request *Request
	parts   []*part
	dir     string // of the parts; empty if there are none
	remove  func() error
	joined  []*jointFile
}

// A jointFile is an output that nodes write together.
type jointFile struct {
	*pending
	parts []string // paths of the archives, in the order of the nodes; empty for a directory, which all of them write to
}

func newJointFiles(ctx context.Context, r *Request, parts []*part) (*jointFiles, error) {
	f := &jointFiles{request: r, parts: parts}
	if err := CheckOutputs(r.Outputs, len(r.Platforms), len(r.Options.Attest) > 0); err != nil {
		return f, err
	}
	if err := checkLoad(ctx, r.Outputs, r.Platforms); err != nil {
		return f, err
	}
	for _, p := range parts {
		p.request.Outputs = nil
	}
	for _, o := range r.Outputs {
		var err error
		if o.Runs != nil {
			err = f.assign(ctx, o)
		} else {
			err = f.add(o)
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// assign gives an output that is an engine to the node that builds for the platform of that engine.
func (f *jointFiles) assign(ctx context.Context, o Output) error {
	own, err := o.Runs(ctx)
	if err != nil {
		return err
	}
	for _, p := range f.parts {
		if engine.Has(p.Platforms, own) {
			p.request.Outputs = append(p.request.Outputs, o)
			return nil
		}
	}
	return nil // checkLoad has found one
}

// add makes the place of an output at once, and one for each part.
func (f *jointFiles) add(o Output) (err error) {
	if split, given := o.Attrs["platform-split"]; given && split != "true" && o.Type == "local" {
		return fmt.Errorf("output %s: platform-split=%s needs a builder of one node: several would write over each other's files", o.Dest, split)
	}
	file := &jointFile{}
	if file.pending, err = newPending(o, f.request.Roots); err != nil {
		return err
	}
	f.joined = append(f.joined, file)
	if o.Type != "local" && f.dir == "" {
		if f.dir, f.remove, err = disk.Scratch("", "seedpack-nodes-"); err != nil {
			return err
		}
	}
	for i, p := range f.parts {
		own := o
		if own.into = filepath.Join(f.dir, fmt.Sprintf("%d-%d.tar", len(f.joined), i)); o.Type == "local" {
			own.into = file.stage.Path()
		} else {
			file.parts = append(file.parts, own.into)
		}
		p.request.Outputs = append(p.request.Outputs, own)
	}
	return nil
}

// join joins the parts of all files. The digest is that of the last image, empty if there is none.
func (f *jointFiles) join(ctx context.Context, order func(string) int) (digest string, err error) {
	for _, file := range f.joined {
		if len(file.parts) == 0 {
			continue
		}
		to, err := file.create()
		if err != nil {
			return "", err
		}
		if file.image() {
			digest, err = joinLayouts(ctx, to, file.parts, order)
		} else {
			err = joinArchives(to, file.parts)
		}
		if err := errors.Join(err, to.Close()); err != nil {
			return "", fmt.Errorf("write %s: %w", file.Dest, err)
		}
		for _, part := range file.parts { // they may be large
			if err := os.Remove(part); err != nil {
				return "", err
			}
		}
	}
	return digest, nil
}

// take returns the outputs, in the order of the request. The caller discards them now.
func (f *jointFiles) take() (all []Written) {
	var engines []Written
	for _, p := range f.parts {
		engines, p.built.Outputs = append(engines, p.built.Outputs...), nil
	}
	for _, file := range f.joined {
		all = append(all, Written{file.pending})
	}
	f.joined = nil
	return append(all, engines...)
}

func (f *jointFiles) close() error {
	var errs []error
	for _, file := range f.joined {
		errs = append(errs, file.discard())
	}
	if f.dir != "" {
		errs = append(errs, f.remove())
	}
	return errors.Join(errs...)
}

// An archivePart is one file of an archive.
type archivePart struct {
	header  *tar.Header
	content io.Reader
}

// joinLayouts writes one archive of a layout from those of several nodes: all of their blobs, and one index over their images. It
// is written as BuildKit writes one.
func joinLayouts(ctx context.Context, to io.Writer, paths []string, order func(string) int) (string, error) {
	images, files, top := []*source.Image{}, map[string]archivePart{}, ocispecs.Index{}
	for i, path := range paths {
		img, err := source.Open(ctx, source.Source{Kind: source.LayoutArchive, Path: path}, source.Options{})
		if err != nil {
			return "", err
		}
		defer img.Close() // it was only read
		images = append(images, img)
		file, err := disk.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		index, err := readArchive(file, files)
		if err != nil {
			return "", err
		}
		if i == 0 {
			if err := json.Unmarshal(index, &top); err != nil {
				return "", fmt.Errorf("read %s of a node's image: %w", ocispecs.ImageIndexFile, err)
			}
		}
		if img.Index != nil {
			delete(files, blobName(img.Digest)) // the index of this node alone
		}
	}
	joined, err := source.Join(images, order)
	if err != nil {
		return "", err
	}
	if err := addIndex(files, joined, top); err != nil {
		return "", err
	}
	return joined.Digest, writeArchive(to, files)
}

// addIndex adds the index over all images, and what names it in the layout: the entry that a node's own index had.
func addIndex(files map[string]archivePart, joined *source.Image, top ocispecs.Index) error {
	if len(top.Manifests) != 1 {
		return fmt.Errorf("a node's archive holds %d images, not one", len(top.Manifests))
	}
	raw, err := joined.Index.RawManifest()
	if err != nil {
		return err
	}
	mediaType, err := joined.Index.MediaType()
	if err != nil {
		return err
	}
	entry := &top.Manifests[0]
	entry.MediaType, entry.Digest, entry.Size, entry.Platform = string(mediaType), digest.Digest(joined.Digest), int64(len(raw)), nil
	index, err := json.Marshal(top)
	if err != nil {
		return err
	}
	addFile(files, blobName(joined.Digest), 0o444, raw)
	addFile(files, ocispecs.ImageIndexFile, 0o644, index)
	return nil
}

func blobName(d string) string { return "blobs/" + strings.Replace(d, ":", "/", 1) }

// addFile adds a file in the form of BuildKit's archives.
func addFile(files map[string]archivePart, name string, mode int64, content []byte) {
	files[name] = archivePart{&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}, bytes.NewReader(content)}
}

// readArchive finds the files of a layout in an archive, and returns its index. What another archive has brought is kept.
func readArchive(file *os.File, files map[string]archivePart) (index []byte, err error) {
	for r := tar.NewReader(file); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return index, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Name == ocispecs.ImageIndexFile {
			if index, err = io.ReadAll(io.LimitReader(r, maxIndex)); err != nil {
				return nil, err
			}
			continue
		}
		// The reader of archives reads block by block, so the file is at the first one of the content.
		at, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if _, known := files[h.Name]; !known {
			files[h.Name] = archivePart{h, io.NewSectionReader(file, at, h.Size)}
		}
	}
}

const maxIndex = 4 << 20 // bytes of an index of a layout

// writeArchive writes files in the order of their names.
func writeArchive(to io.Writer, files map[string]archivePart) error {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	w := tar.NewWriter(to)
	for _, name := range names {
		if err := w.WriteHeader(files[name].header); err != nil {
			return err
		}
		if _, err := io.Copy(w, files[name].content); err != nil {
			return err
		}
	}
	return w.Close()
}

// joinArchives writes the files of several archives to one. Each has those of a platform in a directory of its own, unless the
// user does not want that. Then a file that two of them have is an error.
func joinArchives(to io.Writer, paths []string) error {
	seen, w := map[string]bool{}, tar.NewWriter(to)
	for _, path := range paths {
		if err := copyArchive(w, path, seen); err != nil {
			return err
		}
	}
	return w.Close()
}

func copyArchive(w *tar.Writer, path string, seen map[string]bool) error {
	file, err := disk.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for r := tar.NewReader(file); ; {
		h, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case seen[h.Name] && h.Typeflag == tar.TypeDir:
			continue
		case seen[h.Name]:
			return fmt.Errorf("two platforms have %s: leave platform-split out", h.Name)
		}
		seen[h.Name] = true
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
	}
}
