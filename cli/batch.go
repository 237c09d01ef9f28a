package cli

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pipeline"
)

// sharedFlags are the groups of all commands that run jobs in an engine.
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

// A session is what the flags of a command give: how to print and judge, and what to do with jobs.
type session struct {
	out      *printer
	policies *policy.Chooser
	engine   *lazyEngine
	smoke    *smokeFlags
	options  pipeline.Options  // Publish is nil until a batch decides
	publish  *pipeline.Publish // how images would be published; nil for commands that never do
	given    map[string]string // what flags say of the build, by the names of pipeline.Build.From
}

// options reads the shared groups, and those that a command has besides: publish and build may be nil.
func (f *sharedFlags) options(p *Process, publish *publishFlags, build *buildFlags) (*session, error) {
	s := &session{smoke: &f.smoke, engine: &lazyEngine{process: p}}
	var err error
	if s.out, s.policies, err = f.report.options(p); err != nil {
		return nil, err
	}
	if publish != nil {
		s.options.Registry = publish.registry
		if s.publish, err = publish.options(); err != nil {
			return nil, err
		}
	}
	if s.options.Smoke, err = f.smoke.options(p.Getenv); err != nil {
		return nil, err
	}
	if publish != nil && publish.attestSmoke && s.options.Smoke.Off {
		return nil, exit.Usagef("--attest-smoke attaches what the smoke run came to: leave it out, or --smoke %s", smokeOff)
	}
	if build != nil {
		if s.options.Build, err = build.options(p.Getenv); err != nil {
			return nil, err
		}
		s.given = build.given()
	}
	if s.options.Progress, err = f.work.options(s.out); err != nil {
		return nil, err
	}
	s.options.Parallel = f.work.parallel
	var trust registry.Trust
	if s.options.Remote, trust, err = f.network.options(p); err != nil {
		return nil, err
	}
	s.engine.options, err = f.engine.options(p)
	s.engine.options.Trust = trust
	return s, err
}

// A batch is one call of pack, smoke, run or publish. It runs the jobs, prints lines and documents, and writes files.
type batch struct {
	*session
	tasks []pipeline.Task
	found findings // of all jobs that have ended
	words words
	// do is what is done with each task.
	do func(*pipeline.Pipeline, context.Context, pipeline.Task) (*pipeline.Result, error)
	// publishing decides whether images are published; nil: they are not.
	publishing            *publishFlags
	dryRun                bool
	after                 func(*pipeline.Pipeline, *pipeline.Result) error // called when a job's results have been printed; may be nil
	check                 func() error                                     // refuses options that do not fit the tasks; may be nil
	docker                *engine.DockerHost                               // must answer; nil: it need not
	showPrinted           bool                                             // show what the jobs printed
	metadataFile, iidFile string
	base                  *baseline // with which jobs are compared; nil: with nothing
	compared              comparisons
}

// comparisons collects those of jobs that may run side by side.
type comparisons struct {
	mu  sync.Mutex
	all map[string]*github.JobComparison // by the path of the manifest
}

func (c *comparisons) add(path string, one *compared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]*github.JobComparison{}
	}
	c.all[path] = one.document(path)
}

// compare compares a job with its base, and returns what was found.
func (b *batch) compare(ctx context.Context, j *job.Job) (*diag.Report, error) {
	found, c, err := b.base.report(ctx, j)
	if c != nil {
		b.compared.add(j.Path, c)
	}
	return found, err
}

// run does what the batch says for all jobs, and returns the worst error. It closes the tasks' images.
func (b *batch) run(ctx context.Context) (err error) {
	defer func() {
		if closeErr := closeImages(b.tasks); closeErr != nil {
			err = errors.Join(err, closeErr)
		}
	}()
	for i, t := range b.tasks {
		if b.tasks[i].Build, err = b.buildOf(&t); err != nil {
			return err
		}
		if t.Policy, err = b.policies.For(t.Path); err != nil {
			return policyError(err)
		}
		if b.base != nil {
			if t.Policy, err = b.base.policyOf(ctx, t.Job, t.Policy, b.policies); err != nil {
				return err
			}
		}
	}
	if b.base != nil {
		b.options.Compare = b.compare
	}
	if err := b.decide(ctx); err != nil {
		return err
	}
	pipe, err := b.pipeline()
	if err != nil {
		return err
	}
	if !b.dryRun {
		if err := b.ready(ctx); err != nil {
			return err
		}
	}
	return b.each(ctx, pipe)
}

// decide has images published if that was asked for, and if the event may publish. Nothing else sets Publish.
func (b *batch) decide(ctx context.Context) error {
	if b.publishing == nil {
		return nil
	}
	push, err := b.publishing.decide(ctx, b.out.process, b.places())
	if err == nil && push {
		b.options.Publish = b.publish
	}
	return err
}

// places returns the files and directories that images are made from.
func (b *batch) places() []string {
	places := b.options.Build.Places()
	for _, t := range b.tasks {
		if t.Build != nil {
			places = append(places, t.Build.Places()...)
		}
		if t.Dir != "" {
			places = append(places, t.Dir)
		} else {
			places = append(places, ".") // an image
		}
	}
	return places
}

