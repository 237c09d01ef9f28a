package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
)

// A baseline compares jobs with earlier states of them: the newest published image, or a commit. It asks git and the registry
// once for all jobs. Its methods may be called by several goroutines.
type baseline struct {
	process  *Process
	base     string // of --base; never none
	registry string // HOST[/NAMESPACE]; empty: none is named
	remote   registry.Registry
	rules    []string // IDs of all rules, for policy files of commits

	files     sync.Mutex // of the policy file that the command line names
	mu        sync.Mutex
	repos     map[string]*baseRepo      // by the directory of a job
	published map[string]*publishedBase // by the path of a manifest
	ignored   map[string]string         // by the path of a manifest: what its policy says, and does not count
}

// A compared is a job with its earlier state.
type compared struct {
	*compare.Comparison
	from string // what it is compared with, as findings call it
}

// newBaseline returns nil if nothing is to be compared.
func newBaseline(p *Process, base, registry string, remote registry.Registry) (*baseline, error) {
	switch {
	case base == "" || base == baseNone:
		return nil, nil
	case base == basePublished && registry == "":
		return nil, exit.Usagef("--base published needs --registry HOST[/NAMESPACE]: where are the images?")
	}
	return &baseline{process: p, base: base, registry: registry, remote: remote, rules: ruleIDs(), repos: map[string]*baseRepo{},
		published: map[string]*publishedBase{}, ignored: map[string]string{}}, nil
}

// compare compares a job. It returns nil, and no error, if the job is new: nothing has a name that it could take from others.
// An errNoBase says that neither the registry nor the history could be read.
func (b *baseline) compare(ctx context.Context, j *job.Job) (*compared, error) {
	if j.Dir == "" || j.Path == "-" || compare.Unreadable(j.Manifest) != "" {
		return nil, nil // it is no job on disk, or the linter says that it is none
	}
	if b.base == basePublished || b.base == baseAuto {
		if p := b.newest(ctx, j); p.known || b.base == basePublished {
			return p.compared, p.err
		}
	}
	repo, err := b.repo(ctx, j.Dir)
	if err != nil {
		return nil, err
	}
	return repo.compare(j)
}

// A publishedBase is what the registry said of the newest image of a job.
type publishedBase struct {
	once sync.Once
	// compared is nil if there is no such image. It is known if the registry said which it is, or that there is none.
	compared *compared
	known    bool
	revision string // the commit that the image was built from; empty if it does not say
	err      error
}

// newest compares a job with the newest image of it. It asks the registry once.
func (b *baseline) newest(ctx context.Context, j *job.Job) *publishedBase {
	b.mu.Lock()
	p := b.published[j.Path]
	if p == nil {
		p = &publishedBase{}
		b.published[j.Path] = p
	}
	b.mu.Unlock()
	p.once.Do(func() { p.err = b.ask(ctx, j, p) })
	return p
}

