package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
)

// A cache keeps what registries said: content by its digest, and which digest a reference named. Content is checked
// against the digest when it is read, so a damaged file costs a request and nothing else. A nil cache keeps nothing.
type cache struct {
	root   *os.Root
	writes atomic.Int64 // for the names of temporary files

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
	text, err := c.readFile(referencesFile, maxReferences)
	if err == nil && json.Unmarshal(text, &c.references) != nil || c.references == nil {
		c.references = map[string]string{} // it is asked anew
	}
	return c
}

func (c *cache) readFile(name string, limit int64) (_ []byte, err error) {
	f, err := c.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s is no regular file of at most %d bytes", name, limit)
	}
	return io.ReadAll(io.LimitReader(f, limit))
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

// content returns what has a digest, if the cache has it undamaged.
func (c *cache) content(digest string, limit int64) ([]byte, bool) {
	if c == nil || !digestForm.MatchString(digest) {
		return nil, false
	}
	content, err := c.readFile(blobPath(digest), limit)
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
	name := blobPath(digest)
	if err := c.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return c.write(name, content)
}

// write replaces a file whole. Several may write the same file at once: each has a temporary one of its own.
func (c *cache) write(name string, content []byte) error {
	temporary := fmt.Sprintf("%s.%d.%d", name, os.Getpid(), c.writes.Add(1))
	err := c.root.WriteFile(temporary, content, 0o644)
	if err == nil {
		err = c.root.Rename(temporary, name)
	}
	if err != nil {
		if removeErr := c.root.Remove(temporary); !errors.Is(removeErr, fs.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
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
