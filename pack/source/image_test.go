package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
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
	attestation, err := mutate.Append(empty.Image, mutate.Addendum{Layer: statement, Annotations: map[string]string{predicateType: "https://slsa.dev/provenance/v1"}})
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

// An image reads the same from each kind of source, including its layers.
func TestOpen(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	single, both := madeImage(t, "amd64"), madeIndex(t)
	for tag, image := range map[string]remote.Taggable{"single": single, "both": both} {
		ref, err := name.ParseReference(host + "/x:" + tag)
		check(t, err)
		check(t, remote.Push(ref, image))
	}
	dir, temp := layoutOf(t, single, both), t.TempDir()
	archive := tarOf(t, dir, filepath.Join(temp, "oci.tar"))
	docker := filepath.Join(temp, "docker.tar")
	tag, err := name.NewTag("index.docker.io/library/x:1")
	check(t, err)
	check(t, tarball.WriteToFile(docker, tag, single))
	saved := Options{Save: func(_ context.Context, image string) (io.ReadCloser, error) {
		if image != "x:1" {
			return nil, fmt.Errorf("there is no %s", image)
		}
		return os.Open(docker)
	}}
	digest, err := single.Digest()
	check(t, err)
	id, err := single.ConfigName()
	check(t, err)
	one := fmt.Sprintf(`%s [linux/amd64 "" %s %s ["/job"]]`, digest, digest, id)
	unnamed := fmt.Sprintf(` [linux/amd64 "" %s %s ["/job"]]`, "", id)
	for text, want := range map[string]string{
		host + "/x:single":                             fmt.Sprintf("%q ", host+"/x:single") + one,
		"docker://" + host + "/x@" + digest.String():   fmt.Sprintf("%q ", host+"/x@"+digest.String()) + one,
		"oci:" + dir + ":v0":                           `"v0" ` + one,
		"oci:" + dir + "@" + digest.String():           `"v0" ` + one,
		"oci-archive:" + archive + ":v0":               `"v0" ` + one,
		"oci-archive:" + gzipOf(t, archive) + ":v0":    `"v0" ` + one,
		"docker-archive:" + docker:                     `"index.docker.io/library/x:1" ` + unnamed,
		"docker-archive:" + docker + ":docker.io/x:1":  `"docker.io/x:1" ` + unnamed,
		"docker-archive:" + gzipOf(t, docker) + ":x:1": `"x:1" ` + unnamed,
		"docker-daemon:x:1":                            `"index.docker.io/library/x:1" ` + unnamed,
	} {
		i, err := open(t, text, saved)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := describe(i); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
		if err := validate.Image(i.Platforms[0].Image); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		checkLayoutDir(t, i)
	}
	for _, text := range []string{host + "/x:both", "oci:" + dir + ":v1", "oci-archive:" + archive + ":v1"} {
		i, err := open(t, text, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if len(i.Platforms) != 2 || i.Platforms[1].Name != "linux/arm64" || i.Platforms[1].Declared != "linux/arm64" || i.Index == nil {
			t.Errorf("%s: %s", text, describe(i))
		}
		for _, p := range i.Platforms {
			if err := validate.Image(p.Image); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
		found, err := i.Attestations()
		if err != nil || len(found) != 1 || found[0].Type != "https://slsa.dev/provenance/v1" || found[0].Subject != i.Platforms[0].Digest {
			t.Errorf("%s: attestations are %+v, %v", text, found, err)
		}
		checkLayoutDir(t, i)
	}
}

// The stream of an engine is stored in a temporary file. A compressed one is expanded to another. Both are removed.
func TestSavedCompressed(t *testing.T) {
	t.Parallel()
	file := gzipOf(t, dockerOf(t, madeImage(t, "amd64")))
	save := func(context.Context, string) (io.ReadCloser, error) { return os.Open(file) }
	if _, err := open(t, "docker-daemon:x:1", Options{Save: save}); err != nil {
		t.Error(err)
	}
	temp := t.TempDir()
	broken := func(context.Context, string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("no archive")), nil
	}
	if _, err := Open(t.Context(), Source{Kind: DockerDaemon, Name: "x"}, Options{Save: broken, TempDir: temp}); err == nil {
		t.Error("a broken stream is an image")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
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

// A broken or hostile source is an error that says why. No file outside of it is read or written.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	check(t, os.WriteFile(plain, []byte("no archive"), 0o644))
	cut := tarOf(t, layoutOf(t, madeImage(t, "amd64")), filepath.Join(t.TempDir(), "x.tar"))
	content, err := os.ReadFile(cut)
	check(t, err)
	check(t, os.WriteFile(cut, content[:3000], 0o644))
	dir := layoutOf(t, madeImage(t, "amd64"), madeImage(t, "amd64"))
	config := `{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}`
	manifest := func(config string, layers ...string) string {
		text, err := json.Marshal([]dockerEntry{{Config: config, RepoTags: []string{"x:1"}, Layers: layers}})
		check(t, err)
		return string(text)
	}
	for text, want := range map[string]string{
		"oci:" + t.TempDir():     "no such file or directory\nit is no OCI layout",
		"oci-archive:" + plain:   "read the archive: unexpected EOF",
		"oci-archive:" + cut:     "the archive",
		"oci:" + dir:             `2 images there fit, exactly one must; there are: "v0", "v1"`,
		"oci:" + dir + ":v2":     `0 images there fit, exactly one must; there are: "v0", "v1"`,
		"oci:" + brokenLayout(t): "has another digest",
		"oci:" + layoutOf(t, madeImage(t, "amd64\x1b[31m")): `is for "linux/amd64\x1b[31m", which is no platform`,
		"oci:" + largeLayout(t):                             "bytes, more than 16777216",
		"oci:" + plain:                                      "it is a file: write oci-archive:" + plain + " or docker-archive:" + plain,
		"oci-archive:" + dir:                                "it is a directory: write oci:" + dir,
		"docker-archive:" + tarOf(t, dir, filepath.Join(t.TempDir(), "y.tar")): "it is another kind of archive: write oci-archive:",
		"oci-archive:" + dockerOf(t, madeImage(t, "amd64")):                    "it is another kind of archive: write docker-archive:",
		"docker-daemon:x":                                                                                                 "there is no Docker Engine to read it from",
		"docker-archive:" + tarFile(t):                                                                                    "it is no tar archive, or an empty one",
		"docker-archive:" + tarFile(t, file("x", "")):                                                                     "it is no Docker archive",
		"docker-archive:" + tarFile(t, file("manifest.json", "[]")):                                                       "0 images there fit, exactly one must; there are: none",
		"docker-archive:" + tarFile(t, file("manifest.json", "{")):                                                        "read manifest.json: unexpected end of JSON input",
		"docker-archive:" + tarFile(t, file("manifest.json", manifest("../../../../etc/passwd"))):                         "file does not exist",
		"docker-archive:" + tarFile(t, file("manifest.json", manifest("c")), link("c", "/etc/passwd")):                    "file does not exist",
		"docker-archive:" + tarFile(t, file("manifest.json", manifest("c")), link("c", "c")):                              `"c" in the archive is a link to a link, and so on`,
		"docker-archive:" + tarFile(t, file("manifest.json", manifest("c", "l")), file("c", config)):                      "the archive lists 1 layers, the image's configuration 0",
		"docker-archive:" + tarFile(t, file("manifest.json", manifest("c")), file("c", config)) + ":y":                    `0 images there fit, exactly one must; there are: "x:1"`,
		"docker-archive:" + tarFile(t, file("manifest.json", manifest("c")), file("c", strings.Repeat(" ", maxConfig+1))): "more than 16777216",
	} {
		i, err := open(t, text, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v\nwant %s", text, i, err, want)
		} else if !strings.HasPrefix(err.Error(), "read "+text[:strings.Index(text, ":")]) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// brokenLayout has a configuration whose content has another digest than its name says.
func brokenLayout(t *testing.T) string {
	t.Helper()
	img := madeImage(t, "amd64")
	dir := layoutOf(t, img)
	id, err := img.ConfigName()
	check(t, err)
	path := filepath.Join(dir, "blobs", "sha256", id.Hex)
	content, err := os.ReadFile(path)
	check(t, err)
	check(t, os.WriteFile(path, bytes.Replace(content, []byte("/job"), []byte("/bad"), 1), 0o644))
	return dir
}

func largeLayout(t *testing.T) string {
	t.Helper()
	img := madeImage(t, "amd64")
	config, err := img.ConfigFile()
	check(t, err)
	config.Config.Labels = map[string]string{"large": strings.Repeat("x", maxConfig)}
	img, err = mutate.ConfigFile(img, config)
	check(t, err)
	return layoutOf(t, img)
}

// A reader of a layer with other content gets an error at the end.
func TestLayerDigest(t *testing.T) {
	t.Parallel()
	img := madeImage(t, "amd64")
	dir := layoutOf(t, img)
	layers, err := img.Layers()
	check(t, err)
	digest, err := layers[1].Digest()
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "blobs", "sha256", digest.Hex), []byte("other"), 0o644))
	i, err := open(t, "oci-archive:"+tarOf(t, dir, filepath.Join(t.TempDir(), "x.tar")), Options{})
	check(t, err)
	temp := t.TempDir()
	if _, err := i.LayoutDir(t.Context(), temp, true); err == nil || !strings.Contains(err.Error(), "another digest") {
		t.Errorf("copied: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	i, err = open(t, "docker-archive:"+dockerOf(t, img), Options{})
	check(t, err)
	if _, err := i.LayoutDir(ended, temp, true); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func dockerOf(t *testing.T, img v1.Image) string {
	t.Helper()
	tag, err := name.NewTag("x:1")
	check(t, err)
	file := filepath.Join(t.TempDir(), "docker.tar")
	check(t, tarball.WriteToFile(file, tag, img))
	return file
}

// Reading stops early for a small file that expands to a very large one.
func TestBounded(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := copyBounded(&b, strings.NewReader("12345"), 5); err != nil || b.Len() != 5 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
	if err := copyBounded(&b, strings.NewReader(strings.Repeat("x", 1000)), 5); err == nil || b.Len() > 11 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
}

// Reading an archive always ends. The image can be copied, or copying is an error.
func FuzzArchive(f *testing.F) {
	img, err := random.Image(50, 1)
	if err != nil {
		f.Fatal(err)
	}
	tag, err := name.NewTag("x:1")
	if err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), "x.tar")
	if err := tarball.WriteToFile(file, tag, img); err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content, true)
	f.Add(content[:1024], false)
	f.Fuzz(func(t *testing.T, content []byte, docker bool) {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.tar")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		kind := LayoutArchive
		if docker {
			kind = DockerArchive
		}
		i, err := Open(t.Context(), Source{Kind: kind, Path: path}, Options{TempDir: dir})
		if err != nil {
			return
		}
		if l, err := i.LayoutDir(t.Context(), dir, false); err == nil {
			if err := l.Remove(); err != nil {
				t.Error(err)
			}
		}
		if err := i.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
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
