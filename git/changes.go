package git

import (
	"slices"
	"sort"
	"strings"
)

// Changes are the paths that differ between a commit and the work tree. They are asked for once and serve many jobs.
type Changes struct {
	Repository *Repository
	Tree       *Tree           // of the commit
	paths      []string        // sorted
	had        map[string]bool // of files in submodules, whether the commit has them
}

// ChangesSince compares a commit with the work tree.
func (r *Repository) ChangesSince(commit string) (*Changes, error) {
	tree, err := r.Tree(commit)
	if err != nil {
		return nil, err
	}
	paths, had, err := r.changed(tree)
	return &Changes{r, tree, paths, had}, err
}

// Paths returns all paths, relative to the top, with slashes, sorted.
func (c *Changes) Paths() []string { return slices.Clone(c.paths) }

// Had reports whether the commit has a file that changed: itself, or in the commit of a submodule.
func (c *Changes) Had(path string) bool { return c.Tree.ID(path) != "" || c.had[path] }

// Below returns the paths that are changed in a directory, relative to it. The directory is relative to the top; "." is all.
func (c *Changes) Below(dir string) []string { return below(c.paths, dir) }

// Below returns the paths of the commit in a directory, relative to it.
func (t *Tree) Below(dir string) []string { return below(t.Paths(), dir) }

func below(paths []string, dir string) (all []string) {
	if dir == "." || dir == "" {
		return slices.Clone(paths)
	}
	prefix := dir + "/"
	for i := sort.SearchStrings(paths, prefix); i < len(paths) && strings.HasPrefix(paths[i], prefix); i++ {
		all = append(all, paths[i][len(prefix):])
	}
	return all
}

// ID returns what identifies the content and the mode of a file of a commit; empty if there is none.
func (t *Tree) ID(path string) string {
	b, ok := t.blobs[path]
	if !ok {
		return ""
	}
	return b.mode + " " + b.id
}
