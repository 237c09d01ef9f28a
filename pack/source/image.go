package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seedpack/seedpack/disk"
)

// Options say how sources are reached. The zero value reads files, and registries without credentials.
type Options struct {
	Remote []remote.Option // credentials and transport of registries
	Name   []name.Option   // how their references are read
	// Save streams an image out of a Docker Engine in the format of docker save. Nil: there is no engine.
	Save    func(ctx context.Context, image string) (io.ReadCloser, error)
	TempDir string // default: the system's
}

// An Image is the content of a source: one image, or an index over several platforms. The caller closes it.
type Image struct {
	Source Source
	// Name is the name in the source: a reference, or in a layout perhaps only a tag. It may be empty.
	Name string
	// Reference is the reference in a registry. It is nil for other sources.
	Reference name.Reference
	// Digest is that of the image manifest or the index. It is empty for an image that Docker saved, because it then
	// depends on the compression of the layers.
	Digest string
	Index  v1.ImageIndex // nil for a single image
	// Annotations are those of the index, or of the single image's manifest.
	Annotations map[string]string
	Platforms   []Platform // in the order of the index

	attestations []v1.Descriptor
	docker       *dockerImage // nil unless Docker saved the image
	remote       []remote.Option
	close        func() error
}

// Open reads manifests and configurations of the source, but no layers. The error names the source.
func Open(ctx context.Context, s Source, opt Options) (*Image, error) {
	i := &Image{Source: s, Name: s.Name, close: func() error { return nil }}
	if err := i.open(ctx, opt); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", s, err), i.Close())
	}
	return i, nil
}

// OpenReference reads the image that a reference names in a registry.
func OpenReference(ctx context.Context, ref name.Reference, options ...remote.Option) (*Image, error) {
	i := &Image{Source: Source{Kind: Registry, Name: ref.String()}, close: func() error { return nil }}
	if err := i.openReference(ctx, ref, options); err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	return i, nil
}

// Close closes files and removes temporary ones. The image cannot be used after it.
func (i *Image) Close() error { return i.close() }

func (i *Image) open(ctx context.Context, opt Options) error {
	switch i.Source.Kind {
	case Registry:
		return i.openRegistry(ctx, opt)
	case Layout:
		root, err := os.OpenRoot(i.Source.Path)
		if err != nil {
			return i.Source.explain(err)
		}
		i.close = root.Close
		return i.openLayout(store{directory{root}})
	case DockerDaemon:
		return i.openDaemon(ctx, opt)
	}
	file, err := disk.Open(i.Source.Path)
	if err != nil {
		return i.Source.explain(err)
	}
	remains := false
	if disk.IsGiven(i.Source.Path) { // it may be a pipe, and an archive is read in any order
		if file, remains, err = spool(ctx, file, opt.TempDir); err != nil {
			return err
		}
	}
	return i.Source.explain(i.openArchive(ctx, file, remains, opt))
}

// explain returns an error that says what the path holds, if the source says otherwise.
func (s Source) explain(err error) error {
	info, statErr := os.Stat(s.Path)
	switch {
	case err == nil || statErr != nil:
		return err
	case s.Kind == Layout && !info.IsDir():
		return fmt.Errorf("%w\nit is a file: write oci-archive:%s or docker-archive:%s", err, s.Path, s.Path)
	case s.Kind != Layout && info.IsDir():
		return fmt.Errorf("%w\nit is a directory: write oci:%s", err, s.Path)
	}
	return err
}

func (i *Image) openArchive(ctx context.Context, file *os.File, temporary bool, opt Options) error {
	a, err := openArchive(ctx, file, temporary, opt.TempDir)
	if err != nil {
		return err
	}
	i.close = a.Close
	if other := a.otherKind(i.Source.Kind); other != "" {
		return fmt.Errorf("it is another kind of archive: write %s:%s", other, i.Source.Path)
	}
	if i.Source.Kind == LayoutArchive {
		return i.openLayout(store{a})
	}
	return i.addDocker(a, i.Source.Name)
}

func (i *Image) addDocker(a *archive, want string) error {
	d, err := readDocker(a, want)
	if err != nil {
		return err
	}
	i.Name, i.docker = d.name, d
	img, err := partial.UncompressedToImage(d)
	if err != nil {
		return err
	}
	return i.add(img, v1.Descriptor{})
}

