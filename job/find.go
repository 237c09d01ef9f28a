// Package job finds the jobs that a user names on disk, and reads their manifests. It judges nothing: what is wrong with a
// manifest is the linter's to say. It also confines paths to the directories that a caller may use.
package job

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/seed"
)

// A Job is a manifest and where it was found.
type Job struct {
	// Path is that of the manifest, as its user would write it; "-" for standard input, and a reference or source for
	// the manifest in an image's label.
	Path string
	// Dir is the job's directory, which is its build context by default. It is empty if the manifest is a label's.
	Dir string
	// Manifest is nil only if an image carries none that can be read.
	Manifest *seed.Manifest
	// Policy says what the job's findings are worth.
	Policy diag.Policy
}

// Find lists the manifests that the paths name, each once. A file counts as it is, a directory is searched, "-" is
// standard input. No path means the working directory. A path without a manifest is a mistake in the command line.
func Find(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var all []string
	seen := map[string]bool{}
	for _, path := range paths {
		found, err := findUnder(path)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !seen[f] {
				seen[f] = true
				all = append(all, f)
			}
		}
	}
	return all, nil
}

func findUnder(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, exit.Usagef("%s: there is no such file or directory", path)
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return []string{path}, nil
	case !info.IsDir():
		return nil, exit.Usagef("%s is neither a file nor a directory", path)
	}
	var found []string
	err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && p != path && strings.HasPrefix(e.Name(), "."):
			return filepath.SkipDir
		case e.Type().IsRegular() && e.Name() == seed.ManifestFile:
			found = append(found, p)
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = noManifest(path)
	}
	return found, err
}

// noManifest says that a directory has no manifest, and how it gets one: from an old manifest if there is one.
func noManifest(dir string) error {
	for _, name := range []string{seed.OldManifestFile, seed.JobPackFile} {
		if IsFile(filepath.Join(dir, name)) {
			return exit.Usagef("%s: there is no %s in it or below, but %s\nseedpack migrate %s makes a manifest of it", dir, seed.ManifestFile, name, dir)
		}
	}
	return exit.Usagef("%s: there is no %s in it or below\nseedpack init %s writes one", dir, seed.ManifestFile, dir)
}

// IsFile reports whether a path is that of a regular file, or of a link to one.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// IsDirectory reports whether a path is that of a directory, or of a link to one.
func IsDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
