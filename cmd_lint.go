package main

import (
	"context"
	"errors"
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

// A lintFlags is the command line of lint.
type lintFlags struct {
	reportFlags
	registry  string
	fix, diff bool
}

func newLintCommand(p *program) *cobra.Command {
	flags := &lintFlags{}
	cmd := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Say what is wrong with manifests, and where",
		Long: `Lint says what is wrong with manifests, each finding with its line and column.

PATH is a manifest, a directory (searched for seed.manifest.json, leaving out dot
directories and links), or - for standard input. Without one it is the working directory.

The nearest .seedpack.yaml beside a manifest or above says what its findings are worth.`,
		Example: "  seedpack lint\n  seedpack lint jobs/*/seed.manifest.json --format json\n  git show HEAD:seed.manifest.json | seedpack lint -",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.lint(cmd.Context(), flags, args) },
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&flags.registry, "registry", "", "HOST[/NAMESPACE] the image will go to, so that the length of the whole name counts")
	cmd.Flags().BoolVar(&flags.fix, "fix", false, "mend what can be mended, keep every other byte, and report what is left")
	cmd.Flags().BoolVar(&flags.diff, "diff", false, "show what --fix would do, and change nothing")
	return cmd
}

// lint reads all policies before it mends anything.
func (p *program) lint(ctx context.Context, f *lintFlags, args []string) error {
	policies, err := f.policies(p)
	if err != nil {
		return err
	}
	if err := checkRegistry(f.registry); err != nil {
		return err
	}
	if f.diff && (f.sarifFile != "" || f.junitFile != "" || f.format != "text") {
		return exit.Usagef("--diff shows what --fix would do and reports nothing: leave out --format, --sarif-file and --junit-file")
	}
	paths, err := job.Find(args)
	if err != nil {
		return err
	}
	each, err := policies.each(paths)
	if err != nil {
		return err
	}
	options := lint.Options{Registry: f.registry}
	if f.fix || f.diff {
		if err := p.fixAll(paths, options, each, f.diff); err != nil || f.diff {
			return err
		}
	}
	reports, err := p.lintAll(ctx, paths, options, each)
	if err != nil {
		return err
	}
	all := &findings{command: "lint", args: scope(args)}
	for i, r := range reports {
		all.judge(r, each[i])
	}
	printer := *p
	if f.fix && slices.Contains(paths, "-") {
		printer.stdout = p.stderr // standard output holds the mended text
	}
	if err := errors.Join(p.writeReports(&f.reportFlags, all), printer.print(&f.reportFlags, all)); err != nil {
		return err
	}
	if all.fail() {
		return exit.Findings
	}
	return nil
}

// lintAll lints with all processors, and keeps the order of the paths. Of each manifest only what is printed is kept.
func (p *program) lintAll(ctx context.Context, paths []string, opt lint.Options, policies []diag.Policy) ([]*diag.Report, error) {
	reports := make([]*diag.Report, len(paths))
	group, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for i := taken.Add(1) - 1; i < int64(len(paths)); i = taken.Add(1) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				j, err := job.Read(paths[i], p.stdin)
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
