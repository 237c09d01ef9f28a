package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
)

// Values of flags. A shell completes those that are known.
const (
	closedKey  = "seedpack-values"  // the only values that the flag takes
	openKey    = "seedpack-words"   // words that the flag takes among other values
	subjectKey = "seedpack-subject" // the heading of the flag in a help text
)

// oneOf declares the only values of a flag. All others are refused before the command runs.
func oneOf(s *pflag.FlagSet, name string, values ...string) {
	annotate(s.Lookup(name), closedKey, values...)
}

// knownWords declares words that a flag takes among other values.
func knownWords(s *pflag.FlagSet, name string, values ...string) {
	annotate(s.Lookup(name), openKey, values...)
}

// under puts the flags that are added to a set, until the function that it returns is called, under a heading of the help text.
func under(s *pflag.FlagSet, subject string) func() {
	before := map[string]bool{}
	s.VisitAll(func(f *pflag.Flag) { before[f.Name] = true })
	return func() {
		s.VisitAll(func(f *pflag.Flag) {
			if !before[f.Name] {
				annotate(f, subjectKey, subject)
			}
		})
	}
}

// checkValues refuses values of flags that take only some.
func checkValues(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		known, value := f.Annotations[closedKey], f.Value.String()
		if f.Name == "base" && strings.TrimSpace(value) == "" { // as of a variable that is not set: it must not turn the gate off
			err = errors.Join(err, exit.Usagef("--base is empty: give %s, or a revision", orList(f.Annotations[openKey])))
			return
		}
		if len(known) == 0 || slices.Contains(known, value) {
			return
		}
		hint := ""
		if near := nearest(value, known); near != "" {
			hint = ": did you mean " + near + "?"
		}
		err = errors.Join(err, exit.Usagef("--%s %q must be %s%s", f.Name, value, orList(known), hint))
	})
	return err
}

// orList returns "a, b or c".
func orList(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// completeFlags has shells complete the values of all flags of a command. A flag that holds a path completes files, and a text of
// which nothing is known completes nothing.
func completeFlags(cmd *cobra.Command) {
	complete := func(f *pflag.Flag) {
		known := slices.Concat(f.Annotations[closedKey], f.Annotations[openKey])
		switch {
		case f.Value.Type() == "bool" || len(f.Annotations[pathsKey]) > 0:
			return
		case f.Name == "rule":
			must(cmd.RegisterFlagCompletionFunc(f.Name, completeRule))
		default:
			must(cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp)))
		}
	}
	cmd.Flags().VisitAll(complete)
	cmd.PersistentFlags().VisitAll(complete)
	for _, sub := range cmd.Commands() {
		completeFlags(sub)
	}
}

// must panics on an error that only a flag declared twice can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// completeRule completes ID=SEVERITY.
func completeRule(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	id, _, ok := strings.Cut(toComplete, "=")
	if !ok {
		var all []cobra.Completion
		for _, id := range ruleIDs() {
			all = append(all, id+"=")
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	var all []cobra.Completion
	for _, s := range []diag.Severity{diag.Off, diag.Notice, diag.Warning, diag.Error} {
		all = append(all, id+"="+s.String())
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
