package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
)

// shells are those that commands, flags and values can be completed in.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletionCommand(p *Process) *cobra.Command {
	var plain bool
	cmd := &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print what makes a shell complete commands, flags and their values",
		Long: `Completion prints a script with which a shell completes commands, flags and their values. Packages of
Seedpack for Debian, Fedora and others bring it along.

To try it in a shell that runs:

  . <(seedpack completion bash)
  . <(seedpack completion zsh)
  seedpack completion fish | source

To keep it:

  seedpack completion bash >~/.local/share/bash-completion/completions/seedpack
  seedpack completion zsh >"${fpath[1]}/_seedpack"
  seedpack completion fish >~/.config/fish/completions/seedpack.fish
  seedpack completion powershell >>$PROFILE

Bash needs the package bash-completion, and zsh needs compinit in ~/.zshrc.`,
		Args:      oneShell,
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.Stdout, !plain)
			case "zsh":
				if plain {
					return root.GenZshCompletionNoDesc(p.Stdout)
				}
				return root.GenZshCompletion(p.Stdout)
			case "fish":
				return root.GenFishCompletion(p.Stdout, !plain)
			}
			if plain {
				return root.GenPowerShellCompletion(p.Stdout)
			}
			return root.GenPowerShellCompletionWithDesc(p.Stdout)
		},
	}
	cmd.Flags().BoolVar(&plain, "no-descriptions", false, "complete without saying what each flag is for")
	return cmd
}

// oneShell wants the name of one shell.
func oneShell(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return err
	}
	for _, known := range shells {
		if args[0] == known {
			return nil
		}
	}
	return exit.Usagef("there is no completion for %q: write %s", args[0], orList(shells))
}

// newHelpCommand returns the command that explains others.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Long:    "Help explains a command, as COMMAND --help does.",
		GroupID: aboutGroup,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return exit.Usage(err)
			case len(rest) > 0 && found.HasSubCommands():
				return knownCommand(found, rest)
			case len(rest) > 0:
				return exit.Usagef("argument %q is one too many: write %s", rest[0], cmd.CommandPath()+strings.TrimPrefix(found.CommandPath(), cmd.Root().Name()))
			}
			return found.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (all []cobra.Completion, _ cobra.ShellCompDirective) {
			found, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			for _, sub := range found.Commands() {
				if sub.IsAvailableCommand() {
					all = append(all, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
