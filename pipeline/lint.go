package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/verify/cases"
)

// lint judges the manifest, what the image is made from, and the smoke cases. The caller closes the material.
func (p *Pipeline) lint(ctx context.Context, r *Result) (material, []cases.Case, error) {
	if r.Manifest == nil {
		r.add(r.Label) // which says why the image has no manifest
		r.fails()
		return nil, nil, exit.Findings
	}
	p.begin(r, StageLint)
	r.add(lint.Manifest(r.Path, r.Manifest, lint.Options{Registry: p.opt.Registry}))
	if p.opt.Compare != nil {
		found, err := p.opt.Compare(ctx, r.Job)
		if err != nil {
			return nil, nil, err
		}
		r.add(found)
	}
	m, err := p.material(ctx, r.Task)
	var link *disk.StrayLink
	if errors.As(err, &link) {
		r.add(dockerfile.Refused(link.Path, link))
		r.fails()
		return nil, nil, exit.Findings
	}
	if err != nil {
		return nil, nil, err
	}
	r.add(m.check()...)
	trials, found, err := p.cases(r)
	for i := range trials {
		p.host.Secrets.Add(trials[i].Secrets(r.Manifest)...)
	}
	r.add(found)
	if err == nil && r.fails() {
		err = exit.Findings
	}
	if err != nil {
		m.close()
	}
	return m, trials, err
}

// material reads the Dockerfile of a job, or takes its image.
func (p *Pipeline) material(ctx context.Context, t Task) (material, error) {
	if t.Image != nil {
		return &foreignImage{Task: t, platforms: p.buildOf(&t).Platforms, published: p.opt.Publish != nil}, nil
	}
	build := p.buildOf(&t)
	d := &dockerfileText{build: *build, job: t.Job, getenv: p.host.Getenv}
	d.path, _ = job.Dockerfile(t.Dir)
	if build.File != "" {
		d.path = build.File
	}
	if err := p.host.Roots.Check(d.path); err != nil {
		return nil, err
	}
	if err := disk.CheckLink(d.path, filepath.VolumeName(d.path)+string(filepath.Separator)); err != nil {
		return nil, err // the build refuses links out of its directories
	}
	var err error
	d.text, err = disk.ReadFile(d.path, disk.MaxJobText)
	if errors.Is(err, fs.ErrNotExist) && build.File == "" {
		return nil, exit.Usagef("%s: there is no such file\n%s", d.path, otherDockerfile(t.Dir))
	}
	if err != nil {
		return nil, err
	}
	if err := dockerfile.CheckStage(d.text, build.Target); err != nil {
		return nil, exit.Usagef("%s %w", d.path, err)
	}
	d.epoch = epochGiven(build.Args, p.host.Getenv)
	d.commit = askCommit(ctx, d)
	return d, nil
}

// otherDockerfile says what to do if a job has no Dockerfile.
func otherDockerfile(dir string) string {
	switch like := job.LikeDockerfiles(dir); len(like) {
	case 0:
		return "write a Dockerfile beside the manifest, or name one with --file"
	case 1:
		return fmt.Sprintf("is it %s? then give --file %s", like[0], like[0])
	default:
		return fmt.Sprintf("these look like one, name it with --file: %s", strings.Join(like[:min(len(like), 5)], ", "))
	}
}

// cases reads those of the smoke file, or makes some from the manifest.
func (p *Pipeline) cases(r *Result) ([]cases.Case, *diag.Report, error) {
	j := r.Job
	path, named := p.casesPath(j)
	switch {
	case p.opt.Cases != nil:
		return p.opt.Cases(j)
	case p.opt.Smoke.Off:
		return nil, nil, nil
	case j.Dir == "" && !named && p.opt.Smoke.Update:
		return nil, nil, exit.Usagef("%s: a job without a directory has no smoke file to update: name it with --cases", j.Path)
	case j.Dir == "" && !named:
		return cases.Made(j.Manifest), nil, nil
	}
	if err := p.host.Roots.Check(path); err != nil {
		return nil, nil, err
	}
	var link *disk.StrayLink
	switch err := disk.CheckLink(path, disk.Checkout(filepath.Dir(path))); {
	case errors.As(err, &link) && !named:
		return nil, cases.Refused(path, err), nil
	case err != nil && !named:
		return nil, nil, err
	}
	text, err := disk.ReadFile(path, disk.MaxJobText)
	if errors.Is(err, fs.ErrNotExist) && p.opt.Smoke.Update {
		return nil, nil, noSmokeFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) && !named {
		return cases.Made(j.Manifest), nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	r.smokeFile = text
	trials, found := cases.Read(path, text, j.Manifest, caseEnv(p.host.Getenv))
	return trials, found, nil
}

// casesPath returns the smoke file of a job, and whether the user named it, so that it must exist.
func (p *Pipeline) casesPath(j *job.Job) (path string, named bool) {
	if p.opt.Smoke.File != "" {
		return p.opt.Smoke.File, true
	}
	return filepath.Join(j.Dir, cases.File), false
}

// SecretVariable begins the names of variables in which a step of GitHub Actions hands over secrets.
const SecretVariable = "SEEDPACK_SECRET_"

// caseEnv returns the environment that a smoke file may see. It hides what a runner keeps there for actions alone: the
// author of the smoke file could have the job print it.
func caseEnv(getenv func(string) string) func(string) string {
	return func(name string) string {
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "ACTIONS_") || strings.HasPrefix(upper, "INPUT_") || strings.HasPrefix(upper, SecretVariable) {
			return ""
		}
		return getenv(name)
	}
}
