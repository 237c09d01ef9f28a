package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/migrate"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// An oldManifest is what migrate converts, and where it was found.
type oldManifest struct {
	path string // as messages name it: of a file or of an image
	doc  *migrate.Document
	line int // of the label in a Dockerfile; 0: the document is the file itself

	dir  string // is searched for code; empty: there is none
	file string // the manifest in dir, with slashes

	from    string // of an image: what FROM takes
	jobPack bool   // the image has JobPack's label
}

// isFile reports whether a path is that of the old manifest, under whatever name.
func (o *oldManifest) isFile(path string) bool {
	old, err := os.Stat(o.path)
	if err != nil {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && os.SameFile(old, info)
}

// read reads the old manifest that the arguments name.
func (m *migration) read(ctx context.Context, args []string) (*oldManifest, error) {
	path := "."
	if len(args) > 0 {
		path = args[0]
	}
	info, err := os.Stat(path)
	switch {
	case path == "-":
		return readOldFile("-", m.process.Stdin)
	case err == nil && info.IsDir():
		return readOldDir(path, m.process.roots)
	case err == nil: // also what a shell gives for <(command)
		return openOldFile(path, m.process.roots)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case filepath.Ext(path) == ".json" || strings.HasPrefix(path, ".") || filepath.IsAbs(path):
		return nil, exit.Usagef("%s: there is no such file or directory", path)
	}
	from, err := source.Parse(path)
	if err != nil {
		return nil, exit.Usagef("%s: there is no such file or directory, and it names no image: %w", path, err)
	}
	remote, _, err := m.network.options(m.process)
	if err != nil {
		return nil, err
	}
	return readOldImage(ctx, remote, from)
}

// readOldDir reads the manifest of a directory, under the first of its names, or the label in its Dockerfile.
func readOldDir(dir string, roots disk.Roots) (*oldManifest, error) {
	for _, name := range []string{seed.ManifestFile, seed.OldManifestFile, seed.JobPackFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() { // what is no file is refused by what reads it
			old, err := openOldFile(filepath.Join(dir, name), roots)
			if err == nil {
				old.dir, old.file = dir, name
			}
			return old, err
		}
	}
	path, text, err := findDockerfile(dir, roots)
	if err != nil {
		return nil, err
	}
	if path == "" {
		return nil, fmt.Errorf("%s: %w: there is no %s, %s or %s in it, and no Dockerfile", dir, migrate.ErrNoJob, seed.ManifestFile, seed.OldManifestFile, seed.JobPackFile)
	}
	old, err := readOldDockerfile(path, text)
	if err == nil {
		old.dir = dir
	}
	return old, err
}

// openOldFile reads a manifest, or the label in a Dockerfile. The Dockerfile beside a manifest says how the image starts.
func openOldFile(path string, roots disk.Roots) (*oldManifest, error) {
	if err := roots.Check(path); err != nil { // a link in a directory may lead out
		return nil, err
	}
	f, err := disk.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if job.NamedLikeDockerfile(filepath.Base(path)) {
		text, err := disk.ReadFile(path, disk.MaxJobText)
		if err != nil {
			return nil, err
		}
		return readOldDockerfile(path, text)
	}
	old, err := readOldFile(path, f)
	if err != nil {
		return nil, err
	}
	name, text, err := findDockerfile(filepath.Dir(path), roots)
	if err != nil || name == "" {
		return old, err
	}
	if d, err := migrate.ReadDockerfile(filepath.Base(name), text); err == nil { // another command says why it is none
		old.doc.Start = d.Start
	}
	return old, nil
}

// findDockerfile returns the Dockerfile of a directory. The path is empty if there is none.
func findDockerfile(dir string, roots disk.Roots) (path string, text []byte, err error) {
	path, ok := job.Dockerfile(dir)
	if !ok {
		return "", nil, nil
	}
	if err := roots.Check(path); err != nil {
		return "", nil, err
	}
	text, err = disk.ReadFile(path, disk.MaxJobText)
	return path, text, err
}

// readOldFile reads the text of a manifest.
func readOldFile(path string, r io.Reader) (*oldManifest, error) {
	text, err := io.ReadAll(io.LimitReader(r, seed.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return parseOld(path, text, &migrate.Document{Name: filepath.Base(path)})
}

// readOldDockerfile reads the label of a Dockerfile.
func readOldDockerfile(path string, text []byte) (*oldManifest, error) {
	d, err := migrate.ReadDockerfile(filepath.Base(path), text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if d.Key == "" {
		return nil, fmt.Errorf("%s: %w: it has no LABEL %s or %s", path, migrate.ErrNoJob, seed.Label, seed.JobPackLabel)
	}
	old, err := decodeOld(path, d.Key, d.Value, &migrate.Document{Start: d.Start, Emptied: d.Emptied})
	if err == nil {
		old.line = d.Line
	}
	return old, err
}

// readOldImage reads the label of an image.
func readOldImage(ctx context.Context, remote registry.Registry, from source.Source) (*oldManifest, error) {
	img, err := remote.Open(ctx, from)
	if err != nil {
		return nil, err
	}
	old, err := oldOfImage(img)
	return old, errors.Join(err, img.Close())
}

// oldOfImage reads the label of an image that is open: Seed's, or else JobPack's.
func oldOfImage(img *source.Image) (*oldManifest, error) {
	path := img.Source.String()
	if len(img.Platforms) == 0 {
		return nil, fmt.Errorf("%s: %w: the index has no images", path, migrate.ErrNoJob)
	}
	key, value := oldLabel(img.Platforms[0])
	for _, p := range img.Platforms[1:] {
		if k, v := oldLabel(p); k != key || v != value {
			return nil, fmt.Errorf("%s: the label of %s is another than that of %s: migrate each by its digest", path, p.Name, img.Platforms[0].Name)
		}
	}
	if key == "" {
		return nil, fmt.Errorf("%s: %w: the image has no label %s or %s", path, migrate.ErrNoJob, seed.Label, seed.JobPackLabel)
	}
	old, err := decodeOld(path, key, value, &migrate.Document{Start: migrate.ImageStart(img.Platforms[0].Config.Config.Entrypoint)})
	if err != nil {
		return nil, err
	}
	old.from, old.jobPack = img.Name, img.Platforms[0].Config.Config.Labels[seed.JobPackLabel] != ""
	if img.Reference != nil {
		old.from = img.Reference.Context().Name() + "@" + img.Digest
	}
	if old.from == "" {
		old.from = path
	}
	return old, nil
}

func oldLabel(p source.Platform) (key, value string) {
	for _, key := range []string{seed.Label, seed.JobPackLabel} {
		if value := p.Config.Config.Labels[key]; value != "" {
			return key, value
		}
	}
	return "", ""
}

// decodeOld reads a label in any of the forms that are in use.
func decodeOld(path, key, value string, doc *migrate.Document) (*oldManifest, error) {
	text, _, err := pack.DecodeJobPackLabel(value)
	if err != nil {
		return nil, fmt.Errorf("%s: LABEL %s: %w", path, key, err)
	}
	doc.Name, doc.Label = key, true
	return parseOld(path, text, doc)
}

// parseOld parses a document, which must be JSON. Whoever wrote it decides what a broken one means.
func parseOld(path string, text []byte, doc *migrate.Document) (*oldManifest, error) {
	doc.Source = seed.ParseJSON(text)
	old := &oldManifest{path: path, doc: doc}
	for _, p := range doc.Source.Problems {
		if p.Code == seed.CodeByteOrder {
			continue
		}
		at := doc.Source.Position(p.Span.Start)
		hint := "\nseedpack lint shows all places that are no JSON, and lint --fix repairs what is certain"
		if doc.Label || p.Code == seed.CodeTooLarge {
			hint = ""
		}
		return nil, fmt.Errorf("%s:%d:%d: it cannot be read: %s%s", path, at.Line, at.Column, p.Message, hint)
	}
	return old, nil
}
