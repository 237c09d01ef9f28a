package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// A packFlags is the command line of pack and smoke.
type packFlags struct {
	reportFlags
	publishFlags
	buildFlags
	engineFlags
	networkFlags
	smokeFlags
	manifest, file, context, target string
	registry, pushWhen              string
	progress, metadataFile, iidFile string
	platforms, outputSpecs          []string
	argSpecs, contextSpecs          []string
	load                            bool
	smokeOnly                       bool
	parallel                        int
	image                           string     // source of an image that was built elsewhere
	single                          *singleRun // what the command run is given; nil for others

	// read from the specs
	buildArgs, buildContexts map[string]string
	outputs                  []pack.Output
}

func newPackCommand(p *program) *cobra.Command {
	flags := &packFlags{}
	cmd := &cobra.Command{
		Use:   "pack [DIR...]",
		Short: "Lint, build, smoke, push, verify and name jobs",
		Long: `Pack takes each job from its manifest to its published image. What the smoke run tried is
what is pushed; it is pushed by digest, read back and verified, and only then named.

DIR holds seed.manifest.json and a Dockerfile, and is the build context. Without one it is
the working directory. Jobs are independent: one that fails stops no other.

Without --push and --output nothing leaves the builder.`,
		Example: `  seedpack pack
  seedpack pack jobs/tiler --registry registry.example.com/team --push
  seedpack pack --output type=oci,dest=job.tar`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.pack(cmd.Context(), flags, args) },
	}
	flags.registerBuild(cmd)
	cmd.Flags().StringVar(&flags.registry, "registry", "", "HOST[/NAMESPACE] to publish to")
	cmd.Flags().StringVar(&flags.pushWhen, "push", "false", "publish: true, false, or auto (for tags and releases in CI)")
	cmd.Flags().Lookup("push").NoOptDefVal = "true"
	flags.registerPublish(cmd)
	cmd.Flags().StringArrayVarP(&flags.outputSpecs, "output", "o", nil, "type=oci|docker|tar|local,dest=FILE|DIR|-[,tar=false]: write the image or its files there, once all is verified")
	cmd.Flags().StringVar(&flags.metadataFile, "metadata-file", "", "write to a file what --format json prints: names, digests, sizes, times, findings")
	cmd.Flags().BoolVar(&flags.load, "load", false, "hand the image to the Docker Engine, once all is verified")
	cmd.Flags().StringVar(&flags.iidFile, "iidfile", "", "write the image's ID to a file, of several platforms the digest of the index")
	return cmd
}

