package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// A Predecessor is a published image of a job, with the manifest of its label. The caller closes it.
type Predecessor struct {
	*source.Image
	Manifest *seed.Manifest
}

// Name returns how findings call it.
func (p *Predecessor) Name() string { return p.Image.Source.String() }

// EarlierVersions returns the jobVersions that a job had before, as far as its repository knows them.
func EarlierVersions(ctx context.Context, j *job.Job) (all []string) {
	if j.Dir == "" || j.Path == "-" {
		return nil
	}
	repo, err := git.Open(ctx, j.Dir)
	if err != nil {
		return nil
	}
	inside, ok := repo.Path(j.Path)
	if !ok {
		return nil
	}
	texts, _ := repo.History(inside) // what is not known is not asked for
	for _, text := range texts {
		if m := seed.Parse(text); m.Job.Name == j.Manifest.Job.Name {
			all = append(all, m.Job.JobVersion)
		}
	}
	return all
}

// checkPredecessor compares a job with the newest image that was published before it. It returns exit.Findings if the versions
// have not risen as the changes ask for, and the job's policy minds that. What cannot be read is a
// notice, and an error if it was named. What is not shown is not there yet: if it is, reading back what was pushed will say so.
func (p *publisher) checkPredecessor(ctx context.Context, r *Result, request *pack.Request) error {
	last, err := p.before(ctx, r)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if registry.LeadsAstray(err) {
		return err
	}
	if err != nil && p.Predecessor != nil {
		return fmt.Errorf("compare with the predecessor %s, which was named: %w", p.Predecessor, err)
	}
	if err != nil && !registry.IsRefused(err) {
		r.add(compare.Unknown(r.Path, r.Manifest, err))
		return nil
	}
	if last == nil {
		return nil // it is the first
	}
	r.predecessor = last
	c := compare.Manifests(last.Manifest, r.Manifest)
	digest := request.Marks[seed.SourceLabel]
	for _, platform := range last.Platforms {
		if was := platform.Config.Config.Labels[seed.SourceLabel]; was != "" && digest != "" && was != digest {
			c.Add(compare.Sources(&compare.Files{Unknown: true}))
			break
		}
	}
	r.succession = c
	r.add(diag.Merge(c.Report(r.Path, last.Name()), c.Succession(r.Path, last.Name()))[0])
	if r.fails() {
		return exit.Findings
	}
	return nil
}

// before returns the newest image that was published before a job; nil if there is none.
func (p *publisher) before(ctx context.Context, r *Result) (*Predecessor, error) {
	if p.Predecessor == nil {
		return Before(ctx, p.remote, hostOf(r.Name), r.Manifest, EarlierVersions(ctx, r.Job))
	}
	img, err := p.remote.Open(ctx, *p.Predecessor)
	if err != nil {
		return nil, err
	}
	m, _ := verify.FromLabel(img)
	switch {
	case m == nil:
		err = errors.New("it holds no manifest")
	case m.Job.Name != r.Manifest.Job.Name:
		err = fmt.Errorf("it is an image of the job %q, and this is %q", m.Job.Name, r.Manifest.Job.Name)
	default:
		return &Predecessor{img, m}, nil
	}
	return nil, errors.Join(err, img.Close())
}

// hostOf returns HOST[/NAMESPACE] of a reference.
func hostOf(reference string) string { return reference[:strings.LastIndexByte(reference, '/')] }

// maxPredecessors is how many jobVersions are asked for.
const maxPredecessors = 10

// Newest returns the newest published image of a job: the one with the greatest packageVersion of the greatest jobVersion that is
// published. Versions are the jobVersions that the job had before, as far as they are known.
// It returns nil if none of them is published.
func Newest(ctx context.Context, remote registry.Registry, host string, m *seed.Manifest, versions []string) (*Predecessor, error) {
	return newest(ctx, remote, host, m, versions, func(string) bool { return true })
}

// Before is Newest without the image of the same versions, and those after it.
func Before(ctx context.Context, remote registry.Registry, host string, m *seed.Manifest, versions []string) (*Predecessor, error) {
	own := m.Job.PackageVersion
	return newest(ctx, remote, host, m, versions, func(tag string) bool { return semver.Compare("v"+tag, "v"+own) < 0 })
}

// newest asks for one repository after the other. The function says which tags of the job's own jobVersion count.
func newest(ctx context.Context, remote registry.Registry, host string, m *seed.Manifest, versions []string, counts func(tag string) bool) (*Predecessor, error) {
	for _, version := range jobVersions(m, versions) {
		was := *m
		was.Job.JobVersion = version
		name, err := pack.Name(&was, host)
		if err != nil {
			continue // it never had a possible name
		}
		tags, err := remote.Tags(ctx, repositoryOf(name))
		if err != nil {
			return nil, err
		}
		if version == m.Job.JobVersion {
			tags = slices.DeleteFunc(tags, func(tag string) bool { return !counts(tag) })
		}
		tag := greatest(tags)
		if tag == "" {
			continue
		}
		ref, err := remote.Parse(repositoryOf(name) + ":" + tag)
		if err != nil {
			return nil, err
		}
		img, err := source.OpenReference(ctx, ref, remote.Options(ctx)...)
		if err != nil {
			return nil, err
		}
		held, _ := verify.FromLabel(img)
		if held == nil {
			return nil, errors.Join(fmt.Errorf("%s holds no manifest", ref), img.Close())
		}
		return &Predecessor{img, held}, nil
	}
	return nil, nil
}

// jobVersions returns the job's own jobVersion and the others, the newest first, each once. Those after its own are there, too: a
// job whose version is lower than before must not pass for a new one.
func jobVersions(m *seed.Manifest, versions []string) []string {
	all := slices.DeleteFunc(append(slices.Clone(versions), m.Job.JobVersion), func(v string) bool { return !compare.IsVersion(v) })
	slices.SortFunc(all, func(a, b string) int { return compare.Precedence(b, a) })
	all = slices.Compact(all)
	return all[:min(len(all), 1+maxPredecessors)]
}

// greatest returns the tag with the greatest version. It ignores aliases, which are not versions (trap T-38).
func greatest(tags []string) string {
	last := ""
	for _, tag := range tags {
		if compare.IsVersion(tag) && (last == "" || compare.Precedence(tag, last) > 0) {
			last = tag
		}
	}
	return last
}
