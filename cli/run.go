package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// runOptions are a user's own data for one job, and how it is built.
type runOptions struct {
	sharedFlags                                  sharedFlags
	build                                        buildFlags
	container                                    containerFlags
	manifest                                     string
	inputs, json, settings, mounts, mountOutputs []string
	outputDir                                    string
	repeat                                       int
	user                                         string
	timeout                                      time.Duration
}

func newRunCommand(p *Process) *cobra.Command {
	o := &runOptions{}
	cmd := &cobra.Command{
		Use:   "run IMAGE|DIR",
		Short: "Run a job once with your own data and keep its outputs",
		Long: `Run gives a job your own data, as an executor would, and leaves its outputs in a directory. DIR is a job
to build, IMAGE one that was built elsewhere: ` + source.Forms + `.

In docker, podman and apptainer, inputs are bound read-only, and writable mounts are your own directories. BuildKit gets copies of
all, and outputs are copied back, which takes time and room if they are large. --with says which runs the job.
A job that fails ends with exit status 1, and what the manifest says of its own exit status is printed.`,
		Example: `  seedpack run jobs/tiler -i IMAGE=scene.tif -j ZOOM=12 -o tiles
  seedpack run registry.example.com/team/tiler-1.0.0-seed:1.0.0 \
    -i IMAGE=scene.tif -e DB_PASS -m CACHE=/var/cache/tiler`,
		Args:        cobra.MaximumNArgs(1),
		Annotations: pathArgs(jobPath),
		RunE:        func(cmd *cobra.Command, args []string) error { return runCommand(cmd, p, o, args) },
	}
	s := cmd.Flags()
	o.sharedFlags.add(s)
	o.build.add(s)
	o.container.add(s)
	manifestVar(s, &o.manifest)
	hide(s, caseFlags...)
	hide(s, exportFlags...)
	pathsVar(s, &o.inputs, "input-file", "i", namedPath, "NAME=FILE: a file for an input; for a multiple input also NAME=DIR and NAME=PATTERN")
	s.StringArrayVarP(&o.json, "json", "j", nil, "NAME=VALUE: a JSON value, or the characters of a string")
	s.StringArrayVarP(&o.settings, "setting", "e", nil, "NAME=VALUE: a setting; NAME alone takes the value from the environment")
	pathsVar(s, &o.mounts, "mount", "m", namedPath, "NAME=DIR: the directory itself; with buildkit a copy of it")
	pathsVar(s, &o.mountOutputs, "mount-output", "", namedPath, "NAME=DIR: where a writable mount is kept after the run; the job then writes in a copy, unless -m names the same DIR")
	pathVar(s, &o.outputDir, "output-dir", "o", wholePath, "an empty or new directory for the outputs (default output-JOB-TIME)")
	s.IntVar(&o.repeat, "rep", 1, "how often to run it; the outputs go to DIR/1, DIR/2 and so on")
	s.StringVar(&o.user, "run-as", "", "the user, as USER in a Dockerfile, in place of the image's")
	s.DurationVar(&o.timeout, "timeout", 0, "end the job after this time, where the manifest gives it longer")
	return cmd
}

// runCommand decides whether the argument is a directory or an image. It refuses flags that are for smoke runs.
func runCommand(cmd *cobra.Command, p *Process, o *runOptions, args []string) error {
	for _, name := range caseFlags {
		if cmd.Flags().Changed(name) {
			return exit.Usagef("--%s is for smoke runs: see seedpack smoke --help", name)
		}
	}
	image := ""
	if len(args) == 1 && !job.IsDirectory(args[0]) {
		if filepath.IsAbs(args[0]) || strings.HasPrefix(args[0], ".") {
			return exit.Usagef("there is no directory %s", args[0])
		}
		image, args = args[0], nil
		if err := refuseBuildFlags(cmd.Flags()); err != nil {
			return err
		}
	}
	given, err := o.given(p.Getenv)
	if err != nil {
		return err
	}
	return runJob(cmd.Context(), p, given, image, args)
}

func runJob(ctx context.Context, p *Process, run *singleRun, image string, args []string) (err error) {
	o := run.options
	session, err := o.sharedFlags.options(p, nil, &o.build)
	if err != nil {
		return err
	}
	container, err := o.container.options(p, session.options.Progress == "quiet")
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := container.close(); closeErr != nil {
			err = errors.Join(err, closeErr)
		}
	}()
	b := &batch{session: session, do: (*pipeline.Pipeline).Try, found: findings{command: "run", category: "smoke"}, showPrinted: true,
		words: words{did: "run", done: run.summary, refused: func(t pipeline.Task) string { return t.Path + ": not as it should be, see above" }}}
	if err := b.take(ctx, image, o.manifest, args); err != nil {
		return err
	}
	if len(b.tasks) > 1 {
		return exit.Usagef("%d jobs are found there, one must be named: give its directory", len(b.tasks))
	}
	b.options.Cases = func(j *job.Job) ([]cases.Case, *diag.Report, error) {
		all, err := run.cases(p, j)
		return all, nil, err
	}
	run.bound(&b.options.Smoke)
	b.options.Smoke.Container = container.find
	return b.run(ctx)
}

// A singleRun is what a job is given, read from the flags.
type singleRun struct {
	options      *runOptions
	values       cases.Given
	mountOutputs map[string]string
	outputDir    string
}

