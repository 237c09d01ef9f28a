package source

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layered makes an image. A layer is a list of entries, "PATH=CONTENT", with a mode behind a blank: "PATH=CONTENT 755".
// "PATH/" is a directory, "PATH->TARGET" a link, and "PATH=>TARGET" a hard link.
func layered(t *testing.T, layers ...[]string) Platform {
	t.Helper()
	img := empty.Image
	for _, entries := range layers {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, e := range entries {
			h, content := header(t, e)
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, content); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if img, err = mutate.AppendLayers(img, static.NewLayer(b.Bytes(), types.OCIUncompressedLayer)); err != nil {
			t.Fatal(err)
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return Platform{Image: img, Config: config}
}

func header(t *testing.T, entry string) (*tar.Header, string) {
	t.Helper()
	entry, mode, hasMode := strings.Cut(entry, " ")
	h := &tar.Header{Mode: 0o644}
	content := ""
	switch {
	case strings.Contains(entry, "->"):
		h.Typeflag = tar.TypeSymlink
		h.Name, h.Linkname, _ = strings.Cut(entry, "->")
	case strings.Contains(entry, "=>"):
		h.Typeflag = tar.TypeLink
		h.Name, h.Linkname, _ = strings.Cut(entry, "=>")
	case strings.HasSuffix(entry, "/"):
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, entry, 0o755
	default:
		h.Typeflag = tar.TypeReg
		h.Name, content, _ = strings.Cut(entry, "=")
		h.Size = int64(len(content))
	}
	if hasMode {
		if _, err := fmt.Sscanf(mode, "%o", &h.Mode); err != nil {
			t.Fatal(err)
		}
	}
	return h, content
}

func TestDifferentFiles(t *testing.T) {
	base := []string{"etc/", "etc/passwd=root", "usr/", "usr/lib/", "usr/lib/a=1"}
	for _, test := range []struct {
		name     string
		old, new [][]string
		want     string
	}{
		{"same", [][]string{base}, [][]string{base}, ""},
		{"content, mode, kind and owner", [][]string{{"a=1", "b=1", "c=1", "d=1"}}, [][]string{{"a=2", "b=1 755", "c->a", "d/"}}, "changed /a /b /c /d"},
		{"added and removed", [][]string{{"a=1", "dir/", "dir/x=1"}}, [][]string{{"b=1"}}, "added /b; removed /a /dir /dir/x"},
		{"order of files", [][]string{{"a=1", "b=1"}}, [][]string{{"b=1", "a=1"}}, ""},
		{"one layer or two", [][]string{{"a=1", "b=2"}}, [][]string{{"a=0"}, {"b=2", "a=1"}}, ""},
		{"order of layers", [][]string{base, {"a=1"}, {"b=1"}}, [][]string{base, {"b=1"}, {"a=1"}}, ""},
		{"a hard link is its file", [][]string{{"a=1", "b=1"}}, [][]string{{"a=1", "b=>a"}}, ""},
		{"a hard link that is another file", [][]string{{"a=1", "b=2"}}, [][]string{{"a=1", "b=>a"}}, "changed /b"},
		{"removed by a whiteout", [][]string{{"a=1", "d/", "d/x=1", "e=1"}, {".wh.a=", ".wh.d="}}, [][]string{{"e=1"}}, ""},
		{"removed and made again", [][]string{{"d/", "d/x=1"}, {"d/", "d/.wh..wh..opq=", "d/y=1"}}, [][]string{{"d/", "d/y=1"}}, ""},
		{"a whiteout counts for layers below", [][]string{{"a=1"}, {"a=2", ".wh.a="}}, [][]string{{"a=2"}}, ""},
		{"a directory becomes a file", [][]string{{"d/", "d/x=1"}, {"d=1"}}, [][]string{{"d=1"}}, ""},
		{"a link leads elsewhere", [][]string{{"l->a"}}, [][]string{{"l->b"}}, "changed /l"},
		{"no entry for a directory", [][]string{{"d/x=1"}}, [][]string{{"d/", "d/x=1"}}, ""},
		{"a slash or a dot before names", [][]string{{"./d/", "./d/x=1"}}, [][]string{{"/d/", "/d/x=1"}}, ""},

		// On a layer that both have.
		{"added on a base", [][]string{base}, [][]string{base, {"usr/", "usr/lib/", "usr/lib/b=1"}}, "added /usr/lib/b"},
		{"changed on a base", [][]string{base, {"a=1"}}, [][]string{base, {"a=2"}}, "changed /a"},
		{"removed on a base", [][]string{base}, [][]string{base, {"etc/", "etc/.wh.passwd="}}, "removed /etc/passwd"},
		{"removed no more", [][]string{base, {"etc/.wh.passwd="}}, [][]string{base, {"a=1"}}, "added /a /etc/passwd"},
		{"removed in both", [][]string{base, {"etc/.wh.passwd="}}, [][]string{base, {"x=1", ".wh.x="}, {"etc/.wh.passwd="}}, "added /x"},
		{"removed and made again on a base", [][]string{base, {".wh.etc="}, {"etc/", "etc/x=1"}}, [][]string{base, {"etc/", "etc/x=1"}}, "changed /etc"},
		{"directories that repeat those below", [][]string{base, {"usr/", "usr/lib/", "usr/lib/b=1"}}, [][]string{base, {"usr/lib/b=1"}}, ""},
		{"an empty directory", [][]string{base}, [][]string{base, {"data/"}}, "added /data"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := DifferentFiles(layered(t, test.old...), layered(t, test.new...))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, part := range []struct {
				what  string
				paths []string
			}{{"added", d.Added}, {"changed", d.Changed}, {"removed", d.Removed}} {
				if len(part.paths) > 0 {
					got = append(got, part.what+" "+strings.Join(part.paths, " "))
				}
			}
			if strings.Join(got, "; ") != test.want {
				t.Errorf("%q, want %q", strings.Join(got, "; "), test.want)
			}
		})
	}
}

// A lockedLayer cannot be read.
type lockedLayer struct {
	v1.Layer
	t *testing.T
}

func (l lockedLayer) Uncompressed() (io.ReadCloser, error) {
	l.t.Error("a layer was read that both images begin with")
	return l.Layer.Uncompressed()
}

type lockedImage struct {
	v1.Image
	t    *testing.T
	from int
}

func (i lockedImage) Layers() ([]v1.Layer, error) {
	all, err := i.Image.Layers()
	all = slices.Clone(all)
	for n := range all[:i.from] {
		all[n] = lockedLayer{all[n], i.t}
	}
	return all, err
}

// Layers that both images begin with are not read.
func TestDifferentFilesReadsNoSharedLayer(t *testing.T) {
	base, more := []string{"etc/", "etc/passwd=root"}, []string{"opt/", "opt/x=1"}
	old, new := layered(t, base, more, []string{"a=1"}), layered(t, base, more, []string{"a=2"})
	old.Image, new.Image = lockedImage{old.Image, t, 2}, lockedImage{new.Image, t, 2}
	if d, err := DifferentFiles(old, new); err != nil || !slices.Equal(d.Changed, []string{"/a"}) {
		t.Errorf("%+v %v", d, err)
	}
}
