package git

import (
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/disk"
)

// read are files that git reads in each directory of a work tree, and metadata those that it reads of a repository. Git waits
// for ever for one that is a named pipe.
var (
	read     = []string{".git", ".gitignore", ".gitattributes"}
	metadata = []string{"HEAD", "config", "config.worktree", "index", "shallow", "packed-refs", "commondir", "info/exclude", "info/attributes", "info/grafts"}
)

// checkFiles refuses a directory of a work tree if git would wait for one of its files, or of those above it.
func checkFiles(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for {
		var paths []string
		for _, name := range read {
			paths = append(paths, filepath.Join(dir, name))
		}
		top := filepath.Join(dir, ".git")
		for _, name := range metadata {
			paths = append(paths, filepath.Join(top, filepath.FromSlash(name)))
		}
		if err := disk.Check(paths...); err != nil {
			return err
		}
		if _, err := os.Lstat(top); err == nil || dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}
