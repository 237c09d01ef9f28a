package cli

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// filesSince returns the files of a job that differ since a commit. A job whose directory has moved is compared by the paths
// in its directory.
func filesSince(old *commitState, new *state) (*compare.Files, error) {
	if new.commit != nil {
		ignored, err := new.commit.ignored()
		if err != nil {
			return nil, err
		}
		counted := func(name string) bool { return ignoredFile(name, ignored) }
		return differentTrees(old, path.Dir(old.path), new.commit.tree, path.Dir(new.commit.path), nil, counted), nil
	}
	changes, err := old.repo.ChangesSince(old.tree.Commit)
	if err != nil {
		return nil, err
	}
	return filesOnDisk(changes, old, new.path, new.dir)
}

// filesOnDisk returns the files of a job on disk that differ since a commit.
func filesOnDisk(changes *git.Changes, old *commitState, manifest, dir string) (*compare.Files, error) {
	ignored, err := pack.JobSources(manifest, dir).Ignored()
	if err != nil {
		return nil, err
	}
	inside, ok := old.repo.Path(dir)
	if !ok {
		return nil, nil // another repository
	}
	if inside != path.Dir(old.path) {
		return movedFiles(old, inside, ignored)
	}
	files := &compare.Files{}
	for _, name := range changes.Below(inside) {
		if name == path.Base(old.path) || ignoredFile(name, ignored) {
			continue
		}
		_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
		switch at := path.Join(inside, name); {
		case err != nil:
			files.Removed = append(files.Removed, name)
		case old.tree.ID(at) == "":
			files.Added = append(files.Added, name)
		default:
			files.Changed = append(files.Changed, name)
		}
	}
	return files, nil
}

// movedFiles compares the files of a job with those that it has in another directory: in HEAD, with what is not committed.
func movedFiles(old *commitState, dir string, ignored func(string) bool) (*compare.Files, error) {
	head, err := old.repo.Commit("HEAD")
	if err != nil {
		return nil, err
	}
	now, err := old.repo.ChangesSince(head)
	if err != nil {
		return nil, err
	}
	var dirty []string
	for _, name := range now.Below(dir) {
		same, err := old.holds(name, filepath.Join(old.repo.Top, filepath.FromSlash(dir), filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		if !same {
			dirty = append(dirty, name)
		}
	}
	clean := func(name string) bool { return slices.Contains(now.Below(dir), name) && !slices.Contains(dirty, name) }
	return differentTrees(old, path.Dir(old.path), now.Tree, dir, dirty, func(name string) bool { return clean(name) || ignoredFile(name, ignored) }), nil
}

// holds reports whether the job in the commit has a file of its directory as it is on disk.
func (c *commitState) holds(name, file string) (bool, error) {
	at := path.Join(path.Dir(c.path), name)
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || !c.tree.Has(at) {
		return false, nil
	}
	was, err := c.tree.Read(at)
	if err != nil {
		return false, err
	}
	is, err := disk.ReadFile(file, maxSource)
	if err != nil {
		return false, nil // it is too large to be looked at, and counts as different
	}
	executable := strings.HasPrefix(c.tree.ID(at), "100755")
	return string(was[at]) == string(is) && executable == (info.Mode()&0o111 != 0), nil
}

// maxSource is how many bytes of a file are compared with a commit.
const maxSource = 16 << 20

// differentTrees compares the files of a job in two commits. Dirty ones differ from the later one on disk.
func differentTrees(old *commitState, oldDir string, tree *git.Tree, dir string, dirty []string, ignored func(string) bool) *compare.Files {
	files := &compare.Files{}
	names := append(old.tree.Below(oldDir), tree.Below(dir)...)
	names = append(names, dirty...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		was, is := old.tree.ID(path.Join(oldDir, name)), tree.ID(path.Join(dir, name))
		switch {
		case name == seed.ManifestFile, ignored(name), was == is && !slices.Contains(dirty, name):
		case was == "":
			files.Added = append(files.Added, name)
		case is == "":
			files.Removed = append(files.Removed, name)
		default:
			files.Changed = append(files.Changed, name)
		}
	}
	return files
}

// ignoredFile reports whether a file of a job's directory does not count. The Dockerfile does, even if it is ignored.
func ignoredFile(name string, ignored func(string) bool) bool {
	return !slices.Contains([]string{"Dockerfile", "dockerfile"}, name) && ignored(name)
}

// ignored reads what the job's files in the commit say of themselves.
func (c *commitState) ignored() (func(string) bool, error) {
	dir := path.Dir(c.path)
	for _, name := range []string{"Dockerfile.dockerignore", ".dockerignore"} {
		at := path.Join(dir, name)
		texts, err := c.tree.Read(at)
		if err != nil {
			return nil, err
		}
		if text, ok := texts[at]; ok {
			return pack.IgnoredBy(text)
		}
	}
	return func(string) bool { return false }, nil
}
