package job

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/disk"
)

// Names that BuildKit looks for in a build context, in this order.
const (
	dockerfileName  = "Dockerfile"
	lowerDockerfile = "dockerfile"
)

// Dockerfile returns the Dockerfile in a directory, as BuildKit finds it: Dockerfile, or else dockerfile. If there is none, it
// returns where it should be, and ok is false. A pipe, a device or a link to nothing is found too: who reads it is told what it is.
func Dockerfile(dir string) (path string, ok bool) {
	for _, name := range []string{dockerfileName, lowerDockerfile} {
		path := filepath.Join(dir, name)
		if !disk.IsMissing(path) && (IsFile(path) || disk.Check(path) != nil || isDangling(path)) {
			return path, true
		}
	}
	return filepath.Join(dir, dockerfileName), false
}

// isDangling reports whether a path is that of a link to nothing.
func isDangling(path string) bool {
	_, err := os.Stat(path)
	return err != nil && disk.IsLink(path)
}

// NamedLikeDockerfile reports whether a file of this name is most likely a Dockerfile.
func NamedLikeDockerfile(name string) bool {
	lower := strings.ToLower(filepath.Base(name))
	for _, known := range []string{"dockerfile", "containerfile"} {
		if lower == known || strings.HasSuffix(lower, "."+known) || strings.HasPrefix(lower, known+".") && filepath.Ext(lower) != ".dockerignore" {
			return true
		}
	}
	return false
}

// LikeDockerfiles returns files in a directory and one level below that look like a Dockerfile. It is for a job without one.
func LikeDockerfiles(dir string) (found []string) {
	look := func(dir string, entries []fs.DirEntry) {
		for _, e := range entries {
			if !e.IsDir() && NamedLikeDockerfile(e.Name()) {
				found = append(found, filepath.Join(dir, e.Name()))
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	look(dir, entries)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			if below, err := os.ReadDir(filepath.Join(dir, e.Name())); err == nil {
				look(filepath.Join(dir, e.Name()), below)
			}
		}
	}
	slices.Sort(found)
	return found
}
