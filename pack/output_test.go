package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/seedpack/seedpack/disk"
)

func TestParseOutput(t *testing.T) {
	t.Parallel()
	none := map[string]string{}
	for spec, want := range map[string]Output{
		`type=oci,"dest=a,b.tar"`:                   {Type: "oci", Dest: "a,b.tar", Attrs: none},
		"type=docker,dest=-":                        {Type: "docker", Dest: "-", Attrs: none},
		"type=oci,dest=d,tar=false":                 {Type: "oci", Dest: "d", Dir: true, Attrs: none},
		"type=oci,dest=f,tar=true,compression=zstd": {Type: "oci", Dest: "f", Attrs: map[string]string{"compression": "zstd"}},
		"type=local,dest=d":                         {Type: "local", Dest: "d", Dir: true, Attrs: none},
		"out":                                       {Type: "local", Dest: "out", Dir: true, Attrs: none},
		"-":                                         {Type: "tar", Dest: "-", Attrs: none},
		"type=tar,dest=f":                           {Type: "tar", Dest: "f", Attrs: none},
		"type=oci,dest=f,annotation-index.a=b":      {Type: "oci", Dest: "f", Attrs: map[string]string{"annotation-index.a": "b"}},
		"type=oci,dest=f,Compression=gzip,TAR=False": {Type: "oci", Dest: "f", Dir: true, Attrs: map[string]string{"compression": "gzip"}},
	} {
		if o, err := ParseOutput(spec); err != nil || !reflect.DeepEqual(o, want) {
			t.Errorf("%q gives %+v, %v", spec, o, err)
		}
	}
	for spec, want := range map[string]string{
		"":                               "EOF",
		"dest=x":                         `type "" must be`,
		"type=oci":                       "has no dest",
		"type=docker":                    "or --load",
		"type=image,name=x":              "name is not for you",
		"type=registry":                  "--push publishes",
		"type=oci,dest=x,push=true":      `"push" is unknown`,
		"type=oci,dest=x,tar=maybe":      "must be true or false",
		"type=tar,dest=x,tar=false":      "type=local",
		"type=local,dest=-":              "cannot go to standard output",
		"type=oci,dest=x,source-date=1":  "is unknown",
		"type=oci,dest":                  `"dest" must be NAME=VALUE`,
		`type="oci`:                      "quote",
		"type=oci,dest=-,tar=false":      "cannot go to standard output",
		"type=oci,rewrite-timestamp=f":   "is unknown",
		"type=oci,dest=x,name=other:1.0": "name is not for you",
	} {
		if o, err := ParseOutput(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %+v, %v; not %q", spec, o, err, want)
		}
	}
}

func TestCheckOutputs(t *testing.T) {
	t.Parallel()
	docker, oci := Output{Type: "docker", Dest: "d"}, Output{Type: "oci", Dest: "./d"}
	for want, outputs := range map[string][]Output{
		"one platform, not 2":   {docker},
		"two outputs cannot go": {oci, {Type: "tar", Dest: "d"}},
	} {
		if err := CheckOutputs(outputs, 2, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, not %q", outputs, err, want)
		}
	}
	if err := CheckOutputs([]Output{docker}, 1, true); err == nil || !strings.Contains(err.Error(), "cannot hold attestations") {
		t.Errorf("attestations: %v", err)
	}
	load := Output{Type: "docker", Load: func(context.Context, io.Reader) error { return nil }}
	if err := CheckOutputs([]Output{oci, load}, 1, false); err != nil {
		t.Error(err)
	}
	if err := CheckOutputs([]Output{oci}, 2, true); err != nil {
		t.Error(err)
	}
}