// pipeline checks that the options fit each other and the tasks.
func (b *batch) pipeline() (*pipeline.Pipeline, error) {
	var own, parallel error
	if b.check != nil {
		own = b.check()
	}
	if b.options.Parallel < 1 {
		parallel = exit.Usagef("--parallel %d must be at least 1", b.options.Parallel)
	}
	pipe, err := pipeline.New(b.options, b.out.process.host(b.engine), b.tasks)
	return pipe, errors.Join(own, err, parallel, b.smoke.checkKept(b.tasks))
}

// ready makes sure, before anything is built, that the Docker Engine answers and that all files can be written.
func (b *batch) ready(ctx context.Context) error {
	if b.docker != nil {
		if err := b.docker.Check(ctx); err != nil {
			return err
		}
	}
	return b.checkFiles()
}

// take reads the jobs that the arguments name, or opens an image that was built elsewhere.
func (b *batch) take(ctx context.Context, image, manifest string, args []string) (err error) {
	b.found.args, b.found.images = jobScope(manifest, args), image != ""
	if image == "" {
		b.tasks, err = jobTasks(b.out.process, manifest, args)
		return err
	}
	if manifest != "" {
		args = []string{manifest}
	}
	b.tasks, err = imageTask(ctx, b.out.process, b.options.Remote, image, args)
	return err
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
	if err := b.out.process.roots.CheckWritable(append(paths, b.out.files.all()...)...); err != nil {
		return err
	}
	return b.smoke.checkKeepDir(b.out.process.roots)
}

// each runs the jobs, and prints what came of each and of all.
func (b *batch) each(ctx context.Context, pipe *pipeline.Pipeline) error {
	start := time.Now()
	var images []*pipeline.Image
	var rows []tableRow
	var worst, unprinted error
	var cut interruption
	do := func(ctx context.Context, t pipeline.Task) (*pipeline.Result, error) {
		if b.dryRun {
			return pipe.Plan(ctx, t)
		}
		return b.do(pipe, ctx, t)
	}
	for f := range pipe.Each(ctx, do) {
		image := f.Result.Image(f.Err)
		images, rows = append(images, image), append(rows, imageRow(image, f.Took))
		b.note(f.Result, image)
		cut.note(f)
		if unprinted = b.present(ctx, f, image); unprinted != nil {
			break
		}
		worst = exit.Worse(ctx, worst, f.Err)
		if b.after != nil && ctx.Err() == nil {
			err := b.after(pipe, f.Result)
			if err != nil && !errors.Is(err, exit.Findings) {
				complain(b.out.process, exit.Status(ctx, err), "", err)
			}
			worst = exit.Worse(ctx, worst, err)
		}
	}
	b.found.jobs = images
	b.total(images, rows, time.Since(start))
	if ctx.Err() != nil && (worst != nil || len(images) < len(b.tasks)) {
		cut.error, worst = errors.Join(worst, context.Cause(ctx)), &cut
	}
	return b.end(ctx, worst, errors.Join(unprinted, b.engine.close(), b.finish(images)))
}

// end returns the error that ends the command. What the jobs came to has been printed. What could not be printed or written of it
// is said here, since a report may be missing that others rely on.
func (b *batch) end(ctx context.Context, worst, unwritten error) error {
	if ctx.Err() != nil {
		return errors.Join(worst, unwritten)
	}
	if unwritten != nil {
		complain(b.out.process, exit.Status(ctx, unwritten), "", unwritten)
		worst = exit.Worse(ctx, worst, unwritten)
	}
	if worst == nil {
		return nil
	}
	return toldError{worst}
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
	if at := image.ErrorAt; at != nil {
		return []report.Failure{{Path: at.Path, Line: at.Line, Message: image.Error}}
	}
	return []report.Failure{{Path: image.Manifest, Message: image.Error}}
}

// A batchDocument is what these commands print as JSON: lint's object with the images.
type batchDocument struct {
	report.Document
	Images      []*pipeline.Image       `json:"images"`
	Comparisons []*github.JobComparison `json:"comparisons,omitempty"` // in the order of the jobs
}

// finish writes the files about all jobs. It prints the formats that are one document.
func (b *batch) finish(images []*pipeline.Image) error {
	if err := b.writeID(images); err != nil {
		return err
	}
	doc := batchDocument{report.New(b.found.reports), images, nil}
	for _, t := range b.tasks {
		if c := b.compared.all[t.Path]; c != nil {
			doc.Comparisons = append(doc.Comparisons, c)
		}
	}
	if doc.Images == nil {
		doc.Images = []*pipeline.Image{}
	}
	if b.metadataFile != "" && !b.dryRun {
		if err := b.out.process.roots.WriteFile(b.metadataFile, newFile, func(w *os.File) error { return b.out.encode(w, doc) }); err != nil {
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
	return b.out.process.roots.WriteFile(b.iidFile, newFile, func(w *os.File) error {
		_, err := w.WriteString(id)
		return err
	})
}

// host returns what the pipeline may know of the process.
func (p *Process) host(e *lazyEngine) pipeline.Host {
	return pipeline.Host{Getenv: p.Getenv, Roots: p.roots, Log: p.log(), Stage: p.stage, Engine: e.connect, Nodes: e.several, Secrets: p.secrets}
}
