package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Repository is a work tree and its history. It may be foreign: nothing there is changed, and nothing is fetched.
type Repository struct {
	// Top is the top directory of the work tree, without links; empty if there is none.
	Top string
	git program
}

// ErrNone is the error for a directory that lies in no work tree, and for a machine without git.
var ErrNone = errors.New("there is no git repository")

// OpenBare is Open for a directory that may also be, or lie in, a repository without a work tree. Such a repository has commits
// alone: its Top is empty, and no file has a path in it.
func OpenBare(ctx context.Context, dir string) (*Repository, error) {
	repo, err := Open(ctx, dir)
	if !errors.Is(err, ErrNone) {
		return repo, err
	}
	g, findErr := find(ctx)
	if findErr != nil {
		return nil, err
	}
	g.dir = dir
	out, bareErr := g.run("rev-parse", "--is-bare-repository", "--absolute-git-dir")
	if is, at, _ := strings.Cut(strings.TrimSuffix(out, "\n"), "\n"); bareErr == nil && is == "true" {
		g.dir = at
		return &Repository{git: g}, nil
	}
	return nil, err
}

// Open finds the work tree that a directory lies in.
func Open(ctx context.Context, dir string) (*Repository, error) {
	g, err := find(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: git is not installed", ErrNone)
	}
	if err := checkFiles(dir); err != nil {
		return nil, err
	}
	g.dir = dir
	top, err := g.run("rev-parse", "--show-toplevel")
	if err != nil {
		if said := noWorkTree(err); said != "" {
			return nil, errors.New(said)
		}
		return nil, fmt.Errorf("%w at %q", ErrNone, dir)
	}
	if g.dir, err = filepath.EvalSymlinks(strings.TrimSuffix(top, "\n")); err != nil {
		return nil, err
	}
	return &Repository{Top: g.dir, git: g}, nil
}

// Path returns the path of a file as git knows it: relative to the top, with slashes. It reports whether the file lies in the
// work tree. The file need not exist.
func (r *Repository) Path(file string) (path string, ok bool) {
	absolute, err := filepath.Abs(file)
	if err != nil || r.Top == "" {
		return "", false
	}
	dir, rest := absolute, ""
	for {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			relative, err := filepath.Rel(r.Top, filepath.Join(real, rest))
			if err != nil || !filepath.IsLocal(relative) {
				return "", false
			}
			return filepath.ToSlash(relative), true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
		dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest)
	}
}

// Commit returns the commit that a revision names.
func (r *Repository) Commit(revision string) (string, error) {
	out, err := r.git.run("rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if commit := strings.TrimSpace(out); err == nil && commit != "" {
		return commit, nil
	}
	if err := stuck(err); err != nil {
		return "", err
	}
	return "", fmt.Errorf("git knows no commit %q here%s", revision, r.shallowHint())
}

// commitForm is the form of a whole name of a commit, by SHA-1 or SHA-256.
var commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// IsCommit reports whether a text is the whole name of a commit.
func IsCommit(text string) bool { return commitForm.MatchString(text) }

// MergeBase returns the last commit that two revisions have in common.
func (r *Repository) MergeBase(a, b string) (string, error) {
	first, err := r.Commit(a)
	if err != nil {
		return "", err
	}
	second, err := r.Commit(b)
	if err != nil {
		return "", err
	}
	out, err := r.git.run("merge-base", first, second)
	if err := stuck(err); err != nil {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("git finds no common commit of %q and %q%s", a, b, r.shallowHint())
	}
	return strings.TrimSpace(out), nil
}

// Parents returns the parents of a revision, as far as the clone has them.
func (r *Repository) Parents(revision string) ([]string, error) {
	commit, err := r.Commit(revision)
	if err != nil {
		return nil, err
	}
	out, err := r.git.run("rev-list", "--parents", "-n", "1", commit)
	if err != nil {
		return nil, err
	}
	return strings.Fields(out)[1:], nil
}

