package git

import (
	"os"
	"path/filepath"
	"strings"
)

// submodule opens the work tree of a submodule; nil if it is not checked out.
func (r *Repository) submodule(at string) (*Repository, error) {
	dir := filepath.Join(r.Top, filepath.FromSlash(at))
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil {
		return nil, nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	sub, err := Open(r.git.ctx, real)
	if err != nil || sub.Top != real {
		return nil, err
	}
	return sub, nil
}

// dirtySubmodule returns a file of a submodule that is not committed there as it is; empty if there is none. Git itself would look
// at submodules with the filters that they define.
func (g program) dirtySubmodule(paths []string) string {
	out, err := g.run(append([]string{"ls-files", "--stage", "-z", "--"}, paths...)...)
	if err != nil {
		return "" // other questions say what is wrong
	}
	for entry := range strings.SplitSeq(out, "\x00") {
		head, at, ok := strings.Cut(entry, "\t")
		if !ok || !strings.HasPrefix(head, submoduleMode+" ") {
			continue
		}
		sub, err := (&Repository{Top: g.dir, git: g}).submodule(at)
		if sub == nil || err != nil {
			continue
		}
		status, err := sub.git.runOnFiles("status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=dirty")
		if first, _, _ := strings.Cut(status, "\x00"); err == nil && first != "" {
			return at + "/" + strings.TrimSpace(first[min(3, len(first)):])
		}
		if inner := sub.git.dirtySubmodule([]string{sub.Top}); inner != "" {
			return at + "/" + inner
		}
	}
	return ""
}

// submoduleMode is the mode of a submodule in a tree and in the index: a commit of another repository.
const submoduleMode = "160000"

// Submodule returns the commit that a tree has of the submodule at a path; empty if there is none.
func (t *Tree) Submodule(path string) string {
	if b := t.blobs[path]; b.mode == submoduleMode {
		return b.id
	}
	return ""
}

// Superproject opens the repository that this one is a submodule of; nil if it is none, or if that cannot be told.
func (r *Repository) Superproject() *Repository {
	out, err := r.git.run("rev-parse", "--show-superproject-working-tree")
	top := strings.TrimSuffix(out, "\n")
	if err != nil || top == "" {
		return nil
	}
	super, err := Open(r.git.ctx, top)
	if err != nil {
		return nil
	}
	return super
}

// Owns reports whether a directory lies in the work tree, and not in that of a submodule or of another repository in it.
func (r *Repository) Owns(dir string) bool {
	inside, ok := r.Path(dir)
	for ok && inside != "." {
		if _, err := os.Lstat(filepath.Join(r.Top, filepath.FromSlash(inside), ".git")); err == nil {
			return false
		}
		inside = filepath.ToSlash(filepath.Dir(filepath.FromSlash(inside)))
	}
	return ok
}