func (b *baseline) ask(ctx context.Context, j *job.Job, p *publishedBase) (err error) {
	if b.registry == "" {
		return nil
	}
	found, err := pipeline.Newest(ctx, b.remote, b.registry, j.Manifest, b.versions(ctx, j))
	if err != nil {
		return &noBaseError{error: fmt.Errorf("what was published cannot be read: %w", err)}
	}
	p.known = true
	if found == nil {
		return nil
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	p.revision = revisionOf(found.Image)
	c := &compared{Comparison: compare.Manifests(found.Manifest, j.Manifest), from: found.Name()}
	files, why, err := differentDigest(ctx, found.Image, &state{path: j.Path, dir: j.Dir})
	if err != nil {
		return err
	}
	c.Uncompared = why
	if files != nil {
		c.Add(compare.Sources(files))
	}
	p.compared = c
	return nil
}

// versions returns the earlier jobVersions of a job, the newest first, as far as git knows them.
func (b *baseline) versions(ctx context.Context, j *job.Job) []string {
	all := pipeline.EarlierVersions(ctx, j)
	if base, err := b.repo(ctx, j.Dir); err == nil { // a shallow clone may have the base, and no history
		if was, ok := base.find(j); ok {
			all = append(all, was.manifest.Job.JobVersion)
		}
	}
	return all
}

// A noBaseError says that there is no state to compare with. It is unreadable if the state is there, and its manifest is torn: a
// change that repairs it must pass.
type noBaseError struct {
	error
	unreadable bool
}

func (e *noBaseError) Unwrap() error { return e.error }

// baseUnknown is reported if auto found nothing to compare with.
var baseUnknown = &diag.Rule{ID: "base-unknown", Severity: diag.Notice, Spec: "2.1.1 S-2.1.1-18",
	Summary: "an earlier state of a job should be known, to compare with it",
	Doc: "Versions can be checked only if the newest published image can be read, or the commit that a change begins at. A shallow clone has\n" +
		"neither history nor that commit: fetch-depth: 0 makes actions/checkout fetch it, GIT_DEPTH: 0 GitLab. Nothing is fetched by itself."}

// report compares a job, and returns the findings. With auto, a base that is not known is a notice. The comparison is nil if
// there is none.
func (b *baseline) report(ctx context.Context, j *job.Job) (*diag.Report, *compared, error) {
	c, err := b.compare(ctx, j)
	var none *noBaseError
	switch {
	case errors.As(err, &none) && (b.base == baseAuto || none.unreadable):
		found := &diag.Report{Path: j.Path, Source: j.Manifest.Source}
		d := diag.Diagnostic{Rule: baseUnknown, Pointer: "/job", Message: fmt.Sprintf("the versions are not compared with earlier ones: %v", firstLine(none.error.Error()))}
		if !none.unreadable {
			d.Hint = git.FetchHint
		}
		found.Add(d)
		return found, nil, nil
	case err != nil:
		return nil, nil, err
	case c == nil || c.Another:
		return nil, nil, nil
	}
	found := c.Report(j.Path, c.from)
	b.tellIgnored(j, found)
	return found, c, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// repo returns the repository of a job with its base.
func (b *baseline) repo(ctx context.Context, dir string) (*baseRepo, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, ok := b.repos[dir]; ok {
		return r, r.err
	}
	r := b.open(ctx, dir)
	b.repos[dir] = r
	return r, r.err
}

// open opens the repository of a directory, or returns the one of another job in it.
func (b *baseline) open(ctx context.Context, dir string) *baseRepo {
	for _, other := range b.repos {
		if other.changes != nil {
			if other.changes.Repository.Owns(dir) {
				return other
			}
		}
	}
	repo, err := git.Open(ctx, dir)
	if err != nil {
		return &baseRepo{err: &noBaseError{error: err}}
	}
	revision := b.base
	if slices.Contains([]string{baseAuto, basePublished}, revision) {
		revision = baseMerge
	}
	commit, name, err := baseCommit(repo, revision, b.process.Getenv)
	if super := repo.Superproject(); super != nil && !isBelow(repo) {
		commit, name, err = pinned(super, repo, revision, b.process.Getenv)
	}
	var none *noBaseError
	if err != nil && !errors.As(err, &none) {
		err = &noBaseError{error: err}
	}
	if err != nil {
		return &baseRepo{err: err}
	}
	r := &baseRepo{name: name}
	if r.changes, err = repo.ChangesSince(commit); err != nil {
		return &baseRepo{err: &noBaseError{error: err}}
	}
	if r.manifests, err = manifestsOf(r.changes.Tree); err != nil { // a partial clone may lack them
		return &baseRepo{err: &noBaseError{error: err}}
	}
	return r
}

// isBelow reports whether the working directory lies in a repository. Otherwise a revision is one of another repository.
func isBelow(repo *git.Repository) bool {
	dir, err := os.Getwd()
	if err != nil {
		return true
	}
	_, inside := repo.Path(dir)
	return inside
}

// pinned returns the commit that a base has of a submodule. A submodule that the base has not is new, and so are its jobs.
func pinned(super, repo *git.Repository, revision string, getenv func(string) string) (commit, name string, err error) {
	base, name, err := baseCommit(super, revision, getenv)
	if err != nil {
		return "", "", err
	}
	tree, err := super.Tree(base)
	if err != nil {
		return "", "", err
	}
	at, _ := super.Path(repo.Top)
	pin := tree.Submodule(at)
	if pin == "" {
		return "", "", &noBaseError{fmt.Errorf("%s has no submodule %q", name, at), true}
	}
	if commit, err = repo.Commit(pin); err != nil {
		return "", "", fmt.Errorf("submodule %q: %w", at, err)
	}
	return commit, name, nil
}

// baseCommit returns the commit of a base, and how findings call it.
func baseCommit(repo *git.Repository, base string, getenv func(string) string) (commit, name string, err error) {
	if base != baseMerge {
		commit, err = repo.Commit(base)
		return commit, base, err
	}
	for _, candidate := range github.BaseRevisions(getenv) {
		if candidate.Whole {
			if commit, err = repo.Commit(candidate.Revision); err == nil {
				return commit, "commit " + short(commit), nil
			}
			continue
		}
		if commit, err = repo.MergeBase(candidate.Revision, "HEAD"); err == nil {
			return commit, "commit " + short(commit), nil
		}
	}
	// A checkout of a pull request alone is a merge: its first parent is what it is merged into.
	if parents, parentErr := repo.Parents("HEAD"); parentErr == nil && len(parents) == 2 && getenv("GITHUB_BASE_REF") != "" {
		return parents[0], "commit " + short(parents[0]), nil
	}
	if _, headErr := repo.Commit("HEAD"); headErr != nil && !repo.Shallow() {
		return "", "", errors.New("the repository has no commit to compare with")
	}
	return "", "", err
}

func short(commit string) string { return commit[:min(len(commit), 12)] }

// A baseRepo is a repository with the commit that its jobs are compared with.
type baseRepo struct {
	err       error
	name      string // of the commit
	changes   *git.Changes
	manifests map[string]*seed.Manifest // of the commit, by their paths
}

// A baseJob is a job of the base.
type baseJob struct {
	path     string
	manifest *seed.Manifest
}

// find looks for a job in the base: by its name, or else by its path. So a moved directory is no new job.
func (r *baseRepo) find(j *job.Job) (baseJob, bool) {
	dir, ok := r.changes.Repository.Path(filepath.Dir(j.Path))
	if !ok {
		return baseJob{}, false
	}
	inside := path.Join(dir, filepath.Base(j.Path))
	if m, ok := r.manifests[inside]; ok && m.Job.Name == j.Manifest.Job.Name {
		return baseJob{inside, m}, true
	}
	for _, at := range slices.Sorted(maps.Keys(r.manifests)) {
		if m := r.manifests[at]; m.Job.Name == j.Manifest.Job.Name && m.Job.Name != "" {
			return baseJob{at, m}, true
		}
	}
	if m, ok := r.manifests[inside]; ok {
		return baseJob{inside, m}, true
	}
	return baseJob{}, false
}

// compare compares a job with that of the base; nil if it is new.
func (r *baseRepo) compare(j *job.Job) (*compared, error) {
	was, ok := r.find(j)
	if !ok {
		return nil, nil
	}
	if why := compare.Unreadable(was.manifest); why != "" {
		return nil, &noBaseError{fmt.Errorf("the manifest cannot be read in %s: %s:%s", r.name, was.path, why), true}
	}
	c := &compared{Comparison: compare.Manifests(was.manifest, j.Manifest), from: r.name}
	files, err := r.files(was, j)
	if err != nil {
		return nil, err
	}
	if files != nil && !files.Empty() {
		c.Add(compare.Sources(files))
	}
	return c, nil
}

// files returns the files of a job that differ from those of the base. They are nil if the job lies elsewhere.
func (r *baseRepo) files(was baseJob, j *job.Job) (*compare.Files, error) {
	old := &commitState{repo: r.changes.Repository, tree: r.changes.Tree, path: was.path}
	return filesOnDisk(r.changes, old, j.Path, j.Dir)
}

// document returns the JSON form of a comparison.
func (c *compared) document(path string) *github.JobComparison {
	return &github.JobComparison{Manifest: path, Comparison: github.NewComparison(c.Comparison, c.from, path)}
}
