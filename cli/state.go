package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// stateForms says how a state of a job is written, for help texts and errors.
const stateForms = "a job's directory or manifest, git:REV[:PATH], or an image: " + source.Forms

// A state is one of the two that diff compares: a job on disk, in a commit, or in the label of an image.
type state struct {
	from     string // as the user wrote it
	path     string // that findings name
	manifest *seed.Manifest
	// One of these says where the files are: dir is that of a job on disk.
	dir    string
	commit *commitState
	image  *source.Image
}

// A commitState is a job in a commit.
type commitState struct {
	repo *git.Repository
	tree *git.Tree
	path string // of the manifest
	text []byte // of the manifest, where a link of the commit leads if that is one
}

// read reads the manifest, and reports whether there is one.
func (c *commitState) read() (found bool, err error) {
	texts, err := c.tree.ReadThrough(c.path)
	c.text, found = texts[c.path]
	return found, err
}

func (s *state) close() error {
	if s.image == nil {
		return nil
	}
	return s.image.Close()
}

// isRevision splits git:REV[:PATH].
func isRevision(arg string) (revision, at string, ok bool) {
	rest, ok := strings.CutPrefix(arg, "git:")
	if !ok || job.IsDirectory(arg) || job.IsFile(arg) {
		return "", "", false
	}
	revision, at, _ = strings.Cut(rest, ":")
	return revision, at, true
}

// openStates opens both states. One in a commit without a path is the job of the other, or of the working directory.
func openStates(ctx context.Context, p *Process, remote registry.Registry, args []string) (old, new *state, err error) {
	all := make([]*state, 2)
	for _, later := range []bool{false, true} { // those on disk and in images first: they say which job is meant
		for i, arg := range args {
			_, at, isGit := isRevision(arg)
			if (isGit && at == "") != later {
				continue
			}
			if all[i], err = openState(ctx, p, remote, arg, all[1-i]); err != nil {
				return all[0], all[1], err
			}
		}
	}
	return all[0], all[1], nil
}

func openState(ctx context.Context, p *Process, remote registry.Registry, arg string, other *state) (*state, error) {
	if revision, at, ok := isRevision(arg); ok {
		return openCommit(ctx, p, arg, revision, at, other)
	}
	if arg == "-" || job.IsDirectory(arg) || job.IsFile(arg) {
		j, err := job.ReadOne([]string{arg}, p.roots, p.Stdin)
		if err != nil {
			return nil, err
		}
		s := &state{from: arg, path: j.Path, manifest: j.Manifest}
		if arg != "-" {
			s.dir = j.Dir
		}
		return s, s.check()
	}
	from, err := source.Parse(arg)
	if err != nil || strings.HasSuffix(arg, ".json") {
		return nil, exit.Usagef("%q is not there, and no image either: give %s", arg, stateForms)
	}
	img, err := remote.Open(ctx, from)
	if err != nil {
		return nil, err
	}
	s := &state{from: arg, path: arg, image: img}
	var found error
	if s.manifest, found = labelled(img); found != nil {
		return s, found
	}
	return s, s.check()
}

// check returns an error for a manifest whose text does not say what it has.
func (s *state) check() error {
	if why := compare.Unreadable(s.manifest); why != "" {
		return fmt.Errorf("%s:%s: the manifest cannot be compared", s.path, why)
	}
	return nil
}

// labelled returns the manifest in the label of an image.
func labelled(img *source.Image) (*seed.Manifest, error) {
	m, found := verify.FromLabel(img)
	if m == nil {
		why := "it has no image"
		if len(found.Diagnostics) > 0 {
			why = found.Diagnostics[0].Message
		}
		return nil, fmt.Errorf("%s holds no manifest: %s", img.Source, why)
	}
	return m, nil
}

// openCommit reads a job of a commit.
func openCommit(ctx context.Context, p *Process, arg, revision, at string, other *state) (*state, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	near := filepath.Join(dir, seed.ManifestFile)
	if other != nil && other.dir != "" {
		near = other.path
	}
	if err := p.roots.Check(near); err != nil {
		return nil, err
	}
	repo, err := git.OpenBare(ctx, filepath.Dir(near))
	if err != nil {
		return nil, exit.Usagef("%s: %w", arg, err)
	}
	commit, err := repo.Commit(revision)
	if err != nil {
		return nil, err
	}
	tree, err := repo.Tree(commit)
	if err != nil {
		return nil, err
	}
	c := &commitState{repo: repo, tree: tree}
	switch {
	case at != "":
		err = c.find(at, dir)
	default:
		err = c.findJob(near, other)
	}
	if err != nil {
		return nil, exit.Usagef("%s: %w", arg, err)
	}
	s := &state{from: arg, path: arg, manifest: seed.Parse(c.text), commit: c}
	return s, s.check()
}

// find looks for the manifest at a path as git writes it: relative to the top, or with ./ or ../ to the working directory.
func (c *commitState) find(at, dir string) error {
	if strings.HasPrefix(at, "./") || strings.HasPrefix(at, "../") || at == "." || at == ".." {
		inside, ok := c.repo.Path(filepath.Join(dir, filepath.FromSlash(at)))
		if !ok {
			return fmt.Errorf("%q lies outside of the repository", at)
		}
		at = inside
	}
	at = path.Clean(at)
	for _, candidate := range []string{at, path.Join(at, seed.ManifestFile)} {
		dir, err := c.tree.Resolve(path.Dir(candidate))
		if err != nil {
			return err
		}
		c.path = path.Join(dir, path.Base(candidate))
		if found, err := c.read(); found || err != nil {
			return err
		}
	}
	return fmt.Errorf("the commit has no manifest at %q", at)
}

