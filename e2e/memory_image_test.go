package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Media types of what images are made of.
const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
)

// A hugeImage is content by digest, and what names it.
type hugeImage struct {
	blobs map[string][]byte // by the hexadecimal digest
	index string            // index.json
}

// add adds content, and returns its descriptor. Size is what the descriptor says; -1: the truth.
func (h *hugeImage) add(mediaType, content string, size int) string {
	if h.blobs == nil {
		h.blobs = map[string][]byte{}
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	h.blobs[sum] = []byte(content)
	if size < 0 {
		size = len(content)
	}
	return fmt.Sprintf(`{"mediaType":%q,"digest":"sha256:%s","size":%d}`, mediaType, sum, size)
}

// image adds an image with a configuration, and members that its manifest has besides.
func (h *hugeImage) image(config, more string) string {
	return h.add(manifestType, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":%s%s}`, manifestType, h.add(configType, config, -1), more), -1)
}

// named makes the index.json that names one descriptor.
func (h *hugeImage) named(descriptor string) *hugeImage {
	h.index = `{"schemaVersion":2,"manifests":[` + descriptor + `]}`
	return h
}

// config returns an image configuration with a label, and members that it has besides.
func config(label, more string) string {
	text, err := json.Marshal(label)
	if err != nil {
		panic(err)
	}
	return `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{"Entrypoint":["/x"],"Labels":{"com.ngageoint.seed.manifest":` + string(text) + `}}` + more + `}`
}

// layout writes an OCI layout.
func (h *hugeImage) layout(t *testing.T, dir string) string {
	t.Helper()
	put(t, dir, "oci-layout", `{"imageLayoutVersion":"1.0.0"}`)
	put(t, dir, "index.json", h.index)
	for sum, content := range h.blobs {
		put(t, dir, "blobs/sha256/"+sum, content)
	}
	return "oci:" + dir
}

// archive writes an OCI archive.
func (h *hugeImage) archive(t *testing.T, dir string) string {
	t.Helper()
	return "oci-archive:" + writeTar(t, dir, func(w *tar.Writer) error {
		files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": []byte(h.index)}
		for sum, content := range h.blobs {
			files["blobs/sha256/"+sum] = content
		}
		for name, content := range files {
			if err := addFile(w, name, content); err != nil {
				return err
			}
		}
		return nil
	})
}

func addFile(w *tar.Writer, name string, content []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

func writeTar(t *testing.T, dir string, fill func(*tar.Writer) error) string {
	t.Helper()
	path := filepath.Join(dir, "image.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := tar.NewWriter(f)
	if err := fill(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func hostileLabels() (rows []hostileInput) {
	for name, label := range map[string]func() string{
		"15 MB":             func() string { return fill(15*mega, `{"job":{"tags":[`, `1`, `]}}`) },
		"4 MB of numbers":   func() string { return fill(4*mega, `{"job":{"tags":[`, `1`, `]}}`) },
		"4 MB of brackets":  func() string { return strings.Repeat("[", 4*mega) },
		"4 MB of objects":   func() string { return fill(4*mega, `[`, `{}`, `]`) },
		"4 MB of slashes":   func() string { return strings.Repeat(`\`, 4*mega) },
		"4 MB of escapes":   func() string { return `"{` + strings.Repeat(`\\\$\'\/\"`, 4*mega/10) + `}"` },
		"4 MB of quotes":    func() string { return strings.Repeat(`"'`, 2*mega) },
		"1 MB of mistakes":  func() string { return fill(mega, `{"job":{"tags":[`, `1`, `]}}`) },
		"1 MB of colons":    func() string { return "{" + strings.Repeat(":", mega) },
		"1 MB, escaped":     func() string { return strings.ReplaceAll(fill(mega/2, `{"job":{"tags":[`, `"a\\b"`, `]}}`), `"`, `\"`) },
		"1 MB in JSON text": func() string { return fmt.Sprintf("%q", fill(mega, `{"job":{"tags":[`, `"1"`, `]}}`)) },
	} {
		rows = append(rows, hostileInput{name: "label of " + name, args: func(t *testing.T, dir string) []string {
			h := &hugeImage{}
			return []string{"verify", h.named(h.image(config(label(), ""), `,"layers":[]`)).layout(t, dir)}
		}})
	}
	return rows
}

func hostileLayouts() []hostileInput {
	verify := func(make func(h *hugeImage)) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string {
			h := &hugeImage{}
			make(h)
			return []string{"verify", h.layout(t, dir)}
		}
	}
	const descriptor = `{"mediaType":"` + manifestType + `","digest":"sha256:%064d","size":1,"platform":{"os":"linux","architecture":"amd64"}}`
	return []hostileInput{
		{name: "index.json of 1 GB", says: "index.json", args: func(t *testing.T, dir string) []string {
			path := (&hugeImage{}).layout(t, dir)
			put(t, dir, "index.json", int64(1<<30))
			return []string{"verify", path}
		}},
		{name: "index.json of empty entries", says: "values", args: verify(func(h *hugeImage) { h.index = fill(4*mega, `{"manifests":[`, `{}`, `]}`) })},
		{name: "index.json of nested arrays", args: verify(func(h *hugeImage) { h.index = `{"manifests":` + strings.Repeat("[", 4*mega) })},
		{name: "index.json of many names", args: verify(func(h *hugeImage) {
			h.index = number(10_000, `{"schemaVersion":2,"manifests":[`, descriptor, `]}`)
		})},
		{name: "index of 100,000 platforms", args: verify(func(h *hugeImage) {
			h.named(h.add(indexType, number(100_000, `{"schemaVersion":2,"manifests":[`, descriptor, `]}`), -1))
		})},
		{name: "index of 10,000 platforms", says: "10000 images", args: verify(func(h *hugeImage) {
			h.named(h.add(indexType, number(10_000, `{"schemaVersion":2,"manifests":[`, descriptor, `]}`), -1))
		})},
		{name: "index of indexes", args: verify(func(h *hugeImage) {
			at := h.image(config("{}", ""), `,"layers":[]`)
			for range 1000 {
				at = h.add(indexType, `{"schemaVersion":2,"manifests":[`+at+`,`+at+`]}`, -1)
			}
			h.named(at)
		})},
		{name: "index of itself", args: func(t *testing.T, dir string) []string {
			h := &hugeImage{}
			self := strings.Repeat("0", 64) // its content cannot have its own digest
			h.blobs = map[string][]byte{self: []byte(fmt.Sprintf(`{"schemaVersion":2,"manifests":[{"mediaType":%q,"digest":"sha256:%s","size":1}]}`, indexType, self))}
			h.named(fmt.Sprintf(`{"mediaType":%q,"digest":"sha256:%s","size":1}`, indexType, self))
			return []string{"verify", h.layout(t, dir)}
		}},
		{name: "manifest of empty layers", says: "values", args: verify(func(h *hugeImage) { h.named(h.image(config("{}", ""), fill(4*mega-1000, `,"layers":[`, `{}`, `]`))) })},
		{name: "manifest of annotations", args: verify(func(h *hugeImage) {
			h.named(h.image(config("{}", ""), number(100_000, `,"layers":[],"annotations":{`, `"a%d":"x"`, `}`)))
		})},
		{name: "annotations of 15 MB", args: verify(func(h *hugeImage) {
			h.named(h.image(config("{}", ""), `,"layers":[],"annotations":{"a":"`+strings.Repeat("x", 15*mega)+`"}`))
		})},
		{name: "configuration of empty steps", says: "values", args: verify(func(h *hugeImage) {
			h.named(h.image(config("{}", fill(16*mega, `,"history":[`, `{}`, `]`)), `,"layers":[]`))
		})},
		{name: "configuration of variables", says: "values", args: verify(func(h *hugeImage) {
			h.named(h.image(strings.Replace(config("{}", ""), `"Entrypoint":["/x"]`, fill(15*mega, `"Env":[`, `""`, `]`), 1), `,"layers":[]`))
		})},
		{name: "configuration of 1 GB that lies", args: func(t *testing.T, dir string) []string {
			h := &hugeImage{}
			sum := strings.Repeat("1", 64)
			path := h.named(h.add(manifestType, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":"sha256:%s","size":10},"layers":[]}`, manifestType, configType, sum), -1)).layout(t, dir)
			put(t, dir, "blobs/sha256/"+sum, int64(1<<30))
			return []string{"verify", path}
		}},
	}
}

func hostileArchives() []hostileInput {
	inTar := func(kind string, fill func(w *tar.Writer) error) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string { return []string{"verify", kind + writeTar(t, dir, fill)} }
	}
	return []hostileInput{
		{name: "archive of a million entries", says: "entries", args: inTar("oci-archive:", func(w *tar.Writer) error {
			for i := range 300_000 { // more are not looked at
				if err := addFile(w, fmt.Sprintf("blobs/sha256/%064d", i), nil); err != nil {
					return err
				}
			}
			return nil
		})},
		{name: "archive of long names", says: "name", args: inTar("oci-archive:", func(w *tar.Writer) error {
			for i := range 300 {
				if err := addFile(w, strings.Repeat("x", mega-100)+fmt.Sprint(i), nil); err != nil {
					return err
				}
			}
			return nil
		})},
		{name: "archive of names", says: "names", args: inTar("oci-archive:", func(w *tar.Writer) error {
			for i := range 20_000 {
				if err := addFile(w, strings.Repeat("x", 4000)+fmt.Sprint(i), nil); err != nil {
					return err
				}
			}
			return nil
		})},
		{name: "archive that expands", args: func(t *testing.T, dir string) []string {
			path := filepath.Join(dir, "bomb.tar.gz")
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			z, _ := gzip.NewWriterLevel(f, gzip.BestSpeed)
			w := tar.NewWriter(z)
			_ = w.WriteHeader(&tar.Header{Name: "index.json", Size: 300 << 20, Mode: 0o644})
			_, err = io.CopyN(w, zeros{}, 300<<20)
			if err != nil || w.Close() != nil || z.Close() != nil {
				t.Fatal(err)
			}
			return []string{"verify", "oci-archive:" + path}
		}},
		{name: "archive of a label of 15 MB", args: func(t *testing.T, dir string) []string {
			h := &hugeImage{}
			return []string{"verify", h.named(h.image(config(fill(15*mega, `{"job":{"tags":[`, `1`, `]}}`), ""), `,"layers":[]`)).archive(t, dir)}
		}},
		{name: "saved archive of empty images", says: "values", args: inTar("docker-archive:", func(w *tar.Writer) error {
			return addFile(w, "manifest.json", []byte(fill(4*mega, "[", `{}`, "]")))
		})},
		{name: "saved archive of empty steps", says: "values", args: inTar("docker-archive:", func(w *tar.Writer) error {
			if err := addFile(w, "manifest.json", []byte(`[{"Config":"c.json","RepoTags":["a:1"],"Layers":[]}]`)); err != nil {
				return err
			}
			return addFile(w, "c.json", []byte(config("{}", fill(15*mega, `,"history":[`, `{}`, `]`))))
		})},
		{name: "sparse archive", args: func(t *testing.T, dir string) []string {
			return []string{"verify", "oci-archive:" + put(t, dir, "sparse.tar", sparseTar(200_000))}
		}},
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// sparseTar returns an archive with an entry in the sparse format of GNU tar, which has many parts.
func sparseTar(blocks int) []byte {
	octal := func(field []byte, v int64) { copy(field, fmt.Sprintf("%0*o\x00", len(field)-1, v)) }
	head := make([]byte, 512)
	copy(head, "index.json")
	octal(head[100:108], 0o644)
	octal(head[108:116], 0)
	octal(head[116:124], 0)
	octal(head[124:136], 0)
	octal(head[136:148], 0)
	head[156] = 'S'
	copy(head[257:], "ustar  \x00")
	head[482] = 1
	octal(head[483:495], int64(blocks)*21+4)
	at := int64(0)
	for i := range 4 {
		octal(head[386+24*i:398+24*i], at)
		octal(head[398+24*i:410+24*i], 0)
		at++
	}
	copy(head[148:156], "        ")
	sum := int64(0)
	for _, c := range head {
		sum += int64(c)
	}
	copy(head[148:156], fmt.Sprintf("%06o\x00 ", sum))
	all := bytes.NewBuffer(head)
	for n := range blocks {
		block := make([]byte, 512)
		for i := range 21 {
			octal(block[24*i:24*i+12], at)
			octal(block[24*i+12:24*i+24], 0)
			at++
		}
		if n < blocks-1 {
			block[504] = 1
		}
		all.Write(block)
	}
	all.Write(make([]byte, 1024))
	return all.Bytes()
}
