package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
)

// This file says what is wrong with a command line, and what to write in its place.

// flagError turns an error of a flag into a mistake in the command line.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return exit.Usagef("%w: %s", err, unknownFlag(cmd, unknown))
	case errors.As(err, &missing):
		return exit.Usagef("--%s needs a value: %s", missing.GetFlag().Name, valueWords(missing.GetFlag()))
	case errors.As(err, &invalid):
		return exit.Usage(invalidValue(invalid.GetFlag(), invalid.GetValue(), invalid.Unwrap()))
	}
	return exit.Usage(err)
}

// eachFlagOf visits the flags of a command, those of all commands among them.
func eachFlagOf(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.NonInheritedFlags().VisitAll(visit)
	cmd.InheritedFlags().VisitAll(visit)
}

// unknownFlag says what was meant by a flag that a command does not have.
func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) string {
	name := unknown.GetSpecifiedName()
	known := map[string]*pflag.Flag{}
	eachFlagOf(cmd, func(f *pflag.Flag) {
		if !f.Hidden {
			known[f.Name] = f
		}
	})
	meant := func(written string) string { return "did you mean " + written + "?" }
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		if name = shortMeant(short, known); name != "" {
			return meant(name)
		}
		return cmd.CommandPath() + " --help lists them"
	}
	if rest, no := strings.CutPrefix(name, "no-"); no && known[rest] != nil && known[rest].NoOptDefVal != "" {
		return meant("--" + rest + "=false")
	}
	if of := commandsWith(cmd.Root(), name); len(of) > 0 && !cmd.HasParent() {
		return fmt.Sprintf("it is a flag of %s: write it behind the command", someOf(of))
	} else if len(of) > 0 {
		return "it is a flag of " + someOf(of)
	}
	if near := nearest(name, slices.Sorted(maps.Keys(known))); near != "" && len(name) > 2 {
		return meant("--" + near)
	}
	return cmd.CommandPath() + " --help lists them"
}

// shortMeant returns the flag that was meant by -LETTERS: a long one with one hyphen, one in the other case, or the only one that
// begins so; empty if there is none.
func shortMeant(letters string, known map[string]*pflag.Flag) string {
	word, _, _ := strings.Cut(letters, "=")
	if f := known[word]; f != nil {
		return "--" + f.Name
	}
	if len(word) != 1 {
		return ""
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if strings.EqualFold(known[name].Shorthand, word) {
			return "-" + known[name].Shorthand
		}
		if strings.HasPrefix(name, strings.ToLower(word)) {
			all = append(all, "--"+name)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return ""
}

// commandsWith returns the commands that have a flag.
func commandsWith(root *cobra.Command, name string) (all []string) {
	for _, sub := range root.Commands() {
		if f := sub.LocalNonPersistentFlags().Lookup(name); f != nil && !f.Hidden && !sub.Hidden {
			all = append(all, sub.Name())
		}
	}
	return all
}

// someOf names a few of many.
func someOf(all []string) string {
	const most = 4
	if len(all) > most {
		return strings.Join(all[:most-1], ", ") + fmt.Sprintf(" and %d more commands", len(all)-most+1)
	}
	return strings.Join(all[:len(all)-1], ", ") + map[bool]string{true: " and "}[len(all) > 1] + all[len(all)-1]
}

// invalidValue says what a value must be, in place of the words of Go's parsers.
func invalidValue(f *pflag.Flag, value string, cause error) error {
	switch kind := f.Value.Type(); {
	case errors.Is(cause, strconv.ErrRange):
		return fmt.Errorf("--%s %s is too large", f.Name, value)
	case kind == "bool", kind == "int", kind == "duration":
		return fmt.Errorf("--%s %q must be %s", f.Name, value, valueWords(f))
	}
	return fmt.Errorf("--%s %q cannot be read: %w", f.Name, value, cause)
}

// valueWords says which values a flag takes.
func valueWords(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int", "int64":
		return "a whole number"
	case "duration":
		return "a time with its unit, such as 90s, 10m or 1h30m"
	}
	if known := f.Annotations[closedKey]; len(known) > 0 {
		return orList(known)
	}
	form, _ := describeFlag(f)
	return form
}

// strayValue returns an error if a long flag has one hyphen, since its first letter may be a flag that takes the rest, or if the value of a flag that may stand alone is written behind it with a blank. It would be taken for a
// path. Of --push the known values may stand there: see joinPush.
func strayValue(cmd *cobra.Command, args []string) error {
	for _, arg := range args {
		word, short := strings.CutPrefix(arg, "-")
		if word == "-" {
			break
		}
		if name, _, _ := strings.Cut(word, "="); short && len(name) > 2 && cmd.Flags().Lookup(name) != nil {
			return exit.Usagef("%s: did you mean -%[1]s? A long flag has two hyphens", arg)
		}
	}
	for i, arg := range args[:max(0, len(args)-1)] {
		name, long := strings.CutPrefix(arg, "--")
		if long && name == "" {
			return nil
		}
		f := cmd.Flags().Lookup(name)
		value := args[i+1]
		if !long || f == nil || f.NoOptDefVal == "" || !slices.Contains(append([]string{"true", "false", "yes", "no", "on", "off"}, f.Annotations[closedKey]...), value) {
			continue
		}
		if _, err := os.Lstat(value); err != nil {
			return exit.Usagef("--%s %s: the value of this flag is joined to it: write --%[1]s=VALUE, %[3]s", name, value, valueWords(f))
		}
	}
	return nil
}

// readFlags hold paths that a command reads, so that something must be there. Of others, such as those to write, nothing need be.
var readFlags = []string{"file", "context", "build-context", "manifest", "cases", "secret"}

// checkThere refuses files and directories that are named in flags to be read, and are not there. It is a mistake in the command line,
// as it is for the arguments.
func checkThere(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		form := f.Annotations[pathsKey]
		if len(form) == 0 || !slices.Contains(readFlags, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if many, ok := f.Value.(pflag.SliceValue); ok {
			values = many.GetSlice()
		}
		for _, value := range values {
			for _, path := range pathForm(form[0]).in(value) {
				if _, missing := os.Stat(path); path != "" && !job.IsStream(path) && errors.Is(missing, fs.ErrNotExist) && !disk.IsLink(path) {
					err = errors.Join(err, exit.Usagef("--%s: %s: there is no such file or directory", f.Name, path))
				}
			}
		}
	})
	return err
}