// given reads the values from the flags.
func (o *runOptions) given(getenv func(string) string) (*singleRun, error) {
	run := &singleRun{options: o, outputDir: o.outputDir}
	if o.repeat < 1 {
		return nil, exit.Usagef("--rep %d must be 1 or more", o.repeat)
	}
	if len(o.build.platforms) > 1 {
		return nil, exit.Usagef("--platform: a run is for one platform, %d are given", len(o.build.platforms))
	}
	if o.timeout < 0 {
		return nil, exit.Usagef("--timeout %v must not be negative", o.timeout)
	}
	run.values.Inputs = map[string][]string{}
	var jsonErr, settingErr, mountErr, outputErr error
	run.values.JSON, jsonErr = pairs("json", o.json, nil)
	run.values.Settings, settingErr = pairs("setting", o.settings, getenv)
	run.values.Mounts, mountErr = pairs("mount", o.mounts, nil)
	run.mountOutputs, outputErr = pairs("mount-output", o.mountOutputs, nil)
	for _, spec := range o.inputs {
		name, path, ok := strings.Cut(spec, "=")
		if !ok || name == "" || path == "" {
			return nil, exit.Usagef("--input-file %q must be NAME=FILE", spec)
		}
		run.values.Inputs[name] = append(run.values.Inputs[name], path)
	}
	return run, errors.Join(jsonErr, settingErr, mountErr, outputErr)
}

// pairs reads NAME=VALUE, and NAME alone if getenv is there to give the value.
func pairs(flag string, specs []string, getenv func(string) string) (map[string]string, error) {
	all := map[string]string{}
	for _, spec := range specs {
		name, value, ok := strings.Cut(spec, "=")
		if !ok && getenv != nil {
			if value = getenv(name); value == "" {
				return nil, exit.Usagef("--%s %s: the environment has no variable of that name, write NAME=VALUE", flag, name)
			}
			ok = true
		}
		if !ok || name == "" {
			return nil, exit.Usagef("--%s %q must be NAME=VALUE", flag, spec)
		}
		if _, twice := all[name]; twice {
			return nil, exit.Usagef("--%s: %q is given twice", flag, name)
		}
		all[name] = value
	}
	return all, nil
}

// cases returns the runs of a job, which are all alike. What is wrong with the values is a mistake in the command line.
func (s *singleRun) cases(p *Process, j *job.Job) ([]cases.Case, error) {
	c, err := s.values.Case(j.Manifest)
	if err := errors.Join(err, s.checkMounts(j.Manifest)); err != nil {
		return nil, exit.Usage(err)
	}
	for _, files := range c.Inputs {
		for _, f := range files {
			if err := p.roots.Check(f.Host); err != nil {
				return nil, err
			}
		}
	}
	for _, line := range verify.Doubts(&c, j.Manifest) {
		fmt.Fprintln(p.Stderr, "seedpack: "+report.EscapeLines(line))
	}
	c.RunAs, c.Timeout = s.options.user, s.options.timeout
	var all []cases.Case
	for i := range s.options.repeat {
		c.Name = fmt.Sprint(i + 1)
		all = append(all, c)
	}
	return all, s.prepareDir(j, p.roots)
}

// checkMounts holds --mount-output against the manifest.
func (s *singleRun) checkMounts(m *seed.Manifest) error {
	var errs []error
	for name := range s.mountOutputs {
		if !slices.ContainsFunc(m.Job.Interface.Mounts, func(m seed.Mount) bool { return m.Name == name && m.Mode == "rw" }) {
			errs = append(errs, fmt.Errorf("--mount-output: the manifest has no writable mount %q", name))
		}
	}
	if s.options.repeat > 1 && len(s.mountOutputs) > 0 {
		errs = append(errs, errors.New("--mount-output and --rep: the runs would write over one another"))
	}
	return errors.Join(errs...)
}

// prepareDir makes sure that nothing is in the way of the outputs before anything takes long.
func (s *singleRun) prepareDir(j *job.Job, roots disk.Roots) error {
	if s.outputDir == "" {
		s.outputDir = "output-" + verify.HostName(j.Manifest.Job.Name) + "-" + time.Now().UTC().Format("20060102T150405Z")
	}
	entries, err := os.ReadDir(s.outputDir)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return pipeline.IsStage(e.Name()) }) // of a run that was killed
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := roots.CheckDirectory(s.outputDir); err != nil {
			return exit.Usagef("--output-dir: %w", err)
		}
		return nil
	case err != nil:
		return exit.Usagef("--output-dir: %w", err)
	case len(entries) > 0:
		return exit.Usagef("--output-dir %s is not empty: give an empty or new directory", s.outputDir)
	}
	return nil
}

// bound makes of a smoke run one of the runs, one after the other, since they measure the job as well.
func (s *singleRun) bound(smoke *pipeline.Smoke) {
	smoke.Timeout, smoke.Parallel, smoke.Required, smoke.OnePlatform = 0, 1, true, true
	smoke.Keep = func(*job.Job, string) *verify.Keeping {
		return &verify.Keeping{Top: s.outputDir, Bare: s.options.repeat == 1, Mounts: s.mountOutputs}
	}
}

// summary is the last line, behind what the job printed.
func (s *singleRun) summary(r *pipeline.Result, took time.Duration) string {
	dir := s.outputDir
	if s.options.repeat > 1 {
		dir = filepath.Join(dir, fmt.Sprintf("1 … %d", s.options.repeat))
	}
	return fmt.Sprintf("%s: run %s, in %s; its outputs are in %s", r.Name, r.Verdict(), took.Round(10*time.Millisecond), dir)
}
