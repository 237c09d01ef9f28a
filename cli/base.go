package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
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

	mu    sync.Mutex
	repos map[string]*baseRepo // by the directory of a job
}

// A compared is a job with its earlier state.
type compared struct {
	*compare.Comparison
	from  string // what it is compared with, as findings call it
	isGit bool
}

// newBaseline returns nil if nothing is to be compared.
func newBaseline(p *Process, base, registry string, remote registry.Registry) (*baseline, error) {
	switch {
	case base == "" || base == baseNone:
		return nil, nil
	case base == basePublished && registry == "":
		return nil, exit.Usagef("--base published needs --registry HOST[/NAMESPACE]: where are the images?")
	}
	return &baseline{process: p, base: base, registry: registry, remote: remote, rules: ruleIDs(), repos: map[string]*baseRepo{}}, nil
}

// compare compares a job. It returns nil, and no error, if the job is new: nothing has a name that it could take from others.
// An errNoBase says that neither the registry nor the history could be read.
func (b *baseline) compare(ctx context.Context, j *job.Job) (*compared, error) {
	if j.Dir == "" || j.Path == "-" {
		return nil, nil // it is no job on disk
	}
	switch b.base {
	case basePublished:
		c, _, err := b.published(ctx, j)
		return c, err
	case baseAuto:
		if c, known, err := b.published(ctx, j); known {
			return c, err
		}
	}
	repo, err := b.repo(ctx, j.Dir)
	if err != nil {
		return nil, err
	}
	return repo.compare(j)
}

// published compares a job with the newest image of it. It reports known if the registry said which that is, or that there is
// none.
func (b *baseline) published(ctx context.Context, j *job.Job) (c *compared, known bool, err error) {
	if b.registry == "" {
		return nil, false, nil
	}
	found, err := pipeline.Newest(ctx, b.remote, b.registry, j.Manifest, b.versions(ctx, j))
	if err != nil {
		return nil, false, &noBaseError{fmt.Errorf("what was published cannot be read: %w", err)}
	}
	if found == nil {
		return nil, true, nil
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	result := &compared{Comparison: compare.Manifests(found.Manifest, j.Manifest), from: found.Name()}
	files, why, err := differentDigest(ctx, found.Image, &state{path: j.Path, dir: j.Dir})
	result.Uncompared = why
	if err != nil {
		return nil, true, err
	}
	if files != nil {
		result.Add(compare.Sources(files))
	}
	return result, true, nil
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

// policyOf returns the policy of a job, with the severities of comparisons from the base's own policy file: a change must not
// turn off its own gate.
func (b *baseline) policyOf(ctx context.Context, j *job.Job, own diag.Policy, flags diag.Policy) (diag.Policy, error) {
	rules := maps.Clone(own.Rules)
	repo, err := b.repo(ctx, j.Dir)
	if err != nil || j.Path == "-" {
		return own, nil // there is no base to read it from
	}
	before, err := repo.policy(j, b.rules)
	if err != nil {
		return own, err
	}
	for _, r := range compare.Rules() {
		delete(rules, r.ID)
		for _, p := range []diag.Policy{before, flags} {
			if severity, ok := p.Rules[r.ID]; ok {
				if rules == nil {
					rules = map[string]diag.Severity{}
				}
				rules[r.ID] = severity
			}
		}
	}
	own.Rules = rules
	return own, nil
}

// A noBaseError says that there is no state to compare with.
type noBaseError struct{ error }

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
	case errors.As(err, &none) && b.base == baseAuto:
		found := &diag.Report{Path: j.Path, Source: j.Manifest.Source}
		found.Add(diag.Diagnostic{Rule: baseUnknown, Pointer: "/job", Message: fmt.Sprintf("the versions are not compared with earlier ones: %v", firstLine(none.error.Error())),
			Hint: git.FetchHint})
		return found, nil, nil
	case err != nil:
		return nil, nil, err
	case c == nil || c.Another:
		return nil, nil, nil
	}
	return c.Report(j.Path, c.from), c, nil
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
			if _, ok := other.changes.Repository.Path(dir); ok {
				return other
			}
		}
	}
	repo, err := git.Open(ctx, dir)
	if err != nil {
		return &baseRepo{err: &noBaseError{err}}
	}
	revision := b.base
	if slices.Contains([]string{baseAuto, basePublished}, revision) {
		revision = baseMerge
	}
	commit, name, err := baseCommit(repo, revision, b.process.Getenv)
	if err != nil {
		return &baseRepo{err: &noBaseError{err}}
	}
	r := &baseRepo{name: name}
	if r.changes, err = repo.ChangesSince(commit); err != nil {
		return &baseRepo{err: err}
	}
	r.manifests, r.err = manifestsOf(r.changes.Tree)
	return r
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
	if err == nil {
		err = errors.New("there is no branch to compare with: name a revision with --base")
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
	inside, ok := r.changes.Repository.Path(j.Path)
	if !ok {
		return baseJob{}, false
	}
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
	c := &compared{Comparison: compare.Manifests(was.manifest, j.Manifest), from: r.name, isGit: true}
	old := &commitState{repo: r.changes.Repository, tree: r.changes.Tree, path: was.path}
	files, err := filesOnDisk(r.changes, old, j.Path, j.Dir)
	if err != nil {
		return nil, err
	}
	if files != nil && !files.Empty() {
		c.Add(compare.Sources(files))
	}
	return c, nil
}

// policy returns what the nearest policy files in the commit say of a job.
func (r *baseRepo) policy(j *job.Job, rules []string) (diag.Policy, error) {
	was, ok := r.find(j)
	if !ok {
		inside, _ := r.changes.Repository.Path(j.Path)
		was.path = inside
	}
	var layers []policy.Layer
	for dir := path.Dir(was.path); ; dir = path.Dir(dir) {
		at := path.Join(dir, policy.FileName)
		texts, err := r.changes.Tree.Read(at)
		if err != nil {
			return diag.Policy{}, err
		}
		if text, ok := texts[at]; ok {
			file, err := policy.Read(r.name+":"+at, text, rules)
			if err != nil {
				return diag.Policy{}, nil // it could not be read then either
			}
			name, err := filepath.Rel(filepath.FromSlash(dir), filepath.FromSlash(was.path))
			if err != nil {
				return diag.Policy{}, err
			}
			layers = append(layers, policy.Layer{File: file, Name: filepath.ToSlash(name)})
		}
		if dir == "." || dir == "/" {
			return policy.Of(layers)
		}
	}
}

// document returns the JSON form of a comparison.
func (c *compared) document(path string) *github.JobComparison {
	return &github.JobComparison{Manifest: path, Comparison: github.NewComparison(c.Comparison, c.from, path)}
}