// findJob looks for the job of the other state: by its path, or else by its name, since its directory may have moved.
func (c *commitState) findJob(near string, other *state) error {
	if dir, ok := c.repo.Path(filepath.Dir(near)); ok {
		c.path = path.Join(dir, filepath.Base(near))
		if found, err := c.read(); found || err != nil {
			return err
		}
	}
	if other == nil || other.manifest == nil {
		return fmt.Errorf("the commit has no %s there: say where, as in git:REV:PATH", seed.ManifestFile)
	}
	name := other.manifest.Job.Name
	found, err := manifestsOf(c.tree)
	if err != nil {
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(found)) {
		if found[at].Job.Name == name {
			c.path, c.text = at, found[at].Source.Text
			return nil
		}
	}
	return fmt.Errorf("the commit has no job %q: say where it is, as in git:REV:PATH", name)
}

// manifestsOf reads all manifests of a commit, by their paths.
func manifestsOf(tree *git.Tree) (map[string]*seed.Manifest, error) {
	var paths []string
	for _, at := range tree.Paths() {
		if path.Base(at) == seed.ManifestFile {
			paths = append(paths, at)
		}
	}
	texts, err := tree.ReadThrough(paths...)
	if err != nil {
		return nil, err
	}
	all := map[string]*seed.Manifest{}
	for at, text := range texts {
		all[at] = seed.Parse(text)
	}
	return all, nil
}

// compareStates compares manifests, and images or files as far as both states have them.
func compareStates(ctx context.Context, old, new *state) (*compare.Comparison, error) {
	c := compare.Manifests(old.manifest, new.manifest)
	if c.Another {
		return c, nil
	}
	if old.image != nil && new.image != nil {
		changes, err := pipeline.CompareImages(old.image, new.image, old.manifest, new.manifest, source.Differing)
		c.Add(changes...)
		return c, err
	}
	files, why, err := differentSources(ctx, old, new)
	c.Uncompared = why
	if err == nil && files != nil && !files.Empty() {
		c.Add(compare.Sources(files))
	}
	return c, err
}

// differentSources returns the files that an image is built from and that differ. If that is not known, they are nil, and why is
// the reason, as a clause.
func differentSources(ctx context.Context, old, new *state) (files *compare.Files, why string, err error) {
	if old.dir != "" && new.dir != "" && sameDirectory(old.dir, new.dir) {
		return nil, "", nil
	}
	for _, s := range []*state{old, new} {
		if s.alone() {
			return nil, fmt.Sprintf("%s is a manifest with no Dockerfile beside it", s.from), nil
		}
	}
	switch {
	case old.commit != nil && (new.commit != nil || new.dir != ""):
		files, err = filesSince(old.commit, new)
	case new.commit != nil && old.dir != "":
		if files, err = filesSince(new.commit, old); files != nil {
			files.Added, files.Removed = files.Removed, files.Added
		}
	case old.dir != "" && new.dir != "":
		files, err = differentDirectories(ctx, old, new)
	case old.image != nil && new.dir != "":
		return differentDigest(ctx, old.image, new)
	case new.image != nil && old.dir != "":
		return differentDigest(ctx, new.image, old)
	case old.from == "-" || new.from == "-":
		return nil, "a manifest on standard input has none", nil
	default:
		return nil, "those of a commit cannot be compared with those of an image", nil
	}
	if files == nil && err == nil {
		why = "the job and the commit are not in the same repository"
	}
	return files, why, err
}

// alone reports whether a manifest of another name lies where no image is built from, as a copy in a temporary directory does.
// The files beside it are not the job's.
func (s *state) alone() bool {
	switch {
	case s.dir != "" && filepath.Base(s.path) != seed.ManifestFile:
		return !pack.HasDockerfile(s.dir)
	case s.commit != nil && path.Base(s.commit.path) != seed.ManifestFile:
		dir := path.Dir(s.commit.path)
		return !s.commit.tree.Has(path.Join(dir, "Dockerfile")) && !s.commit.tree.Has(path.Join(dir, "dockerfile"))
	}
	return false
}

// sameDirectory reports whether two names are of one directory. Two manifests in it stand for the same files.
func sameDirectory(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// differentDirectories compares the files of two directories.
func differentDirectories(ctx context.Context, old, new *state) (*compare.Files, error) {
	was, err := pack.JobSources(old.path, old.dir).Files(ctx)
	if err != nil {
		return nil, err
	}
	is, err := pack.JobSources(new.path, new.dir).Files(ctx)
	if err != nil {
		return nil, err
	}
	files := &compare.Files{}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if facts, ok := is[name]; !ok {
			files.Removed = append(files.Removed, name)
		} else if facts != was[name] {
			files.Changed = append(files.Changed, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[name]; !ok {
			files.Added = append(files.Added, name)
		}
	}
	return files, nil
}

// differentDigest compares the label of an image with the files of a directory. It knows not which files differ. If the image says
// nothing of them, why is the reason.
func differentDigest(ctx context.Context, img *source.Image, s *state) (files *compare.Files, why string, err error) {
	label, sources := "", ""
	for _, p := range img.Platforms {
		label, sources = p.Config.Config.Labels[seed.FilesLabel], p.Config.Config.Labels[seed.SourceLabel]
	}
	switch {
	case label == "" && sources != "":
		return nil, "the image was built with --file, --context or --build-context", nil
	case label == "":
		return nil, "the image does not say from which files it was built", nil
	}
	digest, err := pack.JobSources(s.path, s.dir).FilesDigest(ctx)
	if err != nil || digest == label {
		return nil, "", err
	}
	return &compare.Files{Unknown: true}, "", nil
}
