package catalogue

import (
	"encoding/json"
	"errors"
	"maps"
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
	noted      map[string]bool   // the references that this search has asked for
	failed     error             // the first one of writing
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
	return &cache{root: root, references: readReferences(root), noted: map[string]bool{}}
}

// readReferences reads which digests references named. What is damaged is asked anew.
func readReferences(root *os.Root) map[string]string {
	known := map[string]string{}
	text, err := disk.ReadIn(root, referencesFile, maxReferences)
	if err != nil || json.Unmarshal(text, &known) != nil || known == nil {
		return map[string]string{}
	}
	maps.DeleteFunc(known, func(_, digest string) bool { return validDigest(digest) == "" })
	return known
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
	c.references[reference], c.noted[reference] = digest, true
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

// keep stores content whose digest has been checked. What cannot be stored is asked for the next time, which is all that is lost:
// close says so.
func (c *cache) keep(digest string, content []byte) {
	if c == nil {
		return
	}
	c.fail(c.write(blobPath(digest), content))
}

func (c *cache) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = err
	}
}

// write replaces a file whole, and follows no link on the way. Several may write the same file at once.
func (c *cache) write(name string, content []byte) (err error) {
	dir, err := disk.Sub(c.root, filepath.FromSlash(path.Dir(name)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return disk.WriteIn(dir, path.Base(name), 0o644, func(f *os.File) error {
		_, err := f.Write(content)
		return err
	})
}

// close writes the references, and keeps those that another search has written in the meantime. The error is the first one of
// writing to the cache.
func (c *cache) close() error {
	if c == nil {
		return nil
	}
	now := readReferences(c.root)
	for reference := range c.noted {
		now[reference] = c.references[reference]
	}
	for reference, digest := range c.references {
		if now[reference] == "" {
			now[reference] = digest
		}
	}
	text, err := json.MarshalIndent(now, "", " ")
	if err == nil {
		err = c.write(referencesFile, text)
	}
	c.fail(err)
	return c.failed
}
