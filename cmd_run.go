package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// A singleRun is what the command run is given: a user's own data for one job.
type singleRun struct {
	given        cases.Given
	outputDir    string
	mountOutputs map[string]string
	repeat       int
	user         string
	timeout      time.Duration
}

type runFlags struct {
	packFlags
	inputs, json, settings, mounts, mountOutputs []string
}

func newRunCommand(p *program) *cobra.Command {
	f := &runFlags{packFlags: packFlags{smokeOnly: true, pushWhen: "false"}}
	f.single = &singleRun{}
	cmd := &cobra.Command{
		Use:   "run IMAGE|DIR",
		Short: "Run a job once with your own data and keep its outputs",
		Long: `Run gives a job your own data, as an executor would, and leaves its outputs in a directory. DIR is a job
to build, IMAGE one that was built elsewhere: ` + source.Forms + `.

Data is copied to the engine and outputs are copied back, which takes time and room where they are large.
A job that fails ends with exit status 1, and what the manifest says of its own exit status is printed.`,
		Example: `  seedpack run jobs/tiler -i IMAGE=scene.tif -j ZOOM=12 -o tiles
  seedpack run registry.example.com/team/tiler-1.0.0-seed:1.0.0 -i IMAGE=scene.tif -e DB_PASS -m CACHE=/var/cache/tiler`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), p, cmd, args) },
	}
	f.registerBuildOnly(cmd)
	s := cmd.Flags()
	s.BoolVar(&f.insecureRegistry, "insecure-registry", false, "plain http also to a registry that is not on this machine")
	s.StringArrayVarP(&f.inputs, "input-file", "i", nil, "NAME=FILE; for a multiple input also NAME=DIR, NAME=PATTERN, and several times")
	s.StringArrayVarP(&f.json, "json", "j", nil, "NAME=VALUE: a JSON value, or the characters of a string")
	s.StringArrayVarP(&f.settings, "setting", "e", nil, "NAME=VALUE; NAME alone takes the value from the environment")
	s.StringArrayVarP(&f.mounts, "mount", "m", nil, "NAME=DIR: the job gets a copy of the directory")
	s.StringArrayVar(&f.mountOutputs, "mount-output", nil, "NAME=DIR: where the files of a writable mount are copied to after the run")
	s.StringVarP(&f.single.outputDir, "output-dir", "o", "", "an empty or new directory for the outputs (default output-JOB-TIME)")
	s.IntVar(&f.single.repeat, "rep", 1, "how often to run it; the outputs go to DIR/1, DIR/2 and so on")
	s.StringVar(&f.single.user, "run-as", "", "the user, as USER in a Dockerfile, in place of the image's")
	s.DurationVar(&f.single.timeout, "timeout", 0, "end the job after this time, where the manifest gives it longer")
	return cmd
}

// registerBuildOnly has the flags of pack but for those of smoke cases.
func (f *runFlags) registerBuildOnly(cmd *cobra.Command) {
	all := &cobra.Command{}
	f.registerBuild(all)
	for _, name := range []string{"smoke", "cases", "smoke-timeout", "smoke-budget", "keep-outputs", "keep-failed", "parallel"} {
		all.Flags().Lookup(name).Hidden = true
	}
	hideExports(all)
	cmd.Flags().AddFlagSet(all.Flags())
}

func (f *runFlags) run(ctx context.Context, p *program, cmd *cobra.Command, args []string) error {
	for _, name := range []string{"smoke", "cases", "smoke-timeout", "smoke-budget", "keep-outputs", "keep-failed", "parallel"} {
		if cmd.Flags().Changed(name) {
			return exit.Usagef("--%s is for smoke runs: see seedpack smoke --help", name)
		}
	}
	if len(args) == 1 && !job.IsDirectory(args[0]) {
		if filepath.IsAbs(args[0]) || strings.HasPrefix(args[0], ".") {
			return exit.Usagef("there is no directory %s", args[0])
		}
		f.image, args = args[0], nil
		if err := f.checkImage(cmd); err != nil {
			return err
		}
	}
	if err := f.readGiven(p.getenv); err != nil {
		return err
	}
	return p.pack(ctx, &f.packFlags, args)
}

// readGiven reads the values from the flags.
func (f *runFlags) readGiven(getenv func(string) string) error {
	run := f.single
	if run.repeat < 1 {
		return exit.Usagef("--rep %d must be 1 or more", run.repeat)
	}
	if len(f.platforms) > 1 {
		return exit.Usagef("--platform: a run is for one platform, %d are given", len(f.platforms))
	}
	if run.timeout < 0 {
		return exit.Usagef("--timeout %v must not be negative", run.timeout)
	}
	run.given.Inputs = map[string][]string{}
	var err1, err2, err3 error
	run.given.JSON, err1 = pairs("json", f.json, nil)
	run.given.Settings, err2 = pairs("setting", f.settings, getenv)
	run.given.Mounts, err3 = pairs("mount", f.mounts, nil)
	var err4 error
	run.mountOutputs, err4 = pairs("mount-output", f.mountOutputs, nil)
	for _, s := range f.inputs {
		name, path, ok := strings.Cut(s, "=")
		if !ok || name == "" || path == "" {
			return exit.Usagef("--input-file %q must be NAME=FILE", s)
		}
		run.given.Inputs[name] = append(run.given.Inputs[name], path)
	}
	return errors.Join(err1, err2, err3, err4)
}

