package git

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// evil has the repository name a program for each of its files, and returns the file that the program would make.
func (r repository) evil(setting string) string {
	mark := filepath.Join(r.t.TempDir(), "mark")
	r.write(".gitattributes", "* filter=evil.one\n")
	r.git("config", "filter.evil.one."+setting, "touch "+mark+"; cat")
	r.git("config", "filter.evil.one.required", "true")
	return mark
}

// touch makes git read a file again, which it has not changed.
func (r repository) touch(name string) {
	r.t.Helper()
	if err := os.Chtimes(filepath.Join(r.dir, name), time.Unix(5, 0), time.Unix(5, 0)); err != nil {
		r.t.Fatal(err)
	}
}

// Git runs no filter that a repository defines, in itself or in a submodule, and says what changed nevertheless.
func TestFilters(t *testing.T) {
	for _, setting := range []string{"clean", "process"} {
		for _, isSubmodule := range []bool{false, true} {
			r := newRepository(t)
			r.write("job/run.sh", "one")
			r.write("job/same.sh", "one")
			first := r.commit(time.Unix(1, 0))
			inner, at := r, "job/"
			if isSubmodule {
				top := repository{t, t.TempDir()}
				top.git("init", "--quiet")
				top.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", r.dir, "job/sub")
				r, inner, at = top, repository{t, filepath.Join(top.dir, "job", "sub")}, "job/sub/job/"
				first = r.commit(time.Unix(1, 0))
			}
			mark := inner.evil(setting)
			inner.touch("job/same.sh")
			inner.write("job/run.sh", "two")

			changes, err := open(t, r.dir).ChangesSince(first)
			if err != nil || !slices.Contains(changes.Paths(), at+"run.sh") || slices.Contains(changes.Paths(), at+"same.sh") {
				t.Errorf("%s: %q, %v", setting, changes.Paths(), err)
			}
			if c, unknown := LastCommit(t.Context(), []string{filepath.Join(r.dir, "job")}); c.Revision != "" || !strings.Contains(unknown, "is not committed as it is") {
				t.Errorf("%s: %+v, %q", setting, c, unknown)
			}
			if _, err := os.Stat(mark); err == nil {
				t.Errorf("%s: git ran a program that the repository names", setting)
			}
		}
	}
}

// The programs of Git LFS, and those that the user has set up, are run as ever. A filter that cannot be turned off is an error.
func TestOwnFilters(t *testing.T) {
	r := newRepository(t)
	user := r.write("user.config", "[filter \"mine\"]\n\tclean = cat\n")
	t.Setenv("GIT_CONFIG_GLOBAL", user)
	names := func() []string {
		t.Helper()
		names, err := open(t, r.dir).git.ownFilters()
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if got := names(); len(got) > 0 {
		t.Errorf("%q", got)
	}
	r.git("config", "filter.lfs.clean", "git-lfs clean -- %f")
	r.git("config", "filter.lfs.process", "git-lfs filter-process")
	r.git("config", "filter.lfs.required", "true")
	r.git("config", "filter.A b.clean", "cat")
	if got := names(); !slices.Equal(got, []string{"A b"}) {
		t.Errorf("%q", got)
	}
	r.git("config", "filter.lfs.clean", "git-lfs clean -- %f; true")
	if got := names(); !slices.Equal(got, []string{"A b", "lfs"}) {
		t.Errorf("%q", got)
	}
	r.git("config", "filter.a=b.clean", "cat")
	if _, err := open(t, r.dir).git.withoutFilters(); err == nil || !strings.Contains(err.Error(), "cannot be turned off") {
		t.Error(err)
	}
}

// A hook of git has variables that name its repository: they are left out, unless the user names a work tree as well.
func TestEnvironment(t *testing.T) {
	dir, err := filepath.Abs(".git")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ own, want []string }{
		{[]string{"A=1", "GIT_DIR=.git", "GIT_INDEX_FILE=.git/index", "GIT_PREFIX=", "GIT_AUTHOR_NAME=a"}, []string{"A=1", "GIT_AUTHOR_NAME=a"}},
		{[]string{"GIT_DIR=.git", "GIT_WORK_TREE=/w", "GIT_PREFIX=x/"}, []string{"GIT_DIR=" + dir, "GIT_WORK_TREE=/w", "GIT_PREFIX=x/"}},
	} {
		if got := environment(tt.own); !slices.Equal(got[:len(tt.want)], tt.want) || len(got) != len(tt.want)+5 {
			t.Errorf("%q", got)
		}
	}
}

