package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// comparedFiles is how many files each of two images has.
const comparedFiles = 1_000_000

// maxDiffMemory is how much memory their comparison should take at most, in MiB.
const maxDiffMemory = 256

// diffs are the comparison of two images with a million files each, one layer that differs, beside reading the names in both layers.
func (t tools) diffs(dir string) (g group, said func(), err error) {
	var images, layers [2]string
	for n := range images {
		images[n] = filepath.Join(dir, fmt.Sprintf("compared-%d", n))
		if layers[n], err = manyFiles(images[n], n); err != nil {
			return g, nil, err
		}
	}
	names := &side{name: "gzip and tar -t of both layers", args: []string{"sh", "-c", `for layer; do gzip -dc "$layer" | tar -t >/dev/null || exit; done`, "sh", layers[0], layers[1]}}
	diff := &side{name: fmt.Sprintf("seedpack diff of two images with %d files each", comparedFiles), args: []string{t.seedpack, "diff", "oci:" + images[0], "oci:" + images[1]}, most: 2}
	said = func() {
		fmt.Printf("diff of two images with %d files each takes %d MiB, and should take %d MiB at most\n", comparedFiles, diff.peak>>10, maxDiffMemory)
	}
	return group{rounds: manyRuns, sides: []*side{names, diff}}, said, nil
}

// manyFiles writes an image layout of one layer. The second image has a tenth of the files of the first with another content, a tenth
// under another name, and a greater packageVersion. It returns the path of the layer.
func manyFiles(dir string, image int) (layer string, err error) {
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return "", err
	}
	layer = filepath.Join(dir, "layer")
	digest, diffID, size, err := writeLayer(layer, image)
	if err != nil {
		return "", err
	}
	if err := os.Rename(layer, filepath.Join(blobs, digest)); err != nil {
		return "", err
	}
	manifest := fmt.Sprintf(`{"seedVersion": "1.0.0", "job": {"name": "many", "jobVersion": "1.0.0", "packageVersion": "1.0.%d"}}`, image)
	label, err := json.Marshal(manifest)
	if err != nil {
		return "", err
	}
	add := func(mediaType, content string) string {
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
		err = errors.Join(err, os.WriteFile(filepath.Join(blobs, sum), []byte(content), 0o644))
		return fmt.Sprintf(`{"mediaType":%q,"digest":"sha256:%s","size":%d}`, "application/vnd.oci.image."+mediaType, sum, len(content))
	}
	config := add("config.v1+json", fmt.Sprintf(`{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"config":{"Cmd":["/x"],"Labels":{"com.ngageoint.seed.manifest":%s}}}`, diffID, label))
	image1 := add("manifest.v1+json", fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:%s","size":%d}]}`, config, digest, size))
	for name, content := range map[string]string{"oci-layout": `{"imageLayoutVersion":"1.0.0"}`, "index.json": `{"schemaVersion":2,"manifests":[` + image1 + `]}`} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	return filepath.Join(blobs, digest), err
}

// writeLayer writes the layer of an image of manyFiles.
func writeLayer(path string, image int) (digest, diffID string, size int64, err error) {
	file, err := os.Create(path)
	if err != nil {
		return "", "", 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	packed, plain := sha256.New(), sha256.New()
	buffer := bufio.NewWriterSize(io.MultiWriter(file, packed), 1<<20)
	z, err := gzip.NewWriterLevel(buffer, gzip.BestSpeed)
	if err != nil {
		return "", "", 0, err
	}
	w := tar.NewWriter(io.MultiWriter(z, plain))
	for n := range comparedFiles {
		name, content := fmt.Sprintf("opt/lib/package-%03d/module-%02d/file-%03d.py", n/10_000, n/100%100, n%100), "one"
		switch {
		case image == 1 && n%10 == 0:
			content = "two"
		case image == 1 && n%10 == 1:
			name += "c"
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			return "", "", 0, err
		}
		if _, err := io.WriteString(w, content); err != nil {
			return "", "", 0, err
		}
	}
	if err := errors.Join(w.Close(), z.Close(), buffer.Flush()); err != nil {
		return "", "", 0, err
	}
	info, err := file.Stat()
	hexadecimal := func(sum hash.Hash) string { return fmt.Sprintf("%x", sum.Sum(nil)) }
	return hexadecimal(packed), hexadecimal(plain), info.Size(), err
}
