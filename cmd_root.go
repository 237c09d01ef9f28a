package main

import (
	"errors"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/verify"
)

func newRootCommand(p *program) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seedpack",
		Short: "Package scientific and geospatial jobs as Seed images",
		Long: `Seedpack takes a Seed job from its manifest to its published image:

  lint → name → build → smoke → push → verify → tag

Exit status: 0 clean; 1 the job has findings; 2 the command line is wrong or names no
job; 3 we could not find out (network, credentials, a failing build step); 130 interrupted.`,
		Example: `  seedpack lint
  seedpack pack --registry registry.example.com/team --push
  seedpack verify registry.example.com/team/my-job-1.0.0-seed:1.0.0`,
		SilenceUsage: true, SilenceErrors: true,
		Args: knownCommand, SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetOut(p.stdout)
	cmd.SetErr(p.stderr)
	cmd.SetFlagErrorFunc(flagError)
	for _, sub := range []*cobra.Command{
		newInitCommand(p), newLintCommand(p), newListCommand(p), newNameCommand(p), newLabelCommand(p), newPackCommand(p), newSmokeCommand(p), newRunCommand(p), newPublishCommand(p),
		newVerifyCommand(p), newDoctorCommand(p), newRulesCommand(p), newExplainCommand(p), newSchemaCommand(p), newVersionCommand(p), newActionCommand(p),
	} {
		sub.Args = usageArgs(sub.Args)
		cmd.AddCommand(sub)
	}
	cmd.Args = usageArgs(cmd.Args)
	p.registerRoots(cmd)
	return cmd
}

// flagError is a mistake in the flags; one that is misspelt is told apart from one that is for another command.
func flagError(cmd *cobra.Command, err error) error {
	unknown := new(pflag.NotExistError)
	if !errors.As(err, &unknown) {
		return exit.Usage(err)
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	name := unknown.GetSpecifiedName()
	if near := diag.Nearest(name, known); near != "" && len(name) > 2 {
		return exit.Usagef("%w: did you mean --%s?", err, near)
	}
	return exit.Usagef("%w: %s --help lists them", err, cmd.CommandPath())
}

// knownCommand is reached with arguments only when the first is no command.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return exit.Usagef("unknown command %q: did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return exit.Usagef("unknown command %q: seedpack --help lists them", args[0])
}

// usageArgs makes a wrong number of arguments a mistake in the command line.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		err := check(cmd, args)
		if err == nil || exit.IsUsage(err) {
			return err
		}
		return exit.Usagef("%d arguments are given: write %s", len(args), cmd.UseLine())
	}
}

// programVersion is that of the release, or of the module that was installed.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// allRules is every rule of every stage.
func allRules() []*diag.Rule {
	return slices.Concat(lint.Rules(), dockerfile.Rules(), verify.Rules(), []*diag.Rule{tagTaken, attestationsDropped, imageRevision, buildArgSecret})
}

func escapeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = report.Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}
