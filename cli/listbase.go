package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
)

// changedJobs returns the jobs that changed since a base: their manifests, the files that they are built from, or what they share
// with others. With auto, all jobs are returned if there is nothing to compare with.
func changedJobs(ctx context.Context, p *Process, o *listOptions, jobs []*job.Job) ([]*job.Job, error) {
	base := o.base.base
	if base == "" || base == baseNone {
		return jobs, nil
	}
	if base == basePublished {
		return nil, exit.Usagef("list --base compares with a commit: give merge-base or a revision; pack itself sees what is published already")
	}
	l := &changeList{process: p, options: o, base: &baseline{process: p, base: base, rules: ruleIDs(), repos: map[string]*baseRepo{}},
		policies: policy.Chooser{Finder: policy.Finder{Rules: ruleIDs(), May: p.roots.Check}, Roots: p.roots}}
	var changed []*job.Job
	for _, j := range jobs {
		differs, err := l.has(ctx, j)
		var none *noBaseError
		if errors.As(err, &none) && base == baseAuto && !none.unreadable {
			fmt.Fprintln(p.Stderr, report.EscapeLines(fmt.Sprintf("seedpack: all jobs are listed: %s\n%s", firstLine(err.Error()), git.FetchHint)))
			return jobs, nil
		}
		if none != nil && none.unreadable { // what it was is not known, or it is new
			differs, err = true, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.Path, err)
		}
		if differs {
			changed = append(changed, j)
		}
	}
	return changed, nil
}

// A changeList says which jobs changed.
type changeList struct {
	process  *Process
	options  *listOptions
	base     *baseline
	policies policy.Chooser
}

// has reports whether a job changed.
func (l *changeList) has(ctx context.Context, j *job.Job) (bool, error) {
	if j.Path == "-" {
		return true, nil
	}
	repo, err := l.base.repo(ctx, j.Dir)
	if err != nil {
		return false, err
	}
	if l.workflowChanged(repo) || l.policyChanged(repo, j) {
		return true, nil
	}
	was, ok := repo.find(j)
	if !ok || !bytes.Equal(was.manifest.Source.Text, j.Manifest.Source.Text) {
		return true, nil
	}
	files, err := repo.files(was, j)
	if err != nil || files == nil || !files.Empty() {
		return true, err
	}
	shared, err := l.sharedChanged(repo, j)
	return shared, err
}

// workflowChanged reports whether the workflow that runs changed, as GitHub names it: OWNER/REPOSITORY/PATH@REF.
func (l *changeList) workflowChanged(repo *baseRepo) bool {
	_, rest, _ := strings.Cut(l.process.Getenv("GITHUB_WORKFLOW_REF"), "/")
	_, rest, _ = strings.Cut(rest, "/")
	workflow, _, ok := strings.Cut(rest, "@refs/") // a path may have an @
	return ok && slices.Contains(repo.changes.Paths(), workflow)
}

// policyChanged reports whether a policy file beside a job or above it changed.
func (l *changeList) policyChanged(repo *baseRepo, j *job.Job) bool {
	inside, ok := repo.changes.Repository.Path(j.Dir)
	return ok && slices.ContainsFunc(repo.changes.Paths(), func(name string) bool {
		dir := path.Dir(name)
		return path.Base(name) == policy.FileName && (dir == "." || dir == inside || strings.HasPrefix(inside, dir+"/"))
	})
}

// sharedChanged reports whether a file changed that several jobs may be built from: one that build.paths of the policy file
// matches, or one that the flags or the settings of the job name.
func (l *changeList) sharedChanged(repo *baseRepo, j *job.Job) (bool, error) {
	named, err := l.named(j)
	if err != nil {
		return false, err
	}
	for _, place := range append(l.options.shared(), named...) {
		if inside, ok := repo.changes.Repository.Path(place); ok && (slices.Contains(repo.changes.Paths(), inside) || len(repo.changes.Below(inside)) > 0) {
			return true, nil
		}
	}
	file, err := l.policies.Paths(j.Path)
	if file == nil || err != nil {
		return false, policyError(err)
	}
	above, ok := repo.changes.Repository.Path(filepath.Dir(file.Path))
	if !ok {
		return false, nil
	}
	for _, name := range repo.changes.Below(above) {
		matches, err := file.BuildPaths.MatchesOrParentMatches(name)
		if matches || err != nil {
			return matches, err
		}
	}
	return false, nil
}

// named returns the files and directories that the settings of a job name.
func (l *changeList) named(j *job.Job) ([]string, error) {
	b, err := jobBuild(&l.policies, l.process.roots, j.Path, j.Dir)
	if err != nil {
		return nil, policyError(err)
	}
	return b.Places(), nil
}

// shared returns the files and directories that the flags name.
func (o *listOptions) shared() (all []string) {
	for _, spec := range o.contexts {
		if _, source, ok := strings.Cut(spec, "="); ok && pack.IsDirectory(source) {
			all = append(all, source)
		}
	}
	for _, place := range []string{o.context, o.file} {
		if place != "" {
			all = append(all, place)
		}
	}
	return all
}

// maxMatrix is how many jobs GitHub makes of a matrix.
const maxMatrix = 256

// chunks joins jobs to at most maxMatrix entries. An entry of several jobs has their paths on a line each, which the input path of
// the action takes.
func chunks(all []listed) []listed {
	if len(all) <= maxMatrix {
		return all
	}
	size := (len(all) + maxMatrix - 1) / maxMatrix
	var joined []listed
	for some := range slices.Chunk(all, size) {
		one := some[0]
		if len(some) > 1 {
			one = listed{Name: fmt.Sprintf("%s and %d more", some[0].Name, len(some)-1)}
			var paths, manifests []string
			for _, l := range some {
				paths, manifests = append(paths, l.Path), append(manifests, l.Manifest)
			}
			one.Path, one.Manifest = strings.Join(paths, "\n"), strings.Join(manifests, "\n")
		}
		joined = append(joined, one)
	}
	return joined
}
