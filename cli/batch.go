package cli

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
)

// A batch is one call of pack, smoke, run or publish. Each command reads its flags into a batch and runs it. The batch runs
// the jobs, prints lines and documents, and writes files.
type batch struct {
	process  *Process
	out      *printer
	policies *policy.Chooser
	engine   *lazyEngine
	smoke    *smokeFlags
	progress string

	options pipeline.Options
	tasks   []pipeline.Task
	// do is what is done with each task: Pack, Try or Plan.
	do                    func(*pipeline.Pipeline, context.Context, pipeline.Task) (*pipeline.Result, error)
	found                 findings // of all jobs that have ended
	words                 words
	ready                 func(context.Context) error // makes sure that what the command needs is there; nil: nothing is needed
	showPrinted           bool                        // show what the jobs printed
	metadataFile, iidFile string
}

// sharedFlags are the groups that all commands have which run jobs in an engine.
type sharedFlags struct {
	report  reportFlags
	engine  engineFlags
	network networkFlags
	work    workFlags
	smoke   smokeFlags
}

func (f *sharedFlags) add(s *pflag.FlagSet) {
	f.report.add(s)
	f.engine.add(s)
	f.network.add(s)
	f.work.add(s)
	f.smoke.add(s)
}

// newBatch reads the groups of flags that the commands share.
func newBatch(p *Process, f *sharedFlags) (*batch, error) {
	b := &batch{process: p, smoke: &f.smoke, engine: &lazyEngine{}}
	var err error
	if b.out, b.policies, err = f.report.options(p); err != nil {
		return nil, err
	}
	if b.options.Smoke, err = f.smoke.options(p.Getenv); err != nil {
		return nil, err
	}
	work, err := f.work.options(b.out)
	if err != nil {
		return nil, err
	}
	b.progress, b.options.Progress, b.options.Parallel = work.progress, work.progress, work.parallel
	var trust registry.Trust
	if b.options.Remote, trust, err = f.network.options(p); err != nil {
		return nil, err
	}
	b.engine.options, err = f.engine.options(p)
	b.engine.options.Trust = trust
	return b, err
}

// publish reads where images go. They go nowhere if nothing is published.
func (b *batch) publish(f *publishFlags) (err error) {
	b.options.Registry = f.registry
	if b.options.Publish, err = f.options(b.process); b.options.Publish != nil {
		b.options.Publish.Trust = b.engine.options.Trust
	}
	if f.dryRun {
		b.do = (*pipeline.Pipeline).Plan
	}
	return err
}

// run does what the batch says for all jobs, and returns the worst error. It closes the tasks' images.
func (b *batch) run(ctx context.Context) (err error) {
	defer func() {
		if closeErr := closeImages(b.tasks); closeErr != nil {
			err = errors.Join(err, closeErr)
		}
	}()
	for _, t := range b.tasks {
		if t.Policy, err = b.policies.For(t.Path); err != nil {
			return policyError(err)
		}
	}
	pipe, err := pipeline.New(b.options, b.process.host(b.engine), b.tasks)
	if err := errors.Join(err, b.smoke.checkKept(b.tasks)); err != nil {
		return err
	}
	if b.ready != nil {
		if err := b.ready(ctx); err != nil {
			return err
		}
	}
	return b.each(ctx, pipe)
}

// checkFiles makes sure that all files can be written, before anything is built or published.
func (b *batch) checkFiles() error {
	var paths []string
	for _, o := range b.options.Outputs {
		if o.Load == nil && !o.Dir && o.Dest != "-" {
			paths = append(paths, o.Dest)
		}
	}
	paths = append(paths, b.metadataFile, b.iidFile)
	if err := checkWritable(append(paths, b.out.files()...)...); err != nil {
		return err
	}
	return b.smoke.checkKeepDir()
}

// each runs the jobs, and prints what came of each and of all.
func (b *batch) each(ctx context.Context, pipe *pipeline.Pipeline) error {
	start := time.Now()
	var images []*pipeline.Image
	var worst error
	do := func(ctx context.Context, t pipeline.Task) (*pipeline.Result, error) { return b.do(pipe, ctx, t) }
	for f := range pipe.Each(ctx, do) {
		image := f.Result.Image(f.Err)
		images = append(images, image)
		b.note(f.Result, image)
		if err := b.present(ctx, f); err != nil {
			worst = err
			break
		}
		worst = exit.Worse(ctx, worst, f.Err)
	}
	b.total(images, time.Since(start))
	if err := errors.Join(b.engine.close(), b.finish(images)); err != nil {
		return errors.Join(worst, err)
	}
	if worst != nil && ctx.Err() == nil {
		return toldError{worst}
	}
	return worst
}

// note adds to the findings of the call those of a job.
func (b *batch) note(r *pipeline.Result, image *pipeline.Image) {
	for _, found := range r.Reports {
		b.found.judge(found, r.Policy)
	}
	b.found.failures = append(b.found.failures, failures(image)...)
}

// failures is what could not be checked or done of a job.
func failures(image *pipeline.Image) []report.Failure {
	if image.Error == "" {
		return nil
	}
	return []report.Failure{{Path: image.Manifest, Message: image.Error}}
}

// A batchDocument is what these commands print as JSON: lint's object with the images.
type batchDocument struct {
	report.Document
	Images []*pipeline.Image `json:"images"`
}

// finish writes the files about all jobs. It prints the formats that are one document.
func (b *batch) finish(images []*pipeline.Image) error {
	if err := b.writeID(images); err != nil {
		return err
	}
	doc := batchDocument{report.New(b.found.reports), images}
	if doc.Images == nil {
		doc.Images = []*pipeline.Image{}
	}
	if b.metadataFile != "" {
		if err := writeWhole(b.metadataFile, newFile, func(w *os.File) error { return report.Encode(w, doc) }); err != nil {
			return err
		}
	}
	err := b.out.writeFiles(&b.found)
	if !b.out.oneByOne() {
		err = errors.Join(err, b.out.print(&b.found, doc))
	}
	return err
}

// writeID writes --iidfile, as docker build does. A job that went wrong has no ID.
func (b *batch) writeID(images []*pipeline.Image) error {
	if b.iidFile == "" || len(images) != 1 {
		return nil
	}
	i := images[0]
	id := i.ImageID
	if id == "" {
		id = i.Digest
	}
	if id == "" || i.Stopped != "" && !i.Skipped {
		return nil
	}
	return writeWhole(b.iidFile, newFile, func(w *os.File) error {
		_, err := w.WriteString(id)
		return err
	})
}

// host returns what the pipeline may know of the process.
func (p *Process) host(e *lazyEngine) pipeline.Host {
	return pipeline.Host{Getenv: p.Getenv, Roots: p.roots, Log: p.Stderr, Stage: p.stage, Engine: e.connect}
}

// jobTasks reads the jobs that the arguments name. With a manifest there is exactly one job.
func jobTasks(p *Process, manifest string, args []string) ([]pipeline.Task, error) {
	if manifest == "" {
		jobs, err := job.ReadAll(args, p.Stdin)
		var tasks []pipeline.Task
		for _, j := range jobs {
			tasks = append(tasks, pipeline.Task{Job: j})
		}
		return tasks, err
	}
	if len(args) > 1 {
		return nil, exit.Usagef("--manifest is for one job, %d directories are given", len(args))
	}
	j, err := job.Read(manifest, p.Stdin)
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
		if j, err = job.ReadOne(paths, p.Stdin); err != nil {
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