// openDaemon saves the engine's image to a temporary file, because the engine only streams images.
func (i *Image) openDaemon(ctx context.Context, opt Options) (err error) {
	if opt.Save == nil {
		return errors.New("there is no Docker Engine to read it from")
	}
	stream, err := opt.Save(ctx, i.Source.Name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	temp, remains, err := copyToTemp(ctx, stream, opt.TempDir)
	if err != nil {
		return err
	}
	a, err := openArchive(ctx, temp, remains, opt.TempDir)
	if err != nil {
		return err
	}
	i.close = a.Close
	return i.addDocker(a, "")
}

// spool copies a file to a temporary one, and closes it. The copy remains as in disk.TempFile.
func spool(ctx context.Context, file *os.File, tempDir string) (temp *os.File, remains bool, err error) {
	temp, remains, err = copyToTemp(ctx, file, tempDir)
	return temp, remains, errors.Join(err, file.Close())
}

func copyToTemp(ctx context.Context, from io.Reader, tempDir string) (temp *os.File, remains bool, err error) {
	if temp, remains, err = disk.TempFile(tempDir, tempPattern); err != nil {
		return nil, false, err
	}
	_, copyErr := io.Copy(temp, contextReader{ctx, from})
	_, seekErr := temp.Seek(0, io.SeekStart)
	if err := errors.Join(copyErr, seekErr); err != nil {
		err = errors.Join(err, temp.Close())
		if remains {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
		return nil, false, err
	}
	return temp, remains, nil
}

func (i *Image) openRegistry(ctx context.Context, opt Options) error {
	ref, err := name.ParseReference(i.Source.Name, opt.Name...)
	if err != nil {
		return err
	}
	return i.Source.explainName(i.openReference(ctx, ref, opt.Remote))
}

// explainName returns an error that says where an image without a host was looked for: its name may have been meant as a path.
func (s Source) explainName(err error) error {
	first, _, below := strings.Cut(s.Name, "/")
	if err == nil || below && (first == "localhost" || strings.ContainsAny(first, ".:")) {
		return err
	}
	here := ""
	if _, missing := os.Lstat(s.Name); missing != nil {
		here = "there is no file or directory of this name here, and "
	}
	return fmt.Errorf("%w\n%sits name has no registry, so Docker Hub was asked for the image", err, here)
}

func (i *Image) openReference(ctx context.Context, ref name.Reference, options []remote.Option) error {
	i.Reference, i.Name, i.remote = ref, ref.String(), append(options[:len(options):len(options)], remote.WithContext(ctx))
	found, err := remote.Get(ref, i.remote...)
	if err != nil {
		return notFound(ref, err)
	}
	i.Digest = found.Digest.String()
	if !found.MediaType.IsIndex() {
		img, err := found.Image()
		if err != nil {
			return err
		}
		return i.add(img, found.Descriptor)
	}
	index, err := found.ImageIndex()
	if err != nil {
		return err
	}
	return i.addIndex(index)
}

// notFound returns an error that says that an image is not there. It wraps the original error, so that its status can
// be read.
func notFound(ref name.Reference, err error) error {
	var te *transport.Error
	if !errors.As(err, &te) || te.StatusCode != http.StatusNotFound {
		return err
	}
	what := "digest " + ref.Identifier()
	if tag, ok := ref.(name.Tag); ok {
		what = fmt.Sprintf("tag %q", tag.TagStr())
	}
	return notFoundError{te, "the registry has no image of " + what + " there, or does not show it to you"}
}

type notFoundError struct {
	error
	text string
}

func (e notFoundError) Error() string { return e.text }
func (e notFoundError) Unwrap() error { return e.error }

func (i *Image) openLayout(s store) error {
	d, flat, err := s.choose(i.Source.Name)
	if err != nil {
		return err
	}
	i.Name, i.Digest = nameOf(d), d.Digest.String()
	switch {
	case flat != nil:
		digest, err := flat.Digest()
		if err != nil {
			return err
		}
		i.Digest = digest.String()
		return i.addIndex(flat)
	case d.MediaType.IsIndex():
		index, err := s.index(d)
		if err != nil {
			return err
		}
		return i.addIndex(index)
	case d.MediaType.IsImage():
		img, err := s.image(d)
		if err != nil {
			return err
		}
		d.Platform, d.Annotations = nil, nil // they are those of the layout, not of the image
		return i.add(img, d)
	}
	return fmt.Errorf("%s is of media type %q, which is no image", d.Digest, d.MediaType)
}