func newSmokeCommand(p *program) *cobra.Command {
	flags := &packFlags{smokeOnly: true, pushWhen: "false"}
	cmd := &cobra.Command{
		Use:   "smoke [DIR...]",
		Short: "Build jobs and run them as an executor would; export nothing",
		Long: `Smoke builds each job and runs it as an executor would, in the cases of seed.smoke.yaml or in one
made from the manifest, and says which promises of the manifest are not kept.

With --image nothing is built: that image is run, held to the manifest in DIR, or without DIR to the
one in its own label.`,
		Example: `  seedpack smoke jobs/tiler
  seedpack smoke --image docker-daemon:tiler:test jobs/tiler
  seedpack smoke --image registry.example.com/team/tiler-1.0.0-seed:1.0.0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.smokeMode == smokeOff {
				return exit.Usagef("smoke --smoke off would do nothing: seedpack pack --smoke off builds without a smoke run")
			}
			if err := flags.checkImage(cmd); err != nil {
				return err
			}
			return p.pack(cmd.Context(), flags, args)
		},
	}
	flags.registerBuild(cmd)
	flags.registerImage(cmd)
	hideExports(cmd)
	return cmd
}

// hideExports leaves out of a command's help what only an image that goes somewhere shows. A script may give it all the same.
func hideExports(cmd *cobra.Command) {
	for _, name := range []string{"provenance", "sbom", "attest", "annotation"} {
		cmd.Flags().Lookup(name).Hidden = true
	}
}

func (f *publishFlags) registerPublish(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.ifExists, "if-exists", ifExistsError, "when the name is another image's already: error, skip or overwrite")
	s.StringArrayVar(&f.aliases, "tag", nil, "a further tag in the same repository, once all is verified; it may move")
	s.BoolVar(&f.preflightFirst, "preflight", true, "ask for the right to push before building")
	s.BoolVar(&f.dryRun, "dry-run", false, "say what would be built, run, written, pushed and tagged, and do nothing of it")
	s.DurationVar(&f.pushTimeout, "push-timeout", time.Hour, "how long a push may take before it is given up")
	s.BoolVar(&f.insecureRegistry, "insecure-registry", false, "plain http also to a registry that is not on this machine")
}

func (f *packFlags) registerBuild(cmd *cobra.Command) {
	f.register(cmd)
	f.registerOptions(cmd)
	s := cmd.Flags()
	s.StringVar(&f.manifest, "manifest", "", "the manifest, when it is not DIR/"+seed.ManifestFile)
	s.StringVarP(&f.file, "file", "f", "", "the Dockerfile, when it is not DIR/Dockerfile")
	s.StringVar(&f.context, "context", "", "the build context, when it is not DIR")
	s.StringVar(&f.target, "target", "", "the stage of the Dockerfile to build")
	s.StringSliceVar(&f.platforms, "platform", nil, "os/arch[/variant] to build for; several separated by commas")
	s.StringArrayVar(&f.argSpecs, "build-arg", nil, "NAME=VALUE; NAME alone takes the value from the environment")
	s.StringArrayVar(&f.contextSpecs, "build-context", nil, "NAME=SOURCE: a directory, oci-layout://DIR, docker-image://REF or a git address")
	f.registerRun(cmd)
}

// registerRun is for whatever runs in an engine.
func (f *packFlags) registerRun(cmd *cobra.Command) {
	f.registerNetwork(cmd)
	s := cmd.Flags()
	f.registerEngine(cmd)
	s.IntVar(&f.parallel, "parallel", 1, "jobs to work on side by side on one builder; runs that share the machine measure less exactly")
	s.StringVar(&f.progress, "progress", "auto", "how the build is shown: auto, tty, plain or quiet")
	f.registerSmoke(cmd)
}

// read checks the command line and reads what is written in it.
func (f *packFlags) read(getenv func(string) string) error {
	if err := checkRegistry(f.registry); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	if err := f.readSmoke(getenv); err != nil {
		return err
	}
	if err := f.readOptions(getenv); err != nil {
		return err
	}
	if err := f.checkLevels(); err != nil {
		return err
	}
	if err := pack.CheckProgress(f.progress); err != nil {
		return exit.Usage(err)
	}
	if err := f.readNetwork(); err != nil {
		return err
	}
	if err := f.checkEngine(); err != nil {
		return err
	}
	if f.format != "text" && f.progress == "auto" {
		f.progress = "plain"
	}
	f.buildArgs, f.buildContexts = map[string]string{}, map[string]string{}
	for _, s := range f.argSpecs {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			value = getenv(name)
		}
		f.buildArgs[name] = value
	}
	f.addProxyArgs(getenv)
	for _, s := range f.contextSpecs {
		name, source, ok := strings.Cut(s, "=")
		if !ok || name == "" || source == "" {
			return exit.Usagef("--build-context %q must be NAME=SOURCE", s)
		}
		f.buildContexts[name] = source
	}
	f.outputs = nil
	for _, s := range f.outputSpecs {
		o, err := pack.ParseOutput(s)
		if err != nil {
			return exit.Usage(err)
		}
		f.outputs = append(f.outputs, o)
	}
	return nil
}

// pushes reads --push.
func (f *packFlags) pushes(getenv func(string) string) (bool, error) {
	push := false
	switch f.pushWhen {
	case "true":
		push = true
	case "false":
	case "auto":
		push = isRelease(getenv)
	default:
		return false, exit.Usagef("--push %q must be true, false or auto", f.pushWhen)
	}
	if push && f.registry == "" {
		return false, exit.Usagef("--push needs --registry HOST[/NAMESPACE]: where should the image go?")
	}
	return push, nil
}

// pack runs all jobs and returns the worst of what came of them.
func (p *program) pack(ctx context.Context, f *packFlags, args []string) (err error) {
	policies, err := f.policies(p)
	if err != nil {
		return err
	}
	if err := f.read(p.getenv); err != nil {
		return err
	}
	if p, err = f.aside(p); err != nil {
		return err
	}
	jobs, err := p.packJobs(ctx, f, args)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := closeJobs(jobs); closeErr != nil {
			err = errors.Join(err, closeErr)
		}
	}()
	if f.single != nil && len(jobs) > 1 {
		return exit.Usagef("%d jobs are found there, one must be named: give its directory", len(jobs))
	}
	for _, j := range jobs {
		if j.Policy, err = policies.of(j.Path); err != nil {
			return err
		}
	}
	run := newPackRun(p, f)
	if run.push, err = f.pushes(p.getenv); err != nil {
		return err
	}
	if f.registry != "" {
		if run.push, err = p.mayPush(run.push); err != nil {
			return err
		}
	}
	run.addLoad()
	if err := errors.Join(run.checkExports(jobs), run.checkParallel(jobs), run.checkKept(jobs)); err != nil {
		return err
	}
	if err := run.checkLoad(ctx); err != nil {
		return err
	}
	if err := run.checkFiles(); err != nil {
		return err
	}
	start := time.Now()
	all, worst := p.packEach(ctx, run, jobs)
	p.total(run, all, time.Since(start))
	if err := errors.Join(run.close(), p.finishPack(run, args, all)); err != nil {
		return errors.Join(worst, err)
	}
	if worst != nil && ctx.Err() == nil {
		return toldError{worst}
	}
	return worst
}

func (p *program) packJobs(ctx context.Context, f *packFlags, args []string) ([]*task, error) {
	if f.image != "" {
		j, err := p.imageJob(ctx, f, args)
		return []*task{j}, err
	}
	if f.manifest == "" {
		jobs, err := job.ReadAll(args, p.stdin)
		var tasks []*task
		for _, j := range jobs {
			tasks = append(tasks, &task{Job: j})
		}
		return tasks, err
	}
	if len(args) > 1 {
		return nil, exit.Usagef("--manifest is for one job, %d directories are given", len(args))
	}
	j, err := job.Read(f.manifest, p.stdin)
	if err != nil {
		return nil, err
	}
	if len(args) == 1 {
		j.Dir = args[0]
	}
	return []*task{{Job: j}}, nil
}

// finish fills in what JSON says of the job.
func (r *packed) finish(err error) {
	r.endStage(time.Now())
	r.reports = diag.Merge(r.reports...)
	for _, found := range r.reports {
		r.job.Policy.Apply(found)
	}
	r.Manifest, r.Smoke = r.job.Path, r.smokeVerdict().String()
	members := &r.job.Manifest.Job
	r.JobName, r.JobVersion, r.PackageVersion = members.Name, members.JobVersion, members.PackageVersion
	if err != nil || r.Skipped {
		r.Stopped = r.stage
	}
	if err != nil && !errors.Is(err, exit.Findings) {
		r.Error = err.Error()
	}
	if r.Tags == nil {
		r.Tags = []string{}
	}
	if r.Manifests == nil {
		r.Manifests = []manifest{}
	}
	if r.Cases == nil {
		r.Cases = []measured{}
	}
	if r.Platforms == nil {
		r.Platforms = []string{}
	}
}

// printPacked prints what was found in a job and, last, what came of it.
func (p *program) printPacked(run *packRun, r *packed, err error, took time.Duration) error {
	found := &findings{reports: r.reports, failures: r.failures(), images: run.image != ""}
	if err := p.print(&run.reportFlags, found); err != nil {
		return err
	}
	if run.single != nil {
		p.showPrinted(r)
	}
	run.sayKept(r)
	line := ""
	switch {
	case r.Plan != nil && (err == nil || errors.Is(err, exit.Findings)):
		line = r.Plan.text(r.Name)
	case err == nil:
		line = r.summary(run, took)
	case errors.Is(err, exit.Findings):
		line = run.refusal(r.job)
	default:
		line = run.unclear(r.job, exit.Status(context.Background(), err))
	}
	_, err = fmt.Fprintln(p.stdout, escapeLines(line))
	return err
}

// A packDocument is what pack prints as JSON: lint's object with the images.
type packDocument struct {
	report.Document
	Images []*packed `json:"images"`
}

func (p *program) finishPack(run *packRun, args []string, jobs []*packed) error {
	doc := packDocument{Images: jobs}
	if doc.Images == nil {
		doc.Images = []*packed{}
	}
	all := run.findings(args)
	for _, r := range jobs {
		for _, found := range r.reports {
			all.judge(found, r.job.Policy)
		}
		all.failures = append(all.failures, r.failures()...)
	}
	doc.Document = report.New(all.reports)
	if err := run.writeID(jobs); err != nil {
		return err
	}
	if run.metadataFile != "" && !run.dryRun {
		if err := writeWhole(run.metadataFile, func(w *os.File) error { return report.Encode(w, doc) }); err != nil {
			return err
		}
	}
	err := p.writeReports(&run.reportFlags, all)
	switch run.format {
	case "json":
		err = errors.Join(err, report.Encode(p.stdout, doc))
	case "sarif", "junit":
		err = errors.Join(err, p.print(&run.reportFlags, all))
	}
	return err
}

// findings are those of no job yet.
func (r *packRun) findings(args []string) *findings {
	all := &findings{command: "pack", args: scope(args), images: r.image != ""}
	if r.smokeOnly {
		all.command = "smoke"
	}
	if r.manifest != "" && len(args) == 0 {
		all.args = []string{r.manifest}
	}
	return all
}

// failures is what could not be found out of the job.
func (r *packed) failures() []report.Failure {
	if r.Error == "" {
		return nil
	}
	return []report.Failure{{Path: r.Manifest, Message: r.Error}}
}
