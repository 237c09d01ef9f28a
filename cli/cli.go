// Package cli is what a person types: commands, flags, and what is printed where. Each command has a file of its own, which
// reads: options, constructor, run function. flags_*.go are the groups of flags that commands share, and printer.go says
// which stream gets what.
//
// Only this package and github know flags. What a command does is done below it.
package cli

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"sync/atomic"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/secret"
)

// A Process is what commands see of the process around them.
type Process struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Version        string // of the release; empty: that of the module

	roots   disk.Roots              // that --root confines paths to
	stage   func(job, stage string) // is called at each stage of a job; may be nil
	command string                  // that runs; empty before it is known
	args    []string                // as they were given
	// unwritten is why a help text could not be written: the function that writes it returns no error.
	unwritten error
	color     string      // when findings have colours
	secrets   *secret.Set // are redacted in all that is printed and written

	closed  func() bool   // reports whether nobody reads the output any more; may be nil
	engines *atomic.Int32 // that are in use; may be nil
}

// Run is Main without the signals. It runs the command that the arguments name, without the program's name, and returns the exit
// status. The command ends when the context does.
func Run(ctx context.Context, args []string, p Process) int {
	// containerd's store, which reads OCI layouts, warns there of features that a file system lacks.
	logrus.SetOutput(io.Discard)
	counted := &countingWriter{next: p.Stdout}
	p.Stdout = counted
	if p.Stdin != nil {
		p.Stdin = &interruptible{ctx, p.Stdin}
	}
	if p.secrets == nil {
		p.secrets = new(secret.Set)
	}
	p.Stderr = &hidingWriter{p.Stderr, p.secrets}
	root := newRootCommand(&p)
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		completeFlags(root)
	}
	p.args = fillBase(joinPush(args))
	root.SetArgs(p.args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = p.unwritten
	}
	status := exit.Status(ctx, err)
	if err != nil && p.closed != nil && p.closed() {
		return exit.StatusInterrupted // and nobody would read why
	}
	rest := untold(err)
	if rest == nil && (err == nil || errors.Is(err, exit.Findings)) {
		return status
	}
	if rest != nil {
		complain(&p, status, "", rest)
	}
	if format := cmd.Flags().Lookup("format"); counted.n == 0 && format != nil {
		complainIn(&p, format.Value.String(), err)
	}
	return status
}

// A countingWriter knows whether anything was printed.
type countingWriter struct {
	next io.Writer
	n    int
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.n += len(b)
	return w.next.Write(b)
}

// A toldError is an error that has been printed already.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// untold returns what of an error has not been printed, such as of a file that could not be closed after everything else had been said.
func untold(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var rest []error
		for _, part := range all.Unwrap() {
			rest = append(rest, untold(part))
		}
		return errors.Join(rest...)
	}
	if _, told := err.(toldError); told || errors.Is(err, exit.Findings) {
		return nil
	}
	return err
}

func newRootCommand(p *Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seedpack",
		Short: "Package scientific and geospatial jobs as Seed images",
		Long: `Seedpack takes a Seed job from its manifest to its published image:

  lint → name → build → smoke → push → verify → tag

Exit status: 0 clean; 1 the job has findings, also a Dockerfile that cannot be built; 2 the
command line is wrong or names no job; 3 something could not be checked or done (network,
credentials, the builder); 130 interrupted.`,
		Example: `  seedpack lint
  seedpack pack --registry registry.example.com/team --push
  seedpack verify registry.example.com/team/my-job-1.0.0-seed:1.0.0`,
		SilenceUsage: true, SilenceErrors: true,
		Args: knownCommand, Version: p.versionLine(),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetOut(p.Stdout)
	cmd.SetErr(p.Stderr)
	cmd.SetFlagErrorFunc(flagError)
	for _, g := range commandGroups() {
		cmd.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, newCommand := range g.commands {
			sub := newCommand(p)
			sub.GroupID = g.title
			cmd.AddCommand(sub)
		}
	}
	cmd.SetHelpCommand(newHelpCommand())
	cmd.SetVersionTemplate("{{.Version}}\n")
	adviseArgs(cmd, p)
	p.addFlags(cmd)
	setHelp(cmd, p)
	return cmd
}

// aboutGroup is the group of the commands that are about Seedpack itself.
const aboutGroup = "About Seedpack"

// A commandGroup has commands that --help lists together.
type commandGroup struct {
	title    string
	commands []func(*Process) *cobra.Command
}

func commandGroups() []commandGroup {
	return []commandGroup{
		{"Write a job", []func(*Process) *cobra.Command{newInitCommand, newMigrateCommand, newLintCommand, newListCommand, newNameCommand, newLabelCommand,
			newDiffCommand, newBumpCommand}},
		{"Build, try and publish it", []func(*Process) *cobra.Command{newPackCommand, newSmokeCommand, newRunCommand, newPublishCommand, newVerifyCommand, newLoginCommand,
			newLogoutCommand}},
		{"Find and hand on", []func(*Process) *cobra.Command{newDiscoverCommand, newExportCommand}},
		{aboutGroup, []func(*Process) *cobra.Command{newDoctorCommand, newCacheCommand, newRulesCommand, newExplainCommand, newSchemaCommand, newCompletionCommand, newVersionCommand, newActionCommand}},
	}
}

// addFlags adds the flags of all commands, and checks flags before a command runs.
func (p *Process) addFlags(cmd *cobra.Command) {
	cmd.Flags().Bool("version", false, "print the version")
	s := cmd.PersistentFlags()
	s.BoolP("help", "h", false, "explain the command")
	s.StringVar(&p.color, "color", colorAuto, "colours in findings: auto (on a terminal), always or never")
	oneOf(s, "color", colorAuto, colorAlways, colorNever)
	confine(cmd, &p.roots)
	cmd.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		p.command = cmd.Name()
		return errors.Join(checkValues(cmd), checkPaths(cmd, args, p.roots), checkThere(cmd), checkWritten(cmd, args))
	}
}

// Root returns the whole program as a command, for what describes it.
func Root() *cobra.Command {
	return newRootCommand(&Process{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }})
}

// Commands returns all commands, for what describes them.
func Commands() []*cobra.Command { return Root().Commands() }

// version returns that of the release, or of the module that was installed.
func (p *Process) version() string {
	if p.Version != "" {
		return p.Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
