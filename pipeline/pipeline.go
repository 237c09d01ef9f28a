// Package pipeline takes a job from its manifest to its published image:
//
//	lint → name → build → smoke → push → verify → tag
//
// Pack is the whole way; read it first. Then read the stages in lint.go, name.go, build.go (which pushes, too), smoke.go and
// publish.go (which verifies and tags). The stage name computes the reference of the image. The image gets it in the last
// stage, tag: so what was tried is what is named.
//
// The package knows no command line and no terminal. It prints nothing but the progress of builds and warnings, on Host.Log.
package pipeline

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/runtime"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// Options hold for all jobs of a call. The zero value builds and tries; it exports nothing.
type Options struct {
	Registry string            // HOST[/NAMESPACE] that stands before the name; default: none
	Remote   registry.Registry // asks registries, pushes and tags
	Build    Build
	Smoke    Smoke
	// Cases returns the smoke cases of a job, and what is wrong with them. Default: those of the job's smoke file, or
	// else cases made from its manifest.
	Cases func(*job.Job) ([]cases.Case, *diag.Report, error)
	// Compare returns what is wrong with the versions of a job, compared with an earlier state of it. Default: it is not compared.
	Compare  func(context.Context, *job.Job) (*diag.Report, error)
	Publish  *Publish      // nil: nothing is published
	Outputs  []pack.Output // files, directories and engines that get the image once all is verified
	Parallel int           // jobs at a time; default 1
	Progress string        // how a build is shown: auto, tty, plain or quiet
}

// A Build says how a Dockerfile is built. For an image that was built elsewhere, only Platforms is used.
type Build struct {
	File           string // the Dockerfile; default: Dockerfile in the job's directory
	Context        string // default: the job's directory
	Target         string // default: the last stage
	Platforms      []string
	Args, Contexts map[string]string
	Annotations    []pack.Annotation
	Options        pack.BuildOptions
	// From says where settings come from, for people, by the names of their flags, such as "file" and "build-arg NAME". One
	// that has its default is not in it.
	From map[string]string
}

// Places returns the files and directories of this machine that the build names.
func (b *Build) Places() []string {
	places := []string{}
	for _, place := range []string{b.File, b.Context} {
		if place != "" {
			places = append(places, place)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Contexts)) {
		if pack.IsDirectory(b.Contexts[name]) {
			places = append(places, b.Contexts[name])
		}
	}
	return places
}

// A Smoke says how images are tried.
type Smoke struct {
	Off                    bool          // nothing is run
	Required               bool          // one case must come to a conclusion, on each platform
	File                   string        // the smoke file; default: the one beside the manifest, if there is one
	Grace, Timeout, Budget time.Duration // as in verify.Options
	Provides               []string      // resources of the engine's machine, such as gpus
	Strict                 bool          // a resource that the machine is not said to have is an error
	Parallel               int           // cases at a time; default: as verify chooses
	Repeat                 int           // how often each case runs; default: once
	Update                 bool          // for UpdateCases: there must be a smoke file, whose expectations of outputs are not compared
	// OnePlatform tries only one of several platforms: the engine's own, or else the first.
	OnePlatform bool
	// Keep returns where the files of a job's cases on a platform are kept. Default: they are not.
	Keep func(j *job.Job, platform string) *verify.Keeping
	// Container returns the container engine in which Try runs a job for one of these platforms, with files of this machine
	// bound in. The IDs are those of the image, if it is there before. It needs Keep. Default, and if it returns nil: the job
	// runs in the build session, where files are copied.
	Container func(ctx context.Context, platforms, ids []string) (*runtime.Engine, error)
}

// A Publish says how an image gets its name in a registry.
type Publish struct {
	// Predecessor is the image that was published before, for a job without a history in git. Default: it is looked for.
	Predecessor *source.Source
	IfExists    string        // what to do if the name is another image's: IfExistsError (default), IfExistsSkip or IfExistsOverwrite
	Aliases     []string      // further tags in the same repository, which may move
	Preflight   bool          // before the build: ask for the right to push, and whether the name is free
	Timeout     time.Duration // of a push; 0: none
	AttestSmoke bool          // attach what the smoke run came to

	heads sync.Map // what base images were found to be, by their names: many jobs share one
}

// A Host is what the pipeline needs of the process around it.
type Host struct {
	Getenv func(string) string
	Roots  disk.Roots // paths that a job names stay in them, and all that is written
	Log    io.Writer  // progress of builds, and warnings about retries
	// Secrets gets the values of all secrets that jobs are given. They are redacted in results. Default: a set of its own.
	Secrets *secret.Set
	// Stage is called when a job comes to a stage, if jobs do not run side by side. It may be nil.
	Stage func(job, stage string)
	// Engine connects to the builder at its first call, so that jobs that fail before need none.
	Engine func(context.Context) (*engine.Builder, error)
	// Nodes reports, without a connection, whether the builder has several nodes. Nil: it has one.
	Nodes func() bool
}

// A Task is a job to pack or to try.
type Task struct {
	*job.Job
	// Image was built elsewhere. It is nil for a job whose Dockerfile is to be built. Open sets Image and Label.
	Image *source.Image
	// Label is what was found in the image's label; nil if it need not be judged.
	Label *diag.Report
	// Build says how this job is built. Default: as Options.Build says.
	Build *Build
}