// Shallow reports whether the clone lacks a part of the history.
func (r *Repository) Shallow() bool {
	out, err := r.git.run("rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(out) == "true"
}

// HeadIn returns an error unless HEAD is a commit or one of its ancestors. A shallow clone whose HEAD is another commit does not
// know, which is an error, too.
func (r *Repository) HeadIn(commit string) error {
	head, err := r.Commit("HEAD")
	if err != nil {
		return err
	}
	switch {
	case head == commit:
		return nil
	case r.Shallow():
		return fmt.Errorf("HEAD of %s is %s, and a shallow clone does not know whether that is in the history of %s", r.Top, head, commit)
	}
	full, err := r.Commit(commit)
	if err != nil {
		return fmt.Errorf("HEAD of %s is %s: %w", r.Top, head, err)
	}
	if _, err := r.git.run("merge-base", "--is-ancestor", head, full); stuck(err) != nil {
		return err
	} else if err != nil {
		return fmt.Errorf("HEAD of %s is %s, which is not in the history of %s", r.Top, head, commit)
	}
	return nil
}

// FetchHint says how to get a whole history.
const FetchHint = "fetch the whole history: fetch-depth: 0 for actions/checkout, GIT_DEPTH: 0 for GitLab, git fetch --unshallow elsewhere"

func (r *Repository) shallowHint() string {
	if !r.Shallow() {
		return ""
	}
	return ": the clone is shallow\n" + FetchHint
}

// A Tree is the files of a commit.
type Tree struct {
	Commit string
	repo   *Repository
	blobs  map[string]blob
}

type blob struct{ mode, id string }

// Tree lists the files of a commit.
func (r *Repository) Tree(commit string) (*Tree, error) {
	out, err := r.git.run("ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, fmt.Errorf("list the files of commit %s: %w", commit, err)
	}
	t := &Tree{Commit: commit, repo: r, blobs: map[string]blob{}}
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		head, path, ok := strings.Cut(entry, "\t")
		if fields := strings.Fields(head); ok && len(fields) == 3 && (fields[1] == "blob" || fields[0] == submoduleMode) {
			t.blobs[path] = blob{fields[0], fields[2]}
		}
	}
	return t, nil
}

// Paths returns the paths of all files and submodules, sorted.
func (t *Tree) Paths() []string {
	all := make([]string, 0, len(t.blobs))
	for path := range t.blobs {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

// Has reports whether the commit has a regular file of that path.
func (t *Tree) Has(path string) bool {
	b, ok := t.blobs[path]
	return ok && strings.HasPrefix(b.mode, "100")
}

// maxBlob is more than any file has that is read from a commit.
const maxBlob = 16 << 20

// Read returns the content of files, by their paths. It leaves out those that the commit lacks.
func (t *Tree) Read(paths ...string) (map[string][]byte, error) {
	return t.contents(slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !t.Has(path) })...)
}

// contents returns what the objects of files and links hold, by their paths.
func (t *Tree) contents(asked ...string) (map[string][]byte, error) {
	var names strings.Builder
	for _, path := range asked {
		names.WriteString(t.blobs[path].id + "\n")
	}
	if len(asked) == 0 {
		return map[string][]byte{}, nil
	}
	out, err := t.repo.git.contents(names.String())
	if err != nil {
		return nil, fmt.Errorf("read files of commit %s: %w", t.Commit, err)
	}
	return readBatch(asked, []byte(out))
}

// readBatch reads what cat-file prints: a line with the size, the content and a line end for each object.
func readBatch(asked []string, out []byte) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, path := range asked {
		head, rest, _ := bytes.Cut(out, []byte("\n"))
		fields := strings.Fields(string(head))
		if len(fields) != 3 || fields[1] != "blob" {
			return nil, fmt.Errorf("%q is not in this clone: git says %q", path, string(head))
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil || size < 0 || size > maxBlob || size >= len(rest) {
			return nil, fmt.Errorf("%q has %s bytes, more than are read", path, fields[2])
		}
		all[path], out = rest[:size:size], rest[size+1:]
	}
	return all, nil
}

