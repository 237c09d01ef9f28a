package source

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
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
		{"a directory becomes a file", [][]string{{"d/", "d/x=1"}, {"d=1", "e=1"}}, [][]string{{"e=1", "d=1"}}, ""},
		{"a link leads elsewhere", [][]string{{"l->a"}}, [][]string{{"l->b"}}, "changed /l"},
		{"no entry for a directory", [][]string{{"d/x=1"}}, [][]string{{"d/", "d/x=1"}}, ""},
		{"a slash or a dot before names", [][]string{{"./d/", "./d/x=1"}}, [][]string{{"/d/", "/d/x=1"}}, ""},

		// On a layer that both have.
		{"added on a base", [][]string{base}, [][]string{base, {"usr/", "usr/lib/", "usr/lib/b=1"}}, "added /usr/lib/b"},
		{"changed on a base", [][]string{base, {"a=1"}}, [][]string{base, {"a=2"}}, "changed /a"},
		{"removed on a base", [][]string{base}, [][]string{base, {"etc/", "etc/.wh.passwd="}}, "removed /etc/passwd"},
		{"removed no more", [][]string{base, {"etc/.wh.passwd="}}, [][]string{base, {"a=1"}}, "added /a /etc/passwd"},
		{"removed in both", [][]string{base, {"etc/.wh.passwd="}}, [][]string{base, {"x=1", ".wh.x="}, {"etc/.wh.passwd="}}, "added /x"},
		{"removed and made again on a base", [][]string{base, {".wh.etc="}, {"etc/", "etc/x=1"}}, [][]string{base, {"etc/", "etc/x=1"}}, "added /etc"},
		{"directories that repeat those below", [][]string{base, {"usr/", "usr/lib/", "usr/lib/b=1"}}, [][]string{base, {"usr/lib/b=1"}}, ""},
		{"an empty directory", [][]string{base}, [][]string{base, {"data/"}}, "added /data"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := DifferentFiles(layered(t, test.old...), layered(t, test.new...), Differing)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.text(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// A countedLayer counts how often it is read.
type countedLayer struct {
	v1.Layer
	read *int
}

func (l countedLayer) Uncompressed() (io.ReadCloser, error) {
	*l.read++
	return l.Layer.Uncompressed()
}

type countedImage struct {
	v1.Image
	reads []int // of each layer
}

func (i countedImage) Layers() ([]v1.Layer, error) {
	all, err := i.Image.Layers()
	all = slices.Clone(all)
	for n := range all {
		all[n] = countedLayer{all[n], &i.reads[n]}
	}
	return all, err
}

func counted(t *testing.T, layers [][]string) (Platform, []int) {
	p, reads := layered(t, layers...), make([]int, len(layers))
	p.Image = countedImage{p.Image, reads}
	return p, reads
}

// Layers that both images have are not read, wherever they lie, unless what lies over them is not certain without.
func TestDifferentFilesReadsNoSharedLayer(t *testing.T) {
	t.Parallel()
	base, data, more := []string{"etc/", "etc/passwd=root", "f=base"}, []string{"data/", "data/x=1"}, []string{"opt/", "opt/x=1", "f=more"}
	for _, test := range []struct {
		name     string
		old, new [][]string
		how      Exactness
		reads    string // how often each layer is read, of both images
		want     string
	}{
		{"the last", [][]string{base, more, {"a=1"}}, [][]string{base, more, {"a=2"}}, Exact, "[0 0 1] [0 0 1]", "changed /a"},
		{"the first", [][]string{{"a=1"}, data, more}, [][]string{{"a=2"}, data, more}, Differing, "[1 0 0] [1 0 0]", "changed /a"},
		{"the first, exactly", [][]string{{"a=1"}, data, more}, [][]string{{"a=2"}, data, more}, Exact, "[2 1 1] [2 0 0]", "changed /a"},
		{"all but two", [][]string{base, {"a=1"}, data, {"b=1"}, more}, [][]string{base, {"a=2"}, data, {"b=2"}, more}, Differing, "[0 1 0 1 0] [0 1 0 1 0]", "changed /a /b"},
		{"one is new", [][]string{base, data, more}, [][]string{base, data, {"a=1"}, more}, Differing, "[0 0 0] [0 0 1 0]", "added /a"},
		{"nothing differs", [][]string{base, {"a=1", "b=1"}, more}, [][]string{base, {"b=1", "a=1"}, more}, Exact, "[0 1 0] [0 1 0]", ""},
		{"another order", [][]string{base, data, {"a=1"}}, [][]string{base, {"a=1"}, data}, Differing, "[0 2 1] [0 0 2]", ""},
		{"another order that counts", [][]string{base, {"f=1"}, more}, [][]string{base, more, {"f=1"}}, Differing, "[0 2 1] [0 0 2]", "changed /f"},
		{"moved over a layer", [][]string{base, {"a=1", "b=1"}, more}, [][]string{base, more, {"b=1", "a=1"}}, Differing, "[0 2 1] [0 0 2]", ""},
		{"moved over a layer that has it", [][]string{base, {"f=1"}, more}, [][]string{base, more, {"g=1"}, {"f=1"}}, Exact, "[0 2 1] [0 0 2 2]", "added /g; changed /f"},
		{"hidden by a layer", [][]string{{"f=1"}, more}, [][]string{{"f=2"}, more}, Differing, "[1 0] [1 0]", "changed /f"},
		{"hidden by a layer, exactly", [][]string{{"f=1"}, more}, [][]string{{"f=2"}, more}, Exact, "[2 1] [2 0]", ""},
		{"repeats a layer", [][]string{base}, [][]string{base, {"f=base"}}, Differing, "[0] [0 1]", "added /f"},
		{"repeats a layer, exactly", [][]string{base}, [][]string{base, {"f=base"}}, Exact, "[1] [0 2]", ""},
		{"removed", [][]string{base, data}, [][]string{base, {".wh.f="}, data}, Differing, "[0 0] [0 1 0]", "removed /f"},
		{"removed, exactly", [][]string{base, more}, [][]string{base, {".wh.f="}, more}, Exact, "[0 1] [0 2 0]", ""},
	} {
		old, was := counted(t, test.old)
		new, is := counted(t, test.new)
		d, err := DifferentFiles(old, new, test.how)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.text(); got != test.want || fmt.Sprint(was, " ", is) != test.reads {
			t.Errorf("%s: %q with reads %v %v, want %q with %s", test.name, got, was, is, test.want, test.reads)
		}
	}
}

// No comparison misses a file that differs in the roots that the layers make. The exact one finds none where none does.
func TestDifferentFilesOracle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		pool := make([][]string, 4)
		for i := range pool {
			pool[i] = randomLayer(r)
		}
		image := func() (all [][]string) {
			for range 1 + r.IntN(4) {
				all = append(all, pool[r.IntN(len(pool))])
			}
			return all
		}
		was, is := image(), image()
		want := differentRoots(extracted(was), extracted(is))
		for _, how := range []Exactness{Exact, Differing} {
			d, err := DifferentFiles(layered(t, was...), layered(t, is...), how)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Concat(d.Added, d.Removed, d.Changed)
			for at, isDir := range want {
				if !isDir && !slices.ContainsFunc(got, func(listed string) bool { return at == listed || strings.HasPrefix(at, listed+"/") }) {
					t.Errorf("%d, %d: %q is not found to differ\n%q\n%q", seed, how, at, was, is)
				}
			}
			if how == Exact && (len(got) == 0) != (len(want) == 0) {
				t.Errorf("%d: %q differ, want %v\n%q\n%q", seed, got, want, was, is)
			}
		}
	}
}

