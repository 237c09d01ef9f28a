// Package job finds the jobs that a user names on disk, and reads their manifests. It judges nothing: what is wrong with a
// manifest is the linter's to say. It also confines paths to the directories that a caller may use.
package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
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
// standard input. No path means the working directory. A path without a manifest is a mistake in the command line, and so is
// one that leads out of the roots, by its name or by a link.
func Find(paths []string, roots disk.Roots) ([]string, error) {
	found, err := Search(paths, roots)
	if err != nil {
		return nil, err
	}
	return found.Manifests, errors.Join(found.Unreadable...)
}

// A Found is what paths name.
type Found struct {
	// Manifests are files, each once.
	Manifests []string
	// In has the argument that each manifest was found under, if that is a directory. A file that was named has none.
	In map[string]string
	// Listed has the entries of the directories of manifests that were found in directories.
	Listed disk.Listing
	// Links were found in directories, and not followed: links to directories and to manifests.
	Links []string
	// Unreadable says which directories could not be searched.
	Unreadable []error
}

// Search is Find, and says what it passed over. A link is followed if a path or pattern names it, or if it is
// the manifest of a directory that is named.
func Search(paths []string, roots disk.Roots) (*Found, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	s := &searcher{Found: Found{In: map[string]string{}, Listed: disk.Listing{}}, seen: map[string]bool{}, roots: roots}
	for _, path := range paths {
		if err := s.search(path); err != nil {
			return nil, err
		}
	}
	return &s.Found, nil
}

type searcher struct {
	Found
	seen  map[string]bool
	roots disk.Roots
}

func (s *searcher) add(path string) error {
	if s.seen[path] {
		return nil
	}
	s.seen[path] = true
	s.Manifests = append(s.Manifests, path)
	if disk.IsGiven(path) {
		return nil // it was opened by the caller
	}
	return s.roots.Check(path)
}

// IsStream reports whether a path is a stream of this process: standard input, or one that a shell opened, as in <(command).
func IsStream(path string) bool {
	return path == "-" || disk.IsGiven(path)
}

func (s *searcher) search(path string) error {
	if IsStream(path) {
		return s.add(path)
	}
	if err := s.roots.Check(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.pattern(path)
	case err != nil:
		return err
	case info.Mode().IsRegular(), path == os.DevNull: // which reads as an empty file
		return s.add(path)
	case !info.IsDir():
		return exit.Usage(disk.Check(path))
	}
	return s.directory(path)
}

// pattern searches what a pattern matches, for callers without a shell.
func (s *searcher) pattern(path string) error {
	if err := disk.CheckLink(path, string(filepath.Separator)); err != nil {
		return exit.Usagef("%s: %w", path, err)
	}
	matches, err := filepath.Glob(path)
	if err != nil || len(matches) == 0 {
		return exit.Usagef("%s: there is no such file or directory", path)
	}
	for _, m := range matches {
		if err := s.search(m); err != nil {
			return err
		}
	}
	return nil
}

func (s *searcher) directory(path string) error {
	root := path
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		root += string(filepath.Separator) // follows the link
	}
	before := len(s.Manifests) + len(s.Unreadable)
	err := s.below(path, root, root)
	if err == nil && len(s.Manifests)+len(s.Unreadable) == before {
		err = s.none(path)
	}
	return err
}

// below searches a directory at or below root, which the user named as top.
func (s *searcher) below(top, root, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.Unreadable = append(s.Unreadable, err)
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch isManifest := e.Name() == seed.ManifestFile; {
		case e.IsDir() && isManifest:
			err = s.misnamed(top, root, path)
		case e.IsDir() && !strings.HasPrefix(e.Name(), "."):
			err = s.below(top, root, path)
		case isManifest && e.Type()&fs.ModeSymlink != 0 && dir == root:
			err = s.own(top, path)
		case e.Type()&fs.ModeSymlink != 0 && (isManifest || IsDirectory(path)):
			s.Links = append(s.Links, path)
		case isManifest && e.Type().IsRegular():
			s.Listed.Add(filepath.Dir(path), entries)
			err = s.addIn(top, path)
		case isManifest:
			if err := disk.Check(path); err != nil {
				s.Unreadable = append(s.Unreadable, err)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// misnamed searches a directory with the name of a manifest. If it holds none, it is in the place of one: an engine makes such a
// directory if it is told to mount a file that is not there.
func (s *searcher) misnamed(top, root, dir string) error {
	before := len(s.Manifests) + len(s.Unreadable)
	err := s.below(top, root, dir)
	if err == nil && len(s.Manifests)+len(s.Unreadable) == before {
		s.Unreadable = append(s.Unreadable, fmt.Errorf("read %s: it is a directory, a regular file is needed", dir))
	}
	return err
}

// addIn adds a manifest that was found in a directory.
func (s *searcher) addIn(dir, path string) error {
	if _, named := s.In[path]; !named {
		s.In[path] = dir
	}
	return s.add(path)
}

// own adds the manifest of a directory that was named, if that is a link. It is followed anywhere
// in the roots, since the user named it.
func (s *searcher) own(dir, path string) error {
	if err := disk.CheckLink(path, string(filepath.Separator)); err != nil {
		return exit.Usagef("%s: %w", dir, err)
	}
	if IsFile(path) {
		return s.addIn(dir, path)
	}
	if err := disk.Check(path); err != nil {
		s.Unreadable = append(s.Unreadable, err)
	}
	return nil
}

// none says that a directory has no manifest that was not found before.
func (s *searcher) none(path string) error {
	for _, dir := range s.In {
		if dir == path {
			return nil // it was named twice
		}
	}
	for _, m := range s.Manifests {
		if rel, err := filepath.Rel(path, m); err == nil && filepath.IsLocal(rel) {
			return nil
		}
	}
	if len(s.Links) > 0 {
		return exit.Usagef("%s: there is no %s in it or below\nlinks are followed only if they are named, as %s", path, seed.ManifestFile, s.Links[len(s.Links)-1])
	}
	return noManifest(path)
}

// noManifest says that a directory has no manifest, and how it gets one: from an old manifest if there is one.
func noManifest(dir string) error {
	if filepath.Base(dir) == seed.ManifestFile {
		return exit.Usagef("%s: it is a directory, a regular file is needed", dir)
	}
	for _, name := range []string{seed.OldManifestFile, seed.JobPackFile} {
		if IsFile(filepath.Join(dir, name)) {
			return exit.Usagef("%s: there is no %s in it or below, but %s\nseedpack migrate %s makes a manifest of it", dir, seed.ManifestFile, name, dir)
		}
	}
	if name := misspelled(dir); name != "" {
		return exit.Usagef("%s: there is no %s in it or below, but %s\nthe manifest is JSON, and its name is %s", dir, seed.ManifestFile, name, seed.ManifestFile)
	}
	return exit.Usagef("%s: there is no %s in it or below\nseedpack init %s writes one", dir, seed.ManifestFile, dir)
}

// misspelled returns the name of a file in a directory that may be meant to be the manifest, or "".
func misspelled(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	separators := strings.NewReplacer("-", ".", "_", ".", " ", ".")
	for _, e := range entries {
		name := separators.Replace(strings.ToLower(e.Name()))
		rest, begins := strings.CutPrefix(name, "seed.manifest")
		switch {
		case e.IsDir(), len(name) > 2*len(seed.ManifestFile), strings.Contains(name, "schema"):
		case begins && (rest == "" || rest[0] == '.'), name == "manifest.json", name == "seedmanifest.json", diag.Edits(name, seed.ManifestFile) <= 2:
			return e.Name()
		}
	}
	return ""
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
