package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/secret"
)

// newActionCommand is what the action's launcher starts. It hands the step's inputs to the flags that a person would type,
// and presents what comes back.
func newActionCommand(p *Process) *cobra.Command {
	return &cobra.Command{
		Use:    "action",
		Short:  "Run as a step of GitHub Actions, with inputs from the environment",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(cmd *cobra.Command, _ []string) error { return runStep(cmd.Context(), p) },
	}
}

func runStep(ctx context.Context, p *Process) error {
	secrets := new(secret.Set)
	step := github.NewStep(p.Getenv, &hidingWriter{p.Stdout, secrets}, secrets.HideAgain)
	args, err := step.Arguments(flagsOf(p))
	if err != nil {
		step.Fail(err)
		return err
	}
	fmt.Fprintln(p.Stdout, report.Escape("seedpack "+strings.Join(shown(args), " ")))
	var printed bytes.Buffer
	status := Run(ctx, args, Process{Stdin: p.Stdin, Stdout: &printed, Stderr: step.Stderr(), Getenv: step.Getenv, Version: p.Version,
		stage: step.Begin, secrets: secrets, engines: p.engines})
	step.Begin("", "")
	return errors.Join(step.Present(printed.Bytes(), status), statusError(status))
}

// flagsOf returns a function from the name of a command to its flags; nil if there is no such command.
func flagsOf(p *Process) func(command string) *pflag.FlagSet {
	return func(command string) *pflag.FlagSet {
		for _, cmd := range newRootCommand(&Process{Getenv: p.Getenv}).Commands() {
			if cmd.Name() == command {
				return cmd.Flags()
			}
		}
		return nil
	}
}

// shown returns the command line without the flags that only a step needs, so that a user can try the same at home.
func shown(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		return arg == "--format=json" || arg == "--progress=plain" || strings.HasPrefix(arg, "--root=")
	})
}

// statusError passes an exit status on that has been explained already.
func statusError(status int) error {
	switch status {
	case exit.StatusClean:
		return nil
	case exit.StatusUsage:
		return exit.Usagef("the inputs of the step are wrong, see above")
	case exit.StatusFindings:
		return exit.Findings
	}
	return errors.New("something could not be checked or done, see above")
}