// An output that can have no temporary file in its place has one in a directory that the next process removes if this one is
// killed.
func TestOutputOfAKilledProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems do not tell what a killed process has left")
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, o := range []Output{{Type: "oci", Dest: "-"}, {Type: "oci", Dest: os.DevNull}, {Type: "docker", Load: func(context.Context, io.Reader) error { return nil }}} {
		killed := filepath.Join(temp, "seedpack-output-1")
		if err := os.MkdirAll(killed, 0o700); err != nil {
			t.Fatal(err)
		}
		p, err := newPending(o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := os.ReadDir(temp); err != nil || len(all) != 1 || all[0].Name() == filepath.Base(killed) {
			t.Errorf("%+v: there are %v, %v", o, all, err)
		}
		if err := errors.Join(p.discard(), p.discard()); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%+v: left behind: %v, %v", o, left, err)
		}
	}
}

// kept writes text as the engine would, and then keeps the output.
func kept(t *testing.T, o Output, text string) error {
	t.Helper()
	p, err := newPending(o, nil)
	if err != nil {
		return err
	}
	f, err := p.create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	w := Written{p}
	err = w.Keep(t.Context())
	if discardErr := w.Discard(); discardErr != nil {
		t.Error(discardErr)
	}
	return err
}

// files returns the names and contents of the files below a directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, relErr := filepath.Rel(dir, path)
		if relErr != nil {
			return relErr
		}
		found[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOutputFiles(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	var stdout bytes.Buffer
	if err := os.WriteFile(filepath.Join(d, "old"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("old", filepath.Join(d, "link")); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Output{{Dest: filepath.Join(d, "new")}, {Dest: filepath.Join(d, "link")}, {Dest: "-", Stdout: &stdout}, {Dest: os.DevNull}} {
		if err := kept(t, o, "image"); err != nil {
			t.Errorf("%s: %v", o.Dest, err)
		}
	}
	if got, want := files(t, d), map[string]string{"new": "image", "old": "image", "link": "image"}; !maps.Equal(got, want) {
		t.Errorf("files are %v, not %v", got, want)
	}
	if info, err := os.Lstat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("the null device is %v, %v", info, err)
	}
	if stdout.String() != "image" {
		t.Errorf("standard output is %q", stdout.String())
	}
	for _, o := range []Output{{Dest: d}, {Dest: filepath.Join(d, "nowhere", "file")}, {Dest: filepath.Join(d, "new"), Dir: true}} {
		if err := kept(t, o, "image"); err == nil {
			t.Errorf("%s is written", o.Dest)
		}
	}
	var loaded string
	err := kept(t, Output{Load: func(_ context.Context, r io.Reader) error {
		text, err := io.ReadAll(r)
		loaded = string(text)
		return err
	}}, "image")
	if err != nil || loaded != "image" {
		t.Errorf("loaded %q, %v", loaded, err)
	}
}

// A directory keeps what it has. Nothing is written through its links, and nothing that is discarded.
func TestOutputDirectory(t *testing.T) {
	t.Parallel()
	d, elsewhere := t.TempDir(), t.TempDir()
	write := func(p *pending, name string) {
		t.Helper()
		path := filepath.Join(p.stage.Path(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		files []string
		keep  bool
		want  []string
	}{
		{[]string{"a", "b/c"}, false, nil},
		{[]string{"a", "b/c"}, true, []string{"a", "b/c"}},
		{[]string{"b/d", "e"}, false, []string{"a", "b/c"}},
		{[]string{"b/d", "e"}, true, []string{"a", "b/c", "b/d", "e"}},
	} {
		p, err := newPending(Output{Type: "local", Dest: filepath.Join(d, "sub", "out"), Dir: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range step.files {
			write(p, name)
		}
		if step.keep {
			if err := (Written{p}).Keep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := (Written{p}).Discard(); err != nil {
			t.Error(err)
		}
		var got []string
		if _, err := os.Stat(filepath.Join(d, "sub", "out")); err == nil {
			got = slices.Sorted(maps.Keys(files(t, filepath.Join(d, "sub", "out"))))
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%+v: there are %q", step, got)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(d, "sub", "out", "link")); err != nil {
		t.Fatal(err)
	}
	p, err := newPending(Output{Type: "local", Dest: filepath.Join(d, "sub", "out"), Dir: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(p, "link/x")
	if err := (Written{p}).Keep(t.Context()); err == nil {
		t.Error("written through a link")
	}
	if left := files(t, elsewhere); len(left) > 0 {
		t.Errorf("outside of the directory there is %v", left)
	}
}

// A layout keeps the images that it has.
func TestOutputLayout(t *testing.T) {
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "layout")
	for n, name := range []string{"docker.io/library/one:1", "docker.io/library/two:2", "docker.io/library/one:1"} {
		digest := strings.Repeat(string(rune('a'+n)), 64)
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		for file, text := range map[string]string{
			"oci-layout":             `{"imageLayoutVersion":"1.0.0"}`,
			"blobs/sha256/" + digest: "{}",
			"index.json": `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":"sha256:` +
				digest + `","annotations":{"io.containerd.image.name":"` + name + `"}}]}`,
		} {
			if err := w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := kept(t, Output{Type: "oci", Dest: dest, Dir: true}, archive.String()); err != nil {
			t.Fatal(err)
		}
	}
	index, err := layout.ImageIndexFromPath(dest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for _, m := range manifest.Manifests {
		named[m.Annotations["io.containerd.image.name"]] = m.Digest.Hex[:1]
	}
	if want := map[string]string{"docker.io/library/one:1": "c", "docker.io/library/two:2": "b"}; !maps.Equal(named, want) {
		t.Errorf("images are %v, not %v", named, want)
	}
	if got := len(files(t, dest)); got != 5 {
		t.Errorf("%d files: %v", got, files(t, dest))
	}
}

// Below a root, nothing is written through a link, wherever it is on the way, and whenever it appears.
func TestOutputLinks(t *testing.T) {
	t.Parallel()
	outputs := map[string]Output{
		"file":   {Type: "oci"},
		"local":  {Type: "local", Dir: true},
		"layout": {Type: "oci", Dir: true},
	}
	for kind, o := range outputs {
		for _, link := range []string{"p", "p/dest", "p/dest/sub", "p/dest/blobs"} {
			for _, late := range []bool{false, true} {
				top := t.TempDir()
				root, outside := filepath.Join(top, "root"), filepath.Join(top, "outside")
				if err := errors.Join(os.MkdirAll(filepath.Join(root, filepath.Dir(link)), 0o755), os.MkdirAll(filepath.Join(root, "p"), 0o755),
					os.MkdirAll(outside, 0o755)); err != nil {
					t.Fatal(err)
				}
				plant := func() {
					at := filepath.Join(root, link)
					if err := errors.Join(os.RemoveAll(at), os.Symlink(outside, at)); err != nil {
						t.Logf("%s: %v", link, err)
					}
				}
				if !late {
					plant()
				}
				o.Dest = filepath.Join(root, "p", "dest")
				p, err := newPending(o, disk.Roots{root})
				if err == nil {
					if late {
						plant()
					}
					if o.Dir && o.Type == "local" {
						_ = os.MkdirAll(filepath.Join(p.stage.Path(), "sub", "blobs"), 0o755)
						_ = os.WriteFile(filepath.Join(p.stage.Path(), "sub", "f"), nil, 0o644)
					} else if f, err := p.create(); err == nil {
						if _, err := f.Write(tarOf(t, map[string]string{"blobs/sha256/x": "x", "index.json": "{}", "oci-layout": "{}"})); err != nil {
							t.Fatal(err)
						}
						_ = f.Close()
					}
					_ = (Written{p}).Keep(t.Context())
					_ = (Written{p}).Discard()
				}
				if got := files(t, outside); len(got) > 0 {
					t.Errorf("%s with a link at %s (late: %v) writes %q outside", kind, link, late, got)
				}
			}
		}
	}
}

func tarOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
