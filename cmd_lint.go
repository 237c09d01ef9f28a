package main

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/diag"
)

func newLintCommand(p *program) *cobra.Command {
	var flags reportFlags
	var registry string
	var fix, show bool
	cmd := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Say what is wrong with manifests, and where",
		Long: `Lint says what is wrong with manifests, each finding with its line and column.

PATH is a manifest, a directory (searched for seed.manifest.json, leaving out dot
directories and links), or - for standard input. Without one it is the working directory.`,
		Example: "  seedpack lint\n  seedpack lint jobs/*/seed.manifest.json --format json\n  git show HEAD:seed.manifest.json | seedpack lint -",
		RunE: func(cmd *cobra.Command, args []string) error {
			policies, err := flags.policies(p)
			if err != nil {
				return err
			}
			if err := checkRegistry(registry); err != nil {
				return err
			}
			paths, err := findManifests(args)
			if err != nil {
				return err
			}
			each, err := policies.each(paths)
			if err != nil {
				return err
			}
			if show && (flags.sarifFile != "" || flags.junitFile != "" || flags.format != "text") {
				return usagef("--diff shows what --fix would do and reports nothing: leave out --format, --sarif-file and --junit-file")
			}
			if fix || show {
				if err := p.fixAll(paths, lint.Options{Registry: registry}, each, show); err != nil {
					return err
				}
			}
			if show {
				return nil
			}
			reports, err := p.lintAll(cmd.Context(), paths, lint.Options{Registry: registry}, each)
			if err != nil {
				return err
			}
			printer := *p
			if fix && slices.Contains(paths, "-") {
				printer.stdout = p.stderr // standard output holds the mended text
			}
			all := &findings{command: "lint", args: scope(args)}
			for i, r := range reports {
				all.judge(r, each[i])
			}
			if err := errors.Join(p.writeReports(&flags, all), printer.print(&flags, all)); err != nil {
				return err
			}
			if all.fail() {
				return errFindings
			}
			return nil
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&registry, "registry", "", "HOST[/NAMESPACE] the image will go to, so that the length of the whole name counts")
	cmd.Flags().BoolVar(&fix, "fix", false, "mend what can be mended, keep every other byte, and report what is left")
	cmd.Flags().BoolVar(&show, "diff", false, "show what --fix would do, and change nothing")
	return cmd
}

// lintAll lints with all processors, and keeps the order of the paths. Of each manifest only what is printed is kept.
func (p *program) lintAll(ctx context.Context, paths []string, opt lint.Options, policies []diag.Policy) ([]*diag.Report, error) {
	// What is made for one manifest is waste a moment later, and little of it stays: collecting it half as often saves
	// a tenth of the time for many, and all of it for a single one.
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	reports := make([]*diag.Report, len(paths))
	group, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for i := taken.Add(1) - 1; i < int64(len(paths)); i = taken.Add(1) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				j, err := p.readJob(paths[i])
				if err != nil {
					return err
				}
				reports[i] = policies[i].Apply(lint.Manifest(paths[i], j.manifest, opt)).Settle()
			}
			return nil
		})
	}
	return reports, group.Wait()
}
