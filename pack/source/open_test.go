package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

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

// Nothing is left of what an image is read from if the process is killed: temporary files have no names, and the next process
// removes directories.
func TestNothingIsLeftOfAKilledProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other systems keep the names of open files")
	}
	plain := dockerOf(t, madeImage(t, "amd64"))
	for name, file := range map[string]string{"plain": plain, "compressed": gzipOf(t, plain)} {
		temp := t.TempDir()
		save := func(context.Context, string) (io.ReadCloser, error) { return os.Open(file) }
		i, err := Open(t.Context(), Source{Kind: DockerDaemon, Name: "x:1"}, Options{Save: save, TempDir: temp})
		check(t, err)
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%s: a killed process would leave %v, %v", name, left, err)
		}
		killed := filepath.Join(temp, "seedpack-layout-1")
		check(t, os.Mkdir(killed, 0o700))
		dir, err := i.LayoutDir(t.Context(), temp, true)
		check(t, err)
		if _, err := os.Stat(killed); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the layout of a killed process is still there: %v", name, err)
		}
		check(t, errors.Join(dir.Remove(), i.Close()))
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", name, left, err)
		}
	}
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
		"docker-archive:" + tarFile(t, file("manifest.json", manifest("c", "l")), file("c", config)):                      "the number of layers is 1 in the archive's list, and 0 in the image's configuration",
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

// The expansion of a compressed archive ends with the context, and leaves no file behind.
func TestExpandInterrupted(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path, temp := filepath.Join(t.TempDir(), "image.tar.gz"), t.TempDir()
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, Source{Kind: DockerArchive, Path: path}, Options{TempDir: temp})
	if left, _ := os.ReadDir(temp); !errors.Is(err, context.Canceled) || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}
