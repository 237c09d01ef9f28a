package git

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Repository {
	t.Helper()
	r, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRepository(t *testing.T) {
	r := newRepository(t)
	r.write("a/job.json", "one")
	r.write("a/run.sh", "#!/bin/sh")
	r.write("b c/\"x\".txt", "x")
	first := r.commit(time.Unix(1, 0))
	r.write("a/job.json", "two")
	second := r.commit(time.Unix(2, 0))
	repo := open(t, filepath.Join(r.dir, "a"))

	if got, err := repo.Commit("HEAD"); got != second || err != nil {
		t.Errorf("%s %v", got, err)
	}
	for _, wrong := range []string{"none", "--output=x", "-h", "", "HEAD:a"} {
		if got, err := repo.Commit(wrong); err == nil {
			t.Errorf("%q is commit %s", wrong, got)
		}
	}
	if got, err := repo.MergeBase("HEAD~1", "HEAD"); got != first || err != nil {
		t.Errorf("%s %v", got, err)
	}
	if got, err := repo.Parents("HEAD"); !slices.Equal(got, []string{first}) || err != nil {
		t.Errorf("%s %v", got, err)
	}
	tree, err := repo.Tree(first)
	if err != nil || !slices.Equal(tree.Paths(), []string{"a/job.json", "a/run.sh", `b c/"x".txt`}) {
		t.Errorf("%q %v", tree.Paths(), err)
	}
	if got := tree.Below("a"); !slices.Equal(got, []string{"job.json", "run.sh"}) {
		t.Errorf("%q", got)
	}
	texts, err := tree.Read("a/job.json", "none", `b c/"x".txt`)
	if err != nil || len(texts) != 2 || string(texts["a/job.json"]) != "one" || string(texts[`b c/"x".txt`]) != "x" {
		t.Errorf("%q %v", texts, err)
	}

	// What is not committed counts, what is ignored does not.
	r.write(".gitignore", "*.log")
	r.write("a/new.log", "x")
	r.write("a/new.sh", "x")
	if err := os.Remove(filepath.Join(r.dir, "a", "run.sh")); err != nil {
		t.Fatal(err)
	}
	changes, err := repo.ChangesSince(first)
	if err != nil || !slices.Equal(changes.Paths(), []string{".gitignore", "a/job.json", "a/new.sh", "a/run.sh"}) {
		t.Errorf("%q %v", changes.Paths(), err)
	}
	if got := changes.Below("a"); !slices.Equal(got, []string{"job.json", "new.sh", "run.sh"}) {
		t.Errorf("%q", got)
	}
	history, err := repo.History("a/job.json")
	if err != nil || len(history) != 2 || string(history[0]) != "two" || string(history[1]) != "one" {
		t.Errorf("%q %v", history, err)
	}
	if history, err := repo.History("none"); err != nil || len(history) != 0 {
		t.Errorf("%q %v", history, err)
	}
	for path, want := range map[string]string{r.dir: ".", filepath.Join(r.dir, "a", "new", "x"): "a/new/x", filepath.Dir(r.dir): "-"} {
		if got, ok := repo.Path(path); got != want && (ok || want != "-") {
			t.Errorf("%s is %q", path, got)
		}
	}
}

// A directory without a repository, and a shallow clone, are told from a mistake.
func TestRepositoryNone(t *testing.T) {
	r := newRepository(t)
	if _, err := Open(context.Background(), t.TempDir()); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
	r.write("x", "1")
	first := r.commit(time.Unix(1, 0))
	r.write("x", "2")
	r.commit(time.Unix(2, 0))
	clone := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "--quiet", "--depth", "1", "file://"+r.dir, clone)
	shallow := open(t, clone)
	if !shallow.Shallow() || open(t, r.dir).Shallow() {
		t.Error("it is not known which clone is shallow")
	}
	if _, err := shallow.Commit(first); err == nil || !strings.Contains(err.Error(), "fetch-depth: 0") {
		t.Errorf("%v", err)
	}
	if parents, err := shallow.Parents("HEAD"); err != nil || len(parents) != 0 {
		t.Errorf("%q %v", parents, err)
	}
}

// Git runs nothing that a repository names, and fetches nothing: not what a partial clone lacks either.
func TestRepositoryForeign(t *testing.T) {
	r := newRepository(t)
	r.write("job.json", "one")
	r.write(".gitattributes", "* diff=evil\n")
	first := r.commit(time.Unix(1, 0))
	r.write("job.json", "two")
	r.commit(time.Unix(2, 0))
	mark := filepath.Join(t.TempDir(), "mark")
	for _, name := range []string{"diff.external", "diff.evil.command", "diff.evil.textconv", "core.pager", "core.fsmonitor", "core.sshCommand"} {
		r.git("config", name, "touch "+mark+";")
	}
	repo := open(t, r.dir)
	if _, err := repo.ChangesSince(first); err != nil {
		t.Error(err)
	}
	if _, err := repo.History("job.json"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("git ran a program that the repository names")
	}
	r.git("config", "uploadpack.allowFilter", "true")
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.Command("git", "clone", "--quiet", "--no-checkout", "--filter=blob:none", "file://"+r.dir, clone).CombinedOutput(); err != nil {
		t.Fatalf("%s %v", out, err)
	}
	partial := open(t, clone)
	tree, err := partial.Tree(first)
	if err != nil {
		t.Fatal(err)
	}
	if texts, err := tree.Read("job.json"); err == nil {
		t.Errorf("it was fetched: %q", texts)
	}
}

// HEAD may be a commit or one of its ancestors. A later commit, one of another branch, and what a shallow clone cannot know is
// refused.
func TestHeadIn(t *testing.T) {
	r := newRepository(t)
	first := r.commit(time.Unix(1, 0))
	second := r.commit(time.Unix(2, 0))
	r.git("checkout", "--quiet", "-b", "other", first)
	other := r.commit(time.Unix(3, 0))
	shallow := filepath.Join(t.TempDir(), "shallow")
	r.git("clone", "--quiet", "--depth=1", "--branch=other", "file://"+r.dir, shallow)
	for _, tt := range []struct {
		dir, head, commit string
		ok                bool
	}{
		{r.dir, second, second, true},
		{r.dir, first, second, true},
		{r.dir, second, first, false},
		{r.dir, other, second, false},
		{r.dir, first, strings.Repeat("1", 40), false},
		{r.dir, first, "--all", false},
		{shallow, other, other, true},
		{shallow, other, second, false},
	} {
		repository{t, tt.dir}.git("checkout", "--quiet", "--detach", tt.head)
		if err := open(t, tt.dir).HeadIn(tt.commit); (err == nil) != tt.ok {
			t.Errorf("HEAD %s in %s: %v", tt.head, tt.commit, err)
		}
	}
}
