package disk

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// A Listing has the names in directories that were read, by directory, so that the disk is not asked again for what is not there.
type Listing map[string][]string

// maxListed is how many entries of a directory are kept, more than most directories of a job have.
const maxListed = 100

// Add adds a directory, unless it has too many entries. The disk is then asked.
func (l Listing) Add(dir string, entries []fs.DirEntry) {
	if len(entries) > maxListed {
		return
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	l[dir] = names
}

// Has reports whether a path is known to have been there. Of others it is not known.
func (l Listing) Has(path string) bool {
	return slices.Contains(l[filepath.Dir(path)], filepath.Base(path))
}

// Lacks reports whether a directory is known to have had none of some names, in upper or lower case: some file systems see no
// difference.
func (l Listing) Lacks(dir string, names ...string) bool {
	listed, known := l[dir]
	return known && !slices.ContainsFunc(listed, func(is string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(is, name) })
	})
}