// adviseArgs has a command and all below it say what is wrong with their arguments.
func adviseArgs(cmd *cobra.Command, p *Process) {
	cmd.Args = usageArgs(cmd.Args, p)
	for _, sub := range cmd.Commands() {
		adviseArgs(sub, p)
	}
}

// usageArgs turns a wrong number of arguments into a mistake in the command line. A command with commands below it says which was
// meant.
func usageArgs(check cobra.PositionalArgs, p *Process) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := strayValue(cmd, p.args); err != nil || check == nil {
			return err
		}
		err := check(cmd, args)
		if err == nil || exit.IsUsage(err) {
			return err
		}
		if cmd.HasSubCommands() && len(args) > 0 {
			return knownCommand(cmd, args)
		}
		return exit.Usagef("%s: write %s", wrongCount(cmd, args, check), cmd.UseLine())
	}
}

// wrongCount says whether there are too many arguments or too few.
func wrongCount(cmd *cobra.Command, args []string, check cobra.PositionalArgs) string {
	for n := len(args) - 1; n >= 0; n-- {
		if check(cmd, args[:n]) == nil {
			return fmt.Sprintf("argument %q is one too many", args[n])
		}
	}
	return "an argument is missing"
}

// nearest returns the known word that was most likely meant, or "". Swapped letters count as one mistake, and of two words that are
// as near the one that begins alike is taken. A word that is cut off stands for the only one that begins so.
func nearest(word string, known []string) string {
	word = strings.ToLower(word)
	begins := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return !strings.HasPrefix(k, word) })
	if len(begins) == 1 && len(word) > 1 {
		return begins[0]
	}
	if diag.Nearest(word, known) == "" {
		return ""
	}
	best, least := "", 0
	for _, k := range known {
		distance := 2 * diag.Edits(word, strings.ToLower(k))
		if k != "" && word != "" && unicode.ToLower(rune(k[0])) != rune(word[0]) {
			distance++
		}
		if best == "" || distance < least {
			best, least = k, distance
		}
	}
	return best
}