// A Pipeline packs the jobs of one call. Its methods may be called for several jobs at once.
type Pipeline struct {
	opt        Options
	host       Host
	tasks      []Task
	sideBySide bool       // several jobs at a time
	progress   sync.Mutex // of what they show
}

// New checks that the options fit each other and the tasks. It changes nothing. Options that do not fit are a mistake in the
// command line.
func New(opt Options, host Host, tasks []Task) (*Pipeline, error) {
	p := &Pipeline{opt: opt, host: host, tasks: tasks, sideBySide: opt.Parallel > 1 && len(tasks) > 1}
	if p.host.Secrets == nil {
		p.host.Secrets = new(secret.Set)
	}
	p.host.Secrets.Add(slices.Collect(maps.Values(opt.Build.Options.Secrets))...)
	if err := errors.Join(checkOutputs(&opt, tasks), p.checkParallel()); err != nil {
		return nil, err
	}
	if p.sideBySide && opt.Progress == "auto" {
		p.opt.Progress = "plain"
	}
	return p, nil
}

// Pack runs all stages for one job and stops at the first stage whose findings fail the job's policy. The error is then
// exit.Findings. Any other error says what could not be checked or done. The result is never nil: it holds every finding so
// far, also if there is an error.
func (p *Pipeline) Pack(ctx context.Context, t Task) (_ *Result, err error) {
	r := &Result{Task: t}
	defer func() { err = p.end(r, err) }()

	// lint: the manifest, what the image is made from, and the smoke cases
	material, trials, err := p.lint(ctx, r)
	if err != nil {
		return r, err
	}
	defer material.close()

	// name
	request, err := p.name(ctx, r, material, trials)
	if err != nil {
		return r, err
	}
	if p.opt.Publish != nil {
		if done, err := p.publisher().preflight(ctx, r, request); done || err != nil {
			return r, err
		}
	}

	// build; the gate is within: nothing is exported unless the smoke run passes
	if err := p.build(ctx, r, material, request, p.gate(r, trials)); err != nil {
		return r, err
	}

	// the name was taken: what was built was not pushed, but is compared
	if r.aside != "" {
		return r, p.compareAside(ctx, r)
	}

	// the build ended with the push: verify what the registry holds, and only then tag it
	if p.opt.Publish != nil {
		if err := p.publish(ctx, r, request); err != nil {
			return r, err
		}
	}
	return r, r.keep(ctx, p.opt.Outputs)
}

// Try runs the stages of Pack up to the gate, for commands that export nothing. Callers leave Options.Publish and
// Options.Outputs empty.
func (p *Pipeline) Try(ctx context.Context, t Task) (*Result, error) {
	r := &Result{Task: t}
	material, trials, err := p.lint(ctx, r)
	if err != nil {
		return r, err
	}
	defer material.close()
	request, err := p.name(ctx, r, material, trials)
	if err != nil {
		return r, err
	}
	if p.opt.Smoke.Container != nil {
		p.begin(r, StageBuild)
		container, err := p.opt.Smoke.Container(ctx, p.platforms(&r.Task), imageIDs(r))
		if err != nil {
			return r, err
		}
		if container != nil {
			return r, p.contain(ctx, r, material, request, trials, container)
		}
	}
	return r, p.build(ctx, r, material, request, p.gate(r, trials))
}

// Plan says what Pack would do, and does nothing of it. It shares lint and name with Pack.
func (p *Pipeline) Plan(ctx context.Context, t Task) (*Result, error) {
	r := &Result{Task: t}
	defer r.release()
	material, trials, err := p.lint(ctx, r)
	if err != nil {
		return r, err
	}
	defer material.close()
	request, err := p.name(ctx, r, material, trials)
	if err != nil {
		return r, err
	}
	r.add(material.describe(request))
	if err := r.plan(ctx, request, trials, p.publisher()); err != nil {
		return r, err
	}
	return r, p.planNodes(ctx, r, request)
}

// buildOf says how a job is built.
func (p *Pipeline) buildOf(t *Task) *Build {
	if t.Build != nil {
		return t.Build
	}
	return &p.opt.Build
}

// gate tries what was built. The build exports the image only if the gate returns nil.
func (p *Pipeline) gate(r *Result, trials []cases.Case) func(context.Context, []*pack.Candidate) error {
	return func(ctx context.Context, candidates []*pack.Candidate) error {
		if err := checkPrograms(ctx, r, candidates); err != nil {
			return err
		}
		if !p.opt.Smoke.Off {
			p.note(r, StageSmoke)
			if err := p.try(ctx, r, candidates, trials); err != nil {
				return err
			}
		}
		if r.fails() {
			return exit.Findings
		}
		if p.opt.Publish != nil || len(p.opt.Outputs) > 0 {
			p.note(r, StagePush) // outputs are exported in the same stage
		}
		return nil
	}
}

// begin notes that a job has come to a stage, and says so.
func (p *Pipeline) begin(r *Result, stage string) {
	p.note(r, stage)
	if reached := p.reached(r); reached != nil {
		reached(stage)
	}
}

// note notes that a job has come to a stage within a build. The display of the build says so, between the lines that belong to
// the stages.
func (p *Pipeline) note(r *Result, stage string) { r.Stages.begin(stage, time.Now()) }

// reached returns what says that a job has come to a stage; nil if nobody wants to know.
func (p *Pipeline) reached(r *Result) func(stage string) {
	if p.host.Stage == nil || p.sideBySide {
		return nil
	}
	return func(stage string) { p.host.Stage(r.Path, stage) }
}
