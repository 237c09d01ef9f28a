package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/diag"
	"github.com/seedpack/seedpack/lint/report"
	"github.com/seedpack/seedpack/lint/seed"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/verify"
)

func newVerifyCommand(p *program) *cobra.Command {
	var flags reportFlags
	var insecure bool
	cmd := &cobra.Command{
		Use:   "verify REFERENCE...",
		Short: "Check published images against the manifest they carry",
		Long: `Verify reads a published image's label and configuration from its registry, without pulling
layers, lints the manifest inside, and checks that repository and tag are what it says.`,
		Example: "  seedpack verify registry.example.com/team/my-job-1.0.0-seed:1.0.0",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			policy, err := flags.policy()
			if err != nil {
				return err
			}
			registry := pack.Registry{Insecure: insecure, UserAgent: "seedpack/" + programVersion()}
			return p.verify(cmd.Context(), registry, policy, &flags, args)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&insecure, "insecure-registry", false, "speak plain http also to registries on other machines")
	return cmd
}

// verify looks at all images, whatever one of them has to hide.
func (p *program) verify(ctx context.Context, registry pack.Registry, policy diag.Policy, flags *reportFlags, args []string) error {
	var reports []*diag.Report
	var failures []error
	for _, arg := range args {
		found, err := verifyOne(ctx, registry, arg)
		if err != nil {
			failures = append(failures, fmt.Errorf("verify %s: %w", arg, err))
			continue
		}
		for _, r := range found {
			reports = append(reports, policy.Apply(r))
		}
	}
	reports = diag.Merge(reports...)
	if err := p.printReports(reports, flags); err != nil {
		return err
	}
	for _, r := range reports {
		if flags.format == "text" && !policy.Fails(r) {
			fmt.Fprintln(p.stdout, "verified", report.Escape(r.Path))
		}
	}
	switch {
	case len(failures) > 0:
		return errors.Join(failures...)
	case policy.Fails(reports...):
		return errFindings
	}
	return nil
}

func verifyOne(ctx context.Context, registry pack.Registry, arg string) ([]*diag.Report, error) {
	reference, err := registry.Parse(arg)
	if err != nil {
		return nil, usageError{err}
	}
	found, image, err := verify.Published(ctx, reference, nil, registry.Options(ctx)...)
	if err != nil {
		return nil, err
	}
	reports := []*diag.Report{found}
	if image != nil && image.Manifest != nil {
		reports = append(reports, lint.Manifest(found.Path, seed.Parse(image.Manifest), lint.Options{}))
	}
	return reports, nil
}