// pairs reads NAME=VALUE, and NAME alone where getenv is there to give the value.
func pairs(flag string, specs []string, getenv func(string) string) (map[string]string, error) {
	all := map[string]string{}
	for _, s := range specs {
		name, value, ok := strings.Cut(s, "=")
		if !ok && getenv != nil {
			if value = getenv(name); value == "" {
				return nil, exit.Usagef("--%s %s: the environment has no variable of that name, write NAME=VALUE", flag, name)
			}
			ok = true
		}
		if !ok || name == "" {
			return nil, exit.Usagef("--%s %q must be NAME=VALUE", flag, s)
		}
		if _, twice := all[name]; twice {
			return nil, exit.Usagef("--%s: %q is given twice", flag, name)
		}
		all[name] = value
	}
	return all, nil
}

// runnable is the one platform that a single run is for, the engine's own where it is there; of smoke runs all are.
func (r *packRun) runnable(all []*pack.Candidate) []*pack.Candidate {
	if r.single == nil || len(all) < 2 {
		return all
	}
	i := max(0, slices.IndexFunc(all, (*pack.Candidate).Native))
	return all[i : i+1]
}

// cases are the runs of a job, which are all alike. What is wrong with the values is a mistake in the command line.
func (s *singleRun) cases(p *program, j *task) ([]cases.Case, error) {
	c, err := s.given.Case(j.Manifest)
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
		fmt.Fprintln(p.stderr, "seedpack: "+escapeLines(line))
	}
	c.RunAs, c.Timeout = s.user, s.timeout
	var all []cases.Case
	for i := range s.repeat {
		c.Name = fmt.Sprint(i + 1)
		all = append(all, c)
	}
	return all, s.prepareDir(j)
}

// checkMounts holds --mount-output against the manifest.
func (s *singleRun) checkMounts(m *seed.Manifest) error {
	var errs []error
	for name := range s.mountOutputs {
		if !slices.ContainsFunc(m.Job.Interface.Mounts, func(m seed.Mount) bool { return m.Name == name && m.Mode == "rw" }) {
			errs = append(errs, fmt.Errorf("--mount-output: the manifest has no writable mount %q", name))
		}
	}
	if s.repeat > 1 && len(s.mountOutputs) > 0 {
		errs = append(errs, errors.New("--mount-output and --rep: the runs would write over one another"))
	}
	return errors.Join(errs...)
}

// prepareDir sees to it that nothing is in the way of the outputs before anything takes long.
func (s *singleRun) prepareDir(j *task) error {
	if s.outputDir == "" {
		s.outputDir = "output-" + verify.HostName(j.Manifest.Job.Name) + "-" + time.Now().UTC().Format("20060102T150405Z")
	}
	entries, err := os.ReadDir(s.outputDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(s.outputDir, 0o777); err != nil {
			return exit.Usagef("--output-dir: %w", err)
		}
		return os.Remove(s.outputDir) // until there is something to put there
	case err != nil:
		return exit.Usagef("--output-dir: %w", err)
	case len(entries) > 0:
		return exit.Usagef("--output-dir %s is not empty: give an empty or new directory", s.outputDir)
	}
	return nil
}

// options are those of the runs: one after the other, since they measure the job as well.
func (s *singleRun) options(opt *verify.Options) {
	opt.Timeout, opt.Parallel, opt.Required = 0, 1, true
	opt.Keep = &verify.Keeping{Dir: s.outputDir, Bare: s.repeat == 1, Mounts: s.mountOutputs}
}

// summary is the last line, behind what the job printed.
func (s *singleRun) summary(p *packed, took time.Duration) string {
	dir := s.outputDir
	if s.repeat > 1 {
		dir = filepath.Join(dir, fmt.Sprintf("1 … %d", s.repeat))
	}
	return fmt.Sprintf("%s: run %s, in %s; its outputs are in %s", p.Name, p.smokeVerdict(), took.Round(10*time.Millisecond), dir)
}

// showPrinted prints what the job printed, of which a run's user is the only reader. It is not to be trusted.
func (p *program) showPrinted(r *packed) {
	for _, s := range r.smokes {
		for _, c := range s.result.Cases {
			if c.Outcome == nil {
				continue
			}
			printLines(p.stdout, verify.ExcerptText(c.Outcome.Stdout))
			printLines(p.stderr, verify.ExcerptText(c.Outcome.Stderr))
		}
	}
}

func printLines(w io.Writer, text []byte) {
	if s := strings.TrimSuffix(string(text), "\n"); s != "" {
		fmt.Fprintln(w, escapeLines(s))
	}
}
