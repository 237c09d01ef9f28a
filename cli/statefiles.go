package cli

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/pack"
)

// filesSince returns the files of a job that differ since a commit. A job whose directory has moved is compared by the paths
// in its directory.
func filesSince(old *commitState, new *state) (*compare.Files, error) {
	if new.commit != nil {
		ignored, err := new.commit.ignored()
		if err != nil {
			return nil, err
		}
		return treeFiles(old, new.commit, ignored), nil
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
		return movedFiles(old, inside, filepath.Base(manifest), ignored)
	}
	files := &compare.Files{}
	for _, name := range changes.Below(inside) {
		if name == path.Base(old.path) || name == filepath.Base(manifest) || ignoredFile(name, ignored) {
			continue
		}
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
		switch at := path.Join(inside, name); {
		case err != nil || info.IsDir() && changes.Tree.Submodule(at) == "":
			files.Removed = append(files.Removed, name)
		case !changes.Had(at):
			files.Added = append(files.Added, name)
		default:
			files.Changed = append(files.Changed, name)
		}
	}
	return files, nil
}

// movedFiles compares the files of a job with those that it has in another directory: in HEAD, with what is not committed.
func movedFiles(old *commitState, dir, manifest string, ignored func(string) bool) (*compare.Files, error) {
	head, err := old.repo.Commit("HEAD")
	if err != nil {
		return nil, err
	}
	now, err := old.repo.ChangesSince(head)
	if err != nil {
		return nil, err
	}
	dirty := now.Below(dir)
	var unread error
	return differentTrees(old, now.Tree, dir, manifest, dirty, func(name, at string) (same, exists bool) {
		if _, found := slices.BinarySearch(dirty, name); !found {
			return old.tree.ID(at) == now.Tree.ID(path.Join(dir, name)), now.Tree.ID(path.Join(dir, name)) != ""
		}
		file := filepath.Join(old.repo.Top, filepath.FromSlash(dir), filepath.FromSlash(name))
		if _, err := os.Lstat(file); err != nil {
			return false, false
		}
		same, err := old.tree.Holds(at, file)
		unread = errors.Join(unread, err)
		return same, true
	}, ignored), unread
}

// treeFiles compares the files of a job in two commits.
func treeFiles(old, new *commitState, ignored func(string) bool) *compare.Files {
	dir, manifest := path.Split(path.Clean(new.path))
	dir = path.Clean(dir)
	return differentTrees(old, new.tree, dir, manifest, nil, func(name, at string) (same, exists bool) {
		id := new.tree.ID(path.Join(dir, name))
		return id == old.tree.ID(at), id != ""
	}, ignored)
}

// differentTrees compares the files of a job in a commit with those that it has later: in a directory of another commit, and further
// ones. The function says of one, by its path in the directory and by that in the earlier commit, whether it is the same and exists.
// The manifest does not count: it is compared by itself.
func differentTrees(old *commitState, tree *git.Tree, dir, manifest string, further []string, now func(name, at string) (same, exists bool), ignored func(string) bool) *compare.Files {
	files := &compare.Files{}
	oldDir := path.Dir(old.path)
	names := slices.Concat(old.tree.Below(oldDir), tree.Below(dir), further)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name == path.Base(old.path) || name == manifest || ignoredFile(name, ignored) {
			continue
		}
		at := path.Join(oldDir, name)
		existed := old.tree.ID(at) != ""
		switch same, exists := now(name, at); {
		case exists && !existed:
			files.Added = append(files.Added, name)
		case existed && !exists:
			files.Removed = append(files.Removed, name)
		case existed && !same:
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
