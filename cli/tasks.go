package cli

import (
	"context"
	"errors"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
)

// jobScope returns the paths that a call is about.
func jobScope(manifest string, args []string) []string {
	if manifest != "" && len(args) == 0 {
		return []string{manifest}
	}
	return scope(args)
}

// jobTasks reads the jobs that the arguments name. With a manifest there is exactly one job.
func jobTasks(p *Process, manifest string, args []string) ([]pipeline.Task, error) {
	if manifest == "" {
		jobs, err := job.ReadAll(args, p.roots, p.Stdin)
		var tasks []pipeline.Task
		for _, j := range jobs {
			tasks = append(tasks, pipeline.Task{Job: j})
		}
		return tasks, err
	}
	if len(args) > 1 {
		return nil, exit.Usagef("--manifest is for one job, %d directories are given", len(args))
	}
	j, err := job.Read(manifest, p.roots, p.Stdin)
	if err != nil {
		return nil, err
	}
	if len(args) == 1 {
		j.Dir = args[0]
	}
	return []pipeline.Task{{Job: j}}, nil
}

// imageTask opens an image that was built elsewhere. Its manifest is that of the paths, or without any the one in its label.
func imageTask(ctx context.Context, p *Process, remote registry.Registry, image string, paths []string) ([]pipeline.Task, error) {
	from, err := source.Parse(image)
	if err != nil {
		return nil, exit.Usage(err)
	}
	var j *job.Job
	if len(paths) > 0 {
		if j, err = job.ReadOne(paths, p.roots, p.Stdin); err != nil {
			return nil, err
		}
	}
	t, err := pipeline.Open(ctx, remote, from, j)
	return []pipeline.Task{t}, err
}

func closeImages(tasks []pipeline.Task) error {
	var errs []error
	for _, t := range tasks {
		if t.Image != nil {
			errs = append(errs, t.Image.Close())
		}
	}
	return errors.Join(errs...)
}