// randomLayer returns a layer as builders make them: it lists the directories above its files, and is a file or a directory at a path.
func randomLayer(r *rand.Rand) (entries []string) {
	for _, dir := range []string{"a", "b"} {
		switch r.IntN(6) {
		case 0:
			entries = append(entries, fmt.Sprintf("%s=%d", dir, r.IntN(2)))
		case 1:
			entries = append(entries, ".wh."+dir+"=")
		case 2, 3, 4:
			if r.IntN(4) == 0 {
				entries = append(entries, ".wh."+dir+"=")
			}
			entries = append(entries, dir+"/")
			if r.IntN(5) == 0 {
				entries = append(entries, dir+"/.wh..wh..opq=")
			}
			for _, file := range []string{"x", "y"} {
				switch r.IntN(4) {
				case 0:
					entries = append(entries, fmt.Sprintf("%s/%s=%d", dir, file, r.IntN(2)))
				case 1:
					entries = append(entries, dir+"/.wh."+file+"=")
				}
			}
		}
	}
	return append(entries, fmt.Sprintf("only%d=", r.IntN(3)))
}

// extracted returns the root that layers make: of each path what is there.
func extracted(layers [][]string) map[string]string {
	root := map[string]string{}
	clear := func(path string) {
		for at := range root {
			if strings.HasPrefix(at, path+"/") {
				delete(root, at)
			}
		}
	}
	for _, entries := range layers {
		for _, e := range entries {
			name, _, _ := strings.Cut("/"+e, "=")
			dir, base := path.Split(name)
			switch {
			case base == opaque:
				clear(path.Clean(dir))
			case strings.HasPrefix(base, whiteout):
				gone := dir + strings.TrimPrefix(base, whiteout)
				delete(root, gone)
				clear(gone)
			}
		}
		for _, e := range entries {
			name, content, isFile := strings.Cut("/"+e, "=")
			switch {
			case strings.Contains(name, "/"+whiteout):
			case isFile:
				root[name] = "file " + content
				clear(name)
			default:
				root[strings.TrimSuffix(name, "/")] = "directory"
			}
		}
	}
	return root
}

