package cli

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
)

type lintOptions struct {
	report    reportFlags
	registry  string
	fix, diff bool
	unsafe    bool // with fix: unsafe fixes, too
}

func newLintCommand(p *Process) *cobra.Command {
	o := &lintOptions{}
	cmd := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Say what is wrong with manifests, and where",
		Long: `Lint says what is wrong with manifests, each finding with its line and column.

PATH is a manifest, a directory (searched for seed.manifest.json, leaving out dot
directories and links), or - for standard input. Without one it is the working directory.

The nearest .seedpack.yaml beside a manifest or above says what its findings are worth.`,
		Example:     "  seedpack lint\n  seedpack lint jobs/*/seed.manifest.json --format json\n  git show HEAD:seed.manifest.json | seedpack lint -",
		Annotations: pathArgs(wholePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return lintJobs(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	o.report.add(s)
	s.StringVar(&o.registry, "registry", "", "HOST[/NAMESPACE] the image will go to, so that the length of the whole name counts")
	s.BoolVar(&o.fix, "fix", false, "fix what can be fixed without changing the meaning, keep every other byte, and report the rest")
	s.BoolVar(&o.unsafe, "unsafe-fixes", false, "with --fix: also apply fixes that guess, remove text, or change what the job offers; --diff shows them")
	s.BoolVar(&o.diff, "diff", false, "show all fixes, and change nothing")
	return cmd
}

// lintJobs reads all policies before it fixes anything.
func lintJobs(ctx context.Context, p *Process, o *lintOptions, args []string) error {
	out, policies, err := o.report.options(p)
	if err != nil {
		return err
	}
	if err := checkRegistry(o.registry); err != nil {
		return err
	}
	if o.diff && (out.sarifFile != "" || out.junitFile != "" || !out.text()) {
		return exit.Usagef("--diff shows what --fix would do and reports nothing: leave out --format, --sarif-file and --junit-file")
	}
	if o.unsafe && !o.fix {
		return exit.Usagef("--unsafe-fixes is for --fix: give both, or --diff to see all fixes")
	}
	paths, err := job.Find(args)
	if err != nil {
		return err
	}
	each, err := policies.Each(paths)
	if err != nil {
		return policyError(err)
	}
	options := lint.Options{Registry: o.registry}
	stdin := p.Stdin
	if o.fix || o.diff {
		f := &fixes{process: p, options: options, unsafe: o.unsafe, show: o.diff, out: p.Stdout}
		if !out.text() || slices.Contains(paths, "-") {
			f.out = p.Stderr // standard output holds a document, or the fixed text
		}
		if stdin, err = f.all(paths, each); err != nil || o.diff {
			return err
		}
	}
	reports, err := lintAll(ctx, paths, stdin, options, each)
	if err != nil {
		return err
	}
	all := &findings{command: "lint", args: scope(args)}
	for i, r := range reports {
		all.judge(r, each[i])
	}
	if o.fix && slices.Contains(paths, "-") {
		out.out = p.Stderr // standard output holds the fixed text
	}
	if err := errors.Join(out.writeFiles(all), out.print(all, nil)); err != nil {
		return err
	}
	if all.fail() {
		return exit.Findings
	}
	return nil
}

// lintAll lints on all processors and returns reports in the order of the paths. It keeps only what will be printed.
func lintAll(ctx context.Context, paths []string, stdin io.Reader, opt lint.Options, policies []diag.Policy) ([]*diag.Report, error) {
	reports := make([]*diag.Report, len(paths))
	group, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for i := taken.Add(1) - 1; i < int64(len(paths)); i = taken.Add(1) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				j, err := job.Read(paths[i], stdin)
				if err != nil {
					return err
				}
				reports[i] = policies[i].Apply(lint.Manifest(paths[i], j.Manifest, opt)).DropDocument()
			}
			return nil
		})
	}
	return reports, group.Wait()
}
