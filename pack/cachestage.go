package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"

	"github.com/moby/buildkit/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seedpack/seedpack/disk"
)

// findCaches finds what the caches of type local hold, if there are roots. The client would write a lock into them, and follow a
// link in its place. A cache that holds nothing under its tag is left out, as the client does.
func findCaches(entries []client.CacheOptionsEntry, roots disk.Roots) (found []client.CacheOptionsEntry, err error) {
	for _, e := range entries {
		if src := e.Attrs["src"]; e.Type == "local" && src != "" {
			if _, err := os.Stat(src); errors.Is(err, fs.ErrNotExist) {
				continue // the engine's client would make the directory
			}
			if err := checkLayout(src); err != nil {
				return nil, fmt.Errorf("read the cache %s: %w", src, err)
			}
		}
		if len(roots) == 0 || e.Type != "local" || e.Attrs["src"] == "" || e.Attrs["digest"] != "" {
			found = append(found, e)
			continue
		}
		digest, err := cacheDigest(e)
		if err != nil {
			return nil, fmt.Errorf("read the cache %s: %w", e.Attrs["src"], err)
		}
		if digest != "" {
			e.Attrs["digest"] = digest
			found = append(found, e)
		}
	}
	return found, nil
}

// cacheDigest returns the digest under the tag of a cache, or nothing.
func cacheDigest(e client.CacheOptionsEntry) (digest string, err error) {
	dir, err := os.OpenRoot(e.Attrs["src"])
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	index, err := readIndex(dir)
	for _, d := range index.Manifests {
		if d.Annotations[refNameKey] == tagOf(e) {
			digest = d.Digest.String()
		}
	}
	return digest, err
}

// tagOf returns what names a cache in its directory.
func tagOf(e client.CacheOptionsEntry) string {
	if tag, ok := e.Attrs["tag"]; ok {
		return tag
	}
	return "latest"
}

// A cacheStage is a directory in which BuildKit's client writes a cache of type local. The client knows only paths, and follows
// links. So it gets a copy of the cache that is there, and what it adds is moved to its place without following one.
type cacheStage struct {
	dir    *os.Root // the cache
	stage  *disk.Stage
	copied map[string]bool // blobs of the cache that are in the copy
	tag    string          // names what the client adds, in the index
	resets bool            // the client removes what nothing names
	path   string          // as the user gave it
}

// stageCaches lets the client write caches to stages, if there are roots. The caller commits and discards them.
func stageCaches(entries []client.CacheOptionsEntry, roots disk.Roots) (all []*cacheStage, err error) {
	for i := range entries {
		e := &entries[i]
		if dest := e.Attrs["dest"]; e.Type == "local" && dest != "" {
			if err := checkLayout(dest); err != nil {
				return all, fmt.Errorf("write the cache %s: %w", dest, err)
			}
		}
		if len(roots) == 0 || e.Type != "local" || e.Attrs["dest"] == "" {
			continue
		}
		s, err := newCacheStage(e, roots)
		if err != nil {
			return all, fmt.Errorf("write the cache %s: %w", e.Attrs["dest"], err)
		}
		all = append(all, s)
		e.Attrs["dest"] = s.stage.Path()
	}
	return all, nil
}

func newCacheStage(e *client.CacheOptionsEntry, roots disk.Roots) (_ *cacheStage, err error) {
	s := &cacheStage{tag: tagOf(*e), path: e.Attrs["dest"]}
	s.resets, _ = strconv.ParseBool(e.Attrs["reset"]) // the client refuses other words
	if s.dir, err = roots.OpenDir(s.path); err != nil {
		return nil, err
	}
	if s.stage, err = disk.NewStage(s.dir); err != nil {
		return nil, errors.Join(err, s.dir.Close())
	}
	if err := s.copy(); err != nil {
		return nil, errors.Join(err, s.discard())
	}
	return s, nil
}

const blobsDir = "blobs"

// copy fills the stage. Blobs are the same files, so that the client need not fetch them again.
func (s *cacheStage) copy() error {
	if err := disk.NoLink(s.dir, ocispecs.ImageLayoutFile); err != nil {
		return err
	}
	index, err := readIndex(s.dir)
	if err != nil {
		return err
	}
	if len(index.Manifests) > 0 {
		if err := addToIndex(s.stage.Dir, index.Manifests); err != nil {
			return err
		}
	}
	found, err := blobs(s.dir)
	if err != nil {
		return err
	}
	s.copied = map[string]bool{}
	for _, blob := range found {
		if err := s.stage.Dir.MkdirAll(path.Dir(blob), 0o755); err != nil {
			return err
		}
		if err := s.dir.Link(blob, path.Join(s.stage.Name, blob)); errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
			return nil // a file system without hard links: the client fetches all blobs
		} else if err != nil {
			return err
		}
		s.copied[blob] = true
	}
	return nil
}

// blobs returns the paths of the blobs of a layout. It follows no link.
func blobs(layout *os.Root) (all []string, err error) {
	top, err := disk.Enter(layout, blobsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, top.Close()) }()
	kinds, err := fs.ReadDir(top.FS(), ".")
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		if err := disk.NoLink(top, kind.Name()); err != nil {
			return nil, err
		}
		files, err := fs.ReadDir(top.FS(), kind.Name())
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if f.Type().IsRegular() {
				all = append(all, path.Join(blobsDir, kind.Name(), f.Name()))
			}
		}
	}
	return all, nil
}

// commit moves what the client has added to its place: the blobs first, then what names them.
func (s *cacheStage) commit() error {
	if err := s.move(); err != nil {
		return fmt.Errorf("write the cache %s: %w", s.path, err)
	}
	return nil
}

func (s *cacheStage) move() error {
	written, err := blobs(s.stage.Dir)
	if err != nil {
		return err
	}
	for _, blob := range written {
		if s.copied[blob] {
			continue
		}
		if err := s.place(blob); err != nil {
			return err
		}
	}
	index, err := readIndex(s.stage.Dir)
	if err != nil {
		return err
	}
	added := slices.DeleteFunc(index.Manifests, func(d ocispecs.Descriptor) bool { return d.Annotations[refNameKey] != s.tag })
	if len(added) == 0 {
		return nil // the engine had nothing to cache
	}
	if err := s.dir.Rename(path.Join(s.stage.Name, ocispecs.ImageLayoutFile), ocispecs.ImageLayoutFile); err != nil {
		return err
	}
	if err := addToIndex(s.dir, added); err != nil || !s.resets {
		return err
	}
	return s.reset(written)
}

// place moves a blob into the cache. Nothing on the way may be a link.
func (s *cacheStage) place(blob string) error {
	dir, err := disk.Sub(s.dir, path.Dir(blob))
	if err != nil {
		return err
	}
	return errors.Join(s.dir.Rename(path.Join(s.stage.Name, blob), blob), dir.Close())
}

// reset removes blobs from the cache that the client removed from the copy.
func (s *cacheStage) reset(left []string) error {
	var errs []error
	for blob := range s.copied {
		if !slices.Contains(left, blob) {
			errs = append(errs, s.dir.Remove(blob))
		}
	}
	return errors.Join(errs...)
}

func (s *cacheStage) discard() error { return errors.Join(s.stage.Remove(), s.dir.Close()) }

func commitCaches(all []*cacheStage) error {
	for _, s := range all {
		if err := s.commit(); err != nil {
			return err
		}
	}
	return nil
}

func discardCaches(all []*cacheStage) error {
	var errs []error
	for _, s := range all {
		errs = append(errs, s.discard())
	}
	return errors.Join(errs...)
}
