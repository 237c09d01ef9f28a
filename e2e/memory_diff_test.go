package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// hostileComparisons are pairs of images whose layers must be read to compare them.
func hostileComparisons() []hostileInput {
	const manifest = `{"seedVersion": "1.0.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0"}}`
	diff := func(old, new func(add func(name string) error) error) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string {
			args := []string{"diff"}
			for n, fill := range []func(func(string) error) error{old, new} {
				h := &hugeImage{}
				layer, diffID := h.layer(t, fill)
				h.named(h.image(strings.Replace(config(manifest, ""), `"diff_ids":[]`, `"diff_ids":["`+diffID+`"]`, 1), `,"layers":[`+layer+`]`))
				args = append(args, h.layout(t, filepath.Join(dir, fmt.Sprint(n))))
			}
			return args
		}
	}
	nothing := func(func(string) error) error { return nil }
	// deep names files in directories of their own, 2,000 above each.
	deep := func(files int, top string) func(add func(name string) error) error {
		return func(add func(name string) error) error {
			for n := range files {
				if err := add(fmt.Sprintf("%s%d/", top, n) + strings.Repeat("d/", 1990) + "f"); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return []hostileInput{
		{name: "images of a million paths each", says: "files of the image differ", status: 1, args: diff(deep(520, "a"), deep(520, "b"))},
		{name: "images of too many paths", says: "too many files to compare", status: 3, args: diff(deep(1200, "a"), nothing)},
		{name: "images of long names", says: "names of more than 48 MiB", status: 3, args: diff(nothing, func(add func(name string) error) error {
			for n := range 13_000 {
				if err := add(fmt.Sprintf("%05d", n) + strings.Repeat("x", 4000)); err != nil {
					return err
				}
			}
			return nil
		})},
		{name: "images of a path that never ends", says: "a path has more than 4096 bytes", status: 3, args: diff(nothing, func(add func(name string) error) error {
			return add(strings.Repeat("d/", mega/4) + "f")
		})},
		{name: "image of a file that expands", says: "files of the image differ", status: 1, args: diff(nothing, nil)},
	}
}

// layer adds a layer of empty files, and returns its descriptor and the digest of its content. Without a function it is a layer of one
// large file of zeros.
func (h *hugeImage) layer(t *testing.T, fill func(add func(name string) error) error) (descriptor, diffID string) {
	t.Helper()
	var b bytes.Buffer
	plain := sha256.New()
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(io.MultiWriter(z, plain))
	add := func(name string, size int64) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644, Format: tar.FormatPAX}); err != nil {
			return err
		}
		_, err := io.CopyN(w, zeros{}, size)
		return err
	}
	if fill == nil {
		err = add("zeros", 300<<20)
	} else {
		err = fill(func(name string) error { return add(name, 0) })
	}
	if err != nil || w.Close() != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return h.add("application/vnd.oci.image.layer.v1.tar+gzip", b.String(), -1), fmt.Sprintf("sha256:%x", plain.Sum(nil))
}
