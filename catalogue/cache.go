package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/seedpack/seedpack/disk"
)

// A cache keeps what registries said: content by its digest, and which digest a reference named. Content is checked
// against the digest when it is read, so a damaged file costs a request and nothing else. A nil cache keeps nothing.
type cache struct {
	root *os.Root

	mu         sync.Mutex
	references map[string]string // the digest that a reference named
}

const (
	referencesFile = "references.json"
	blobsDir       = "blobs"
	maxReferences  = 256 << 20 // bytes
)

// openCache reads what a cache directory knows. A nil directory has no cache.
func openCache(root *os.Root) *cache {
	if root == nil {
		return nil
	}
	c := &cache{root: root, references: map[string]string{}}
	text, err := disk.ReadIn(root, referencesFile, maxReferences)
	if err == nil && json.Unmarshal(text, &c.references) != nil || c.references == nil {
		c.references = map[string]string{} // it is asked anew
	}
	return c
}

// digest returns what a reference named, or "".
func (c *cache) digest(reference string) string {
	if c == nil {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.references[reference]
}

// remember notes what a reference names.
func (c *cache) remember(reference, digest string) {
	if c == nil || !digestForm.MatchString(digest) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.references[reference] = digest
}

func blobPath(digest string) string {
	algorithm, hex, _ := strings.Cut(digest, ":")
	return path.Join(blobsDir, algorithm, hex[:2], hex)
}

// size returns how many bytes the cache has of a digest; 0 if it has nothing.
func (c *cache) size(digest string) int64 {
	if c == nil {
		return 0
	}
	info, err := c.root.Lstat(blobPath(digest))
	if err != nil {
		return 0
	}
	return info.Size()
}

// content returns what has a digest, if the cache has it undamaged.
func (c *cache) content(digest string, limit int64) ([]byte, bool) {
	if c == nil || !digestForm.MatchString(digest) {
		return nil, false
	}
	content, err := disk.ReadIn(c.root, blobPath(digest), limit)
	if err != nil || checkDigest(content, digest) != nil {
		return nil, false
	}
	return content, true
}

// keep stores content whose digest has been checked.
func (c *cache) keep(digest string, content []byte) error {
	if c == nil {
		return nil
	}
	return c.write(blobPath(digest), content)
}

// write replaces a file whole, and follows no link on the way. Several may write the same file at once.
func (c *cache) write(name string, content []byte) (err error) {
	dir, err := disk.Sub(c.root, filepath.FromSlash(path.Dir(name)))
	if err != nil {
		return fmt.Errorf("write to the cache: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	err = disk.WriteIn(dir, path.Base(name), 0o644, func(f *os.File) error {
		_, err := f.Write(content)
		return err
	})
	if err != nil {
		return fmt.Errorf("write to the cache: %w", err)
	}
	return nil
}

// close writes the references.
func (c *cache) close() error {
	if c == nil {
		return nil
	}
	text, err := json.MarshalIndent(c.references, "", " ")
	if err == nil {
		err = c.write(referencesFile, text)
	}
	return err
}
