package git

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/disk"
)

// Holds reports whether the commit has a file at a path as it is on disk: its content and whether it is executable, or where a link
// leads. A file that is not there, or is something else, is another one. An error means that the file could not be read.
func (t *Tree) Holds(path, file string) (bool, error) {
	b, ok := t.blobs[path]
	if !ok {
		return false, nil
	}
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Mode()&fs.ModeSymlink != 0 && b.mode == linkMode:
		target, err := os.Readlink(file)
		if err != nil {
			return false, err
		}
		target = filepath.ToSlash(target)
		return b.is(int64(len(target)), strings.NewReader(target))
	case !info.Mode().IsRegular() || (b.mode == "100755") != (info.Mode()&0o111 != 0) || !strings.HasPrefix(b.mode, "100"):
		return false, nil
	}
	content, err := disk.Open(file)
	if err != nil {
		return false, err
	}
	same, err := b.is(info.Size(), content)
	return same, errors.Join(err, content.Close())
}

// is reports whether content of a size is that of the blob, by the name that git gives it.
func (b blob) is(size int64, content io.Reader) (bool, error) {
	var sum hash.Hash = sha1.New()
	if len(b.id) == hex.EncodedLen(sha256.Size) {
		sum = sha256.New()
	}
	fmt.Fprintf(sum, "blob %d\x00", size)
	if _, err := io.Copy(sum, content); err != nil {
		return false, err
	}
	return hex.EncodeToString(sum.Sum(nil)) == b.id, nil
}