// differentRoots returns the paths that differ, and whether each is a directory in one of the roots.
func differentRoots(was, is map[string]string) map[string]bool {
	all := map[string]bool{}
	for _, pair := range [][2]map[string]string{{was, is}, {is, was}} {
		for at, facts := range pair[0] {
			if pair[1][at] != facts {
				all[at] = facts == "directory" || pair[1][at] == "directory"
			}
		}
	}
	return all
}

// text returns what differs as tests write it.
func (d *FileDifference) text() string {
	var all []string
	for _, part := range []struct {
		what  string
		paths []string
	}{{"added", d.Added}, {"changed", d.Changed}, {"removed", d.Removed}} {
		if len(part.paths) > 0 {
			all = append(all, part.what+" "+strings.Join(part.paths, " "))
		}
	}
	return strings.Join(all, "; ")
}

// Of many files that differ the first are named, and the last of each list. A directory that only one image has is one of them.
func TestDifferentFilesLists(t *testing.T) {
	t.Parallel()
	var old, new []string
	for n := range 3 * maxListed {
		old, new = append(old, fmt.Sprintf("d/%04d=1", n)), append(new, fmt.Sprintf("d/%04d=2", n))
	}
	d, err := DifferentFiles(layered(t, append(old, "e=")), layered(t, new), Exact)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Changed) != maxListed || d.Changed[0] != "/d/0000" || d.Changed[maxListed-2] != "/d/0998" || d.Changed[maxListed-1] != "/d/2999" ||
		d.Unlisted != (Unlisted{Changed: 2 * maxListed}) || !slices.Equal(d.Removed, []string{"/e"}) {
		t.Errorf("%d listed from %q to %q, %+v more, %q", len(d.Changed), d.Changed[0], d.Changed[len(d.Changed)-1], d.Unlisted, d.Removed)
	}
}

// Marks of file systems are no names, and hard links count as their files, in any order.
func TestDifferentFilesOddEntries(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		old, new []string
		want     string
	}{
		{[]string{"d/", "d/a=1"}, []string{"d/", "d/a=1", "d/.wh.=", "d/.wh..=", "d/.wh...=", "d/.wh..wh.plnk="}, ""},
		{[]string{"a=1", "b=1", "c=1"}, []string{"c=>b", "b=>a", "a=1"}, ""},
		{[]string{"a=>a"}, []string{"a=>b", "b=>a"}, "added /b"},
		{[]string{"a=>none"}, []string{"a=>none"}, ""},
		{[]string{"../../x=1", "/y=1", "./z=1"}, []string{"x=1", "y=1", "z=1"}, ""},
		{[]string{"d=1"}, []string{"d/x=1"}, "added /d/x; changed /d"},
	} {
		d, err := DifferentFiles(layered(t, test.old), layered(t, test.new), Exact)
		if err != nil || d.text() != test.want {
			t.Errorf("%q and %q: %q, want %q, %v", test.old, test.new, d.text(), test.want, err)
		}
	}
	if _, err := DifferentFiles(layered(t, []string{strings.Repeat("d/", maxPath/2) + "x="}), layered(t), Exact); err == nil || !strings.Contains(err.Error(), "a path has more than 4096 bytes") {
		t.Error(err)
	}
}