// In a hook of a linked work tree git names the repository, and not the work tree. The files are those of the work tree.
func TestHookOfALinkedWorkTree(t *testing.T) {
	r := newRepository(t)
	r.write("job/run.sh", "one")
	first := r.commit(time.Unix(1, 0))
	linked := filepath.Join(t.TempDir(), "linked")
	r.git("worktree", "add", "--quiet", linked)
	repository{t, linked}.write("job/run.sh", "two")
	t.Setenv("GIT_DIR", filepath.Join(r.dir, ".git", "worktrees", "linked"))
	t.Setenv("GIT_INDEX_FILE", filepath.Join(r.dir, ".git", "worktrees", "linked", "index"))
	changes, err := open(t, filepath.Join(linked, "job")).ChangesSince(first)
	if err != nil || !slices.Equal(changes.Paths(), []string{"job/run.sh"}) || !changes.Had("job/run.sh") {
		t.Errorf("%q, %v", changes.Paths(), err)
	}
}

// Of a submodule the files count: those that its commits have, and those that are not committed.
func TestSubmodules(t *testing.T) {
	inner := newRepository(t)
	inner.write("lib.sh", "one")
	old := inner.commit(time.Unix(1, 0))
	inner.write("lib.sh", "two")
	inner.commit(time.Unix(2, 0))
	r := repository{t, t.TempDir()}
	r.git("init", "--quiet")
	r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.dir, "job/lib")
	first := r.commit(time.Unix(3, 0))
	sub := repository{t, filepath.Join(r.dir, "job", "lib")}
	want := func(step string, paths ...string) {
		t.Helper()
		changes, err := open(t, r.dir).ChangesSince(first)
		if err != nil || !slices.Equal(changes.Paths(), paths) {
			t.Errorf("%s: %q, %v", step, changes.Paths(), err)
		}
		for _, path := range paths {
			if changes.Had(path) != (path != "job/lib/new.sh") {
				t.Errorf("%s: the commit has %s: %v", step, path, changes.Had(path))
			}
		}
	}
	want("nothing")
	if c, unknown := LastCommit(t.Context(), []string{filepath.Join(r.dir, "job")}); c.Revision != first {
		t.Errorf("%+v, %q", c, unknown)
	}
	sub.write("lib.sh", "three")
	sub.write("new.sh", "")
	want("dirty", "job/lib/lib.sh", "job/lib/new.sh")
	if c, unknown := LastCommit(t.Context(), []string{filepath.Join(r.dir, "job")}); c.Revision != "" || !strings.Contains(unknown, `lib/lib.sh" is not committed`) {
		t.Errorf("%+v, %q", c, unknown)
	}
	sub.git("checkout", "--quiet", "--force", old)
	sub.git("clean", "--quiet", "--force")
	want("another commit", "job/lib/lib.sh")
	second := r.commit(time.Unix(4, 0))
	repo := open(t, r.dir)
	before, err := repo.Tree(first)
	if err != nil {
		t.Fatal(err)
	}
	after, err := repo.Tree(second)
	if err != nil || before.ID("job/lib") == after.ID("job/lib") || before.ID("job/lib") == "" || before.Has("job/lib") {
		t.Errorf("%q is %q in the second commit, %v", before.ID("job/lib"), after.ID("job/lib"), err)
	}
	r.git("submodule", "--quiet", "deinit", "--force", "job/lib")
	want("not checked out", "job/lib")
}

// A repository without a work tree has commits, and files have no path in it.
func TestOpenBare(t *testing.T) {
	r := newRepository(t)
	r.write("x", "1")
	first := r.commit(time.Unix(1, 0))
	bare := filepath.Join(t.TempDir(), "bare")
	r.git("clone", "--quiet", "--bare", r.dir, bare)
	if _, err := Open(t.Context(), bare); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if _, err := OpenBare(t.Context(), t.TempDir()); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	for _, dir := range []string{bare, filepath.Join(bare, "refs"), r.dir} {
		repo, err := OpenBare(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := repo.Tree(first)
		if err != nil || !tree.Has("x") {
			t.Errorf("%s: %q, %v", dir, tree.Paths(), err)
		}
		if _, ok := repo.Path(filepath.Join(dir, "x")); ok != (dir == r.dir) {
			t.Errorf("%s: a path is in it: %v", dir, ok)
		}
	}
}

// A file is told from that of a commit by its content, its executable bit, or its target, whatever its size and the names of objects.
func TestHolds(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		r := newRepository(t)
		r = repository{t, t.TempDir()}
		r.git("init", "--quiet", "--object-format="+format)
		r.write("text", "one")
		r.write("empty", "")
		r.write("large", strings.Repeat("x", maxBlob+1))
		r.write("run", "one")
		if err := os.Chmod(filepath.Join(r.dir, "run"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("text", filepath.Join(r.dir, "link")); err != nil {
			t.Fatal(err)
		}
		tree, err := open(t, r.dir).Tree(r.commit(time.Unix(1, 0)))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"text", "empty", "large", "run", "link"} {
			for _, file := range []string{"text", "empty", "large", "run", "link", "none", "."} {
				if same, err := tree.Holds(path, filepath.Join(r.dir, file)); err != nil || same != (path == file) {
					t.Errorf("%s: %s is %s: %v, %v", format, file, path, same, err)
				}
			}
		}
		if same, err := tree.Holds("none", filepath.Join(r.dir, "text")); err != nil || same {
			t.Errorf("%v %v", same, err)
		}
	}
}
