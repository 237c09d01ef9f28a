package cli

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
)

// This file is about the severities of comparisons. A change must not turn off its own gate, so they come from the policy file as it
// was: in the commit that the change begins at, or else in the commit that the published image was built from. If neither is known,
// the policy file of the change can raise these severities, and not lower them. The command line counts in any case.

// policyOf returns the policy of a job with the severities of comparisons as they were.
func (b *baseline) policyOf(ctx context.Context, j *job.Job, own diag.Policy, chooser *policy.Chooser) (diag.Policy, error) {
	if j.Path == "-" || chooser.None {
		return own, nil
	}
	before, known, err := b.policyBefore(ctx, j, chooser)
	if err != nil {
		return own, err
	}
	if !known {
		before = b.raisedOnly(j, own, chooser.Flags)
	}
	own.Rules, own.FailOnOf = maps.Clone(own.Rules), map[string]diag.Severity{}
	for _, r := range compare.Rules() {
		delete(own.Rules, r.ID)
		for _, p := range []diag.Policy{before, chooser.Flags} {
			if severity, ok := p.Rules[r.ID]; ok {
				own = own.With(map[string]diag.Severity{r.ID: severity})
			}
		}
		if chooser.Flags.FailOn == diag.Unset {
			own.FailOnOf[r.ID] = before.FailOn
		}
	}
	return own, nil
}

// raisedOnly returns what a policy says of comparisons, without what is less than the rules say themselves. It remembers that.
func (b *baseline) raisedOnly(j *job.Job, own, flags diag.Policy) diag.Policy {
	kept := map[string]diag.Severity{}
	for _, r := range compare.Rules() {
		severity, said := own.Rules[r.ID]
		_, byFlag := flags.Rules[r.ID]
		switch {
		case !said || byFlag:
		case severity >= r.Severity:
			kept[r.ID] = severity
		default:
			b.mu.Lock()
			b.ignored[j.Path+"\x00"+r.ID] = fmt.Sprintf("%s: %s", r.ID, severity)
			b.mu.Unlock()
		}
	}
	return diag.Policy{Rules: kept, FailOn: own.FailOn}
}

// tellIgnored adds to findings that the policy file would have lowered, and why it does not.
func (b *baseline) tellIgnored(j *job.Job, found *diag.Report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range compare.Rules() {
		said := b.ignored[j.Path+"\x00"+r.ID]
		isFound := slices.ContainsFunc(found.Diagnostics, func(d diag.Diagnostic) bool { return d.Rule == r })
		if said != "" && isFound {
			found.Add(diag.Diagnostic{Rule: baseUnknown, Pointer: "/job", Hint: git.FetchHint,
				Message: fmt.Sprintf("%q of the policy file does not count: a change could turn off its own gate, and the policy before it is not known", said)})
		}
	}
	found.Sort()
}

// policyBefore returns the policy of a job as it was before the change. It reports whether that is known.
func (b *baseline) policyBefore(ctx context.Context, j *job.Job, chooser *policy.Chooser) (p diag.Policy, known bool, err error) {
	repo, err := b.repo(ctx, j.Dir)
	if chooser.File != nil { // only one goroutine may use a file
		b.files.Lock()
		defer b.files.Unlock()
	}
	if err != nil {
		repo = b.built(ctx, j)
	}
	if repo == nil && chooser.File != nil && isElsewhere(ctx, j, chooser.File.Path) {
		p, err = (&policy.Chooser{File: chooser.File}).For(j.Path)
		return p, err == nil, err
	}
	if repo == nil {
		return p, false, nil
	}
	if chooser.File != nil {
		return repo.policyIn(j, chooser, b.rules)
	}
	p, err = repo.policy(j, b.rules)
	return p, err == nil, nil // what a partial clone lacks is not known
}

// isElsewhere reports whether a file lies outside of the repository of a job, so that it is no part of the change.
func isElsewhere(ctx context.Context, j *job.Job, file string) bool {
	repo, err := git.Open(ctx, j.Dir)
	if err != nil {
		return false
	}
	_, inside := repo.Path(file)
	return !inside
}

// built returns the repository of a job at the commit that its newest published image was built from; nil if that is not known.
func (b *baseline) built(ctx context.Context, j *job.Job) *baseRepo {
	if b.base != basePublished && b.base != baseAuto {
		return nil
	}
	p := b.newest(ctx, j)
	if p.revision == "" {
		return nil
	}
	repo, err := git.Open(ctx, j.Dir)
	if err != nil {
		return nil
	}
	commit, err := repo.Commit(p.revision)
	if err != nil {
		return nil
	}
	r := &baseRepo{name: "commit " + short(commit), changes: &git.Changes{Repository: repo}}
	if r.changes.Tree, err = repo.Tree(commit); err != nil {
		return nil
	}
	if r.manifests, err = manifestsOf(r.changes.Tree); err != nil {
		return nil
	}
	return r
}

// revisionOf returns the commit that an image was built from; empty if it does not say one.
func revisionOf(img *source.Image) string {
	for _, p := range img.Platforms {
		if revision := p.Config.Config.Labels[pack.AttributePrefix+"revision"]; git.IsCommit(revision) {
			return revision
		}
	}
	return ""
}

// place returns the path of a job's manifest in the commit.
func (r *baseRepo) place(j *job.Job) string {
	if was, ok := r.find(j); ok {
		return was.path
	}
	inside, _ := r.changes.Repository.Path(j.Path)
	return inside
}

// policy returns what the nearest policy files in the commit say of a job.
func (r *baseRepo) policy(j *job.Job, rules []string) (diag.Policy, error) {
	manifest := r.place(j)
	var layers []policy.Layer
	for dir := path.Dir(manifest); ; dir = path.Dir(dir) {
		layer, ok, err := r.layer(path.Join(dir, policy.FileName), manifest, rules)
		if err != nil {
			return diag.Policy{}, err
		}
		if ok {
			layers = append(layers, layer)
		}
		if dir == "." || dir == "/" {
			return policy.Of(layers)
		}
	}
}

// policyIn returns what the policy file that the command line names said in the commit. A file elsewhere is no part of the change.
func (r *baseRepo) policyIn(j *job.Job, chooser *policy.Chooser, rules []string) (p diag.Policy, known bool, err error) {
	inside, ok := r.changes.Repository.Path(chooser.File.Path)
	if !ok {
		p, err = (&policy.Chooser{File: chooser.File}).For(j.Path)
		return p, true, err
	}
	layer, ok, err := r.layer(inside, r.place(j), rules)
	if !ok || err != nil {
		return diag.Policy{}, true, err
	}
	p, err = policy.Of([]policy.Layer{layer})
	return p, true, err
}

// layer reads a policy file of the commit. A file that could not be read then said nothing.
func (r *baseRepo) layer(at, manifest string, rules []string) (l policy.Layer, ok bool, err error) {
	texts, err := r.changes.Tree.Read(at)
	text, ok := texts[at]
	if !ok || err != nil {
		return l, false, err
	}
	if l.File, err = policy.Read(r.name+":"+at, text, rules); err != nil {
		return l, false, nil
	}
	name, err := filepath.Rel(filepath.FromSlash(path.Dir(at)), filepath.FromSlash(manifest))
	l.Name = filepath.ToSlash(name)
	return l, err == nil, err
}