// changed returns the paths, relative to the top, of files that differ between a commit and the work tree: with what is not
// committed, and without what git ignores. Of submodules it returns their files. Had has those that the commit has in submodules.
func (r *Repository) changed(t *Tree) (paths []string, had map[string]bool, err error) {
	tracked, err := r.git.runOnFiles("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", t.Commit, "--")
	if err != nil {
		return nil, nil, fmt.Errorf("compare commit %s with the work tree: %w", t.Commit, err)
	}
	untracked, err := r.git.run("ls-files", "--others", "--exclude-standard", "-z")
	if err != nil {
		return nil, nil, fmt.Errorf("list the files that are not committed: %w", err)
	}
	list, err := r.withoutSame(t, tracked, untracked)
	if err != nil {
		return nil, nil, err
	}
	had = map[string]bool{}
	for at, blob := range t.blobs {
		if blob.mode != submoduleMode {
			continue
		}
		inner, known, err := r.changedIn(at, blob.id)
		if err != nil {
			return nil, nil, err
		}
		if known { // its files say more than its commit
			list = strings.ReplaceAll("\x00"+list, "\x00"+at+"\x00", "\x00")
		}
		for path, inCommit := range inner {
			list += at + "/" + path + "\x00"
			had[at+"/"+path] = inCommit
		}
	}
	return fields(list), had, nil
}

// withoutSame joins two lists of paths, and leaves out the files that are only gone from the index: not tracked any more, and still as
// the commit has them.
func (r *Repository) withoutSame(t *Tree, tracked, untracked string) (string, error) {
	same := map[string]bool{}
	for _, path := range fields(untracked) {
		if !t.Has(path) {
			continue
		}
		holds, err := t.Holds(path, filepath.Join(r.Top, filepath.FromSlash(path)))
		if err != nil {
			return "", fmt.Errorf("compare %q with commit %s: %w", path, t.Commit, err)
		}
		same[path] = holds
	}
	all := slices.DeleteFunc(fields(tracked+untracked), func(path string) bool { return same[path] })
	return strings.Join(append(all, ""), "\x00"), nil
}

// changedIn returns the paths of files that differ between a commit of a submodule and its work tree, and of each whether the
// commit has it. It reports known if the submodule is checked out and has the commit.
func (r *Repository) changedIn(at, commit string) (paths map[string]bool, known bool, err error) {
	sub, err := r.submodule(at)
	if sub == nil || err != nil {
		return nil, false, err
	}
	if commit, err = sub.Commit(commit); err != nil {
		return nil, false, stuck(err)
	}
	changes, err := sub.ChangesSince(commit)
	if err != nil {
		return nil, false, err
	}
	paths = map[string]bool{}
	for _, path := range changes.paths {
		paths[path] = changes.Had(path)
	}
	return paths, true, nil
}

// fields splits a list that ends each entry with a zero byte. It sorts it, and drops what is there twice.
func fields(list string) []string {
	all := slices.DeleteFunc(strings.Split(list, "\x00"), func(s string) bool { return s == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

// maxHistory is how many versions of a file are read.
const maxHistory = 500

// History returns earlier contents of a file that is committed, the newest first, as far as the clone has them: one for each
// commit that changed it.
func (r *Repository) History(path string) ([][]byte, error) {
	out, err := r.git.run("log", "--no-show-signature", "--format=%H", "-n", strconv.Itoa(maxHistory), "--", path)
	if err != nil {
		return nil, stuck(err) // or else there is no commit yet
	}
	var names strings.Builder
	var asked []string
	for _, commit := range strings.Fields(out) {
		if !strings.ContainsAny(path, "\n") {
			asked = append(asked, commit)
			names.WriteString(commit + ":" + path + "\n")
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	out, err = r.git.contents(names.String())
	if err != nil {
		return nil, fmt.Errorf("read the history of %q: %w", path, err)
	}
	var all [][]byte
	rest := []byte(out)
	for range asked {
		var head []byte
		head, rest, _ = bytes.Cut(rest, []byte("\n"))
		words := strings.Fields(string(head))
		if len(words) != 3 || words[1] != "blob" {
			continue // the commit removed the file
		}
		size, err := strconv.Atoi(words[2])
		if err != nil || size < 0 || size >= len(rest) {
			break
		}
		all, rest = append(all, rest[:size:size]), rest[size+1:]
	}
	return all, nil
}

// contents returns what cat-file prints of objects, whose names are given line by line.
func (g program) contents(names string) (string, error) {
	g.stdin = strings.NewReader(names)
	return g.runMost(maxContent, "cat-file", "--batch")
}
