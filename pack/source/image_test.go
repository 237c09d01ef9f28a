package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// madeImage returns an image of two layers for one platform.
func madeImage(t *testing.T, arch string) v1.Image {
	t.Helper()
	img, err := random.Image(2000, 2)
	check(t, err)
	config, err := img.ConfigFile()
	check(t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Entrypoint = "linux", arch, []string{"/job"}
	img, err = mutate.ConfigFile(img, config)
	check(t, err)
	return img
}

// madeIndex returns an index over two platforms, with an attestation for the first.
func madeIndex(t *testing.T) v1.ImageIndex {
	t.Helper()
	first, second := madeImage(t, "amd64"), madeImage(t, "arm64")
	subject, err := first.Digest()
	check(t, err)
	statement, err := random.Layer(100, "application/vnd.in-toto+json")
	check(t, err)
	attestation, err := mutate.Append(empty.Image, mutate.Addendum{Layer: statement, Annotations: map[string]string{PredicateType: "https://slsa.dev/provenance/v1"}})
	check(t, err)
	platform := func(os, arch string) *v1.Platform { return &v1.Platform{OS: os, Architecture: arch} }
	return mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: first, Descriptor: v1.Descriptor{Platform: platform("linux", "amd64")}},
		mutate.IndexAddendum{Add: second, Descriptor: v1.Descriptor{Platform: platform("linux", "arm64")}},
		mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{Platform: platform("unknown", "unknown"),
			Annotations: map[string]string{attestationOf: subject.String(), "vnd.docker.reference.type": "attestation-manifest"}}})
}

// tarOf packs a directory into an archive.
func tarOf(t *testing.T, dir, file string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	check(t, w.AddFS(os.DirFS(dir)))
	check(t, w.Close())
	check(t, os.WriteFile(file, b.Bytes(), 0o644))
	return file
}

func gzipOf(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	check(t, err)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(content)
	check(t, errors.Join(err, w.Close()))
	check(t, os.WriteFile(file+".gz", b.Bytes(), 0o644))
	return file + ".gz"
}

func layoutOf(t *testing.T, add ...any) string {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	check(t, err)
	for i, a := range add {
		named := layout.WithAnnotations(map[string]string{refNameKey: fmt.Sprintf("v%d", i)})
		if index, ok := a.(v1.ImageIndex); ok {
			err = path.AppendIndex(index, named)
		} else {
			err = path.AppendImage(a.(v1.Image), named)
		}
		check(t, err)
	}
	return dir
}

func open(t *testing.T, text string, opt Options) (*Image, error) {
	t.Helper()
	s, err := Parse(text)
	check(t, err)
	opt.TempDir = t.TempDir()
	i, err := Open(t.Context(), s, opt)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(opt.TempDir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	return i, nil
}

// describe returns the facts about an image as text.
func describe(i *Image) string {
	s := fmt.Sprintf("%q %s", i.Name, i.Digest)
	for _, p := range i.Platforms {
		s += fmt.Sprintf(" [%s %q %s %s %q]", p.Name, p.Declared, p.Digest, p.ImageID, p.Config.Config.Entrypoint)
	}
	return s
}

// checkLayoutDir reads the copy as a layout, compressed and not.
func checkLayoutDir(t *testing.T, i *Image) {
	t.Helper()
	for _, compress := range []bool{true, false} {
		var how []validate.Option
		if !compress {
			how = append(how, validate.Fast) // it expects that all layers are compressed
		}
		dir, err := i.LayoutDir(t.Context(), t.TempDir(), compress)
		if err != nil {
			t.Error(err)
			continue
		}
		path, err := filepath.EvalSymlinks(dir.Path + "/blobs")
		check(t, err)
		root, err := os.OpenRoot(filepath.Dir(path))
		check(t, err)
		for n, digest := range dir.Digests {
			hash, err := v1.NewHash(digest)
			check(t, err)
			img, err := store{directory{root}}.image(v1.Descriptor{Digest: hash, MediaType: mediaType(t, dir.Image.Platforms[n].Image)})
			if err == nil {
				err = validate.Image(img, how...)
			}
			if err == nil {
				err = validate.Image(dir.Image.Platforms[n].Image, how...)
			}
			if err != nil || dir.Image.Platforms[n].Digest != digest || dir.Image.Platforms[n].ImageID != i.Platforms[n].ImageID {
				t.Errorf("%s, copied to %s: %v", i.Source, describe(dir.Image), err)
			}
		}
		check(t, root.Close())
		if err := dir.Remove(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir.Path); err == nil {
			t.Error("the directory is still there")
		}
	}
}

func mediaType(t *testing.T, img v1.Image) types.MediaType {
	t.Helper()
	m, err := img.MediaType()
	check(t, err)
	return m
}

// tarFile writes entries to an archive as they are.
func tarFile(t *testing.T, entries ...*tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		content := h.Linkname
		if h.Typeflag == tar.TypeReg {
			h.Linkname, h.Size = "", int64(len(content))
		}
		check(t, w.WriteHeader(h))
		if h.Typeflag == tar.TypeReg {
			_, err := io.WriteString(w, content)
			check(t, err)
		}
	}
	check(t, w.Close())
	file := filepath.Join(t.TempDir(), "x.tar")
	check(t, os.WriteFile(file, b.Bytes(), 0o644))
	return file
}

// file returns an entry for tarFile. Linkname holds its content.
func file(name, content string) *tar.Header {
	return &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Linkname: content}
}

func link(name, to string) *tar.Header {
	return &tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}
}

func dockerOf(t *testing.T, img v1.Image) string {
	t.Helper()
	tag, err := name.NewTag("x:1")
	check(t, err)
	file := filepath.Join(t.TempDir(), "docker.tar")
	check(t, tarball.WriteToFile(file, tag, img))
	return file
}

// A name without a host is said to be looked for on Docker Hub, since it may have been meant as a path.
func TestExplainName(t *testing.T) {
	t.Parallel()
	failed := errors.New("no such host")
	for name, want := range map[string]string{
		"nope":               "no such host\nthere is no file or directory of this name here, and its name has no registry, so Docker Hub was asked for the image",
		"jobs/nope:1":        "no such host\nthere is no file or directory of this name here, and its name has no registry, so Docker Hub was asked for the image",
		"image_test.go":      "no such host\nits name has no registry, so Docker Hub was asked for the image",
		"localhost/nope":     "no such host",
		"r.example.com/nope": "no such host",
		"r:5000/nope:1":      "no such host",
	} {
		err := Source{Kind: Registry, Name: name}.explainName(failed)
		if err.Error() != want || !errors.Is(err, failed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
