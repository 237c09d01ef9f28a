package cli

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// What a job is compared with.
const (
	baseAuto      = "auto"
	basePublished = "published"
	baseMerge     = "merge-base"
	baseNone      = "none"
)

// A baseFlags says what a job is compared with. Of the commands that have it, base also holds the default before add.
type baseFlags struct{ base string }

func (f *baseFlags) add(s *pflag.FlagSet, usage string) {
	s.StringVar(&f.base, "base", f.base, usage)
	knownWords(s, "base", baseAuto, basePublished, baseMerge, baseNone)
}

// baseCommands have --base of this file.
var baseCommands = []string{"lint", "pack", "bump", "list"}

// fillBase gives --base without a value the value auto. Pflag would then take no value after a blank.
func fillBase(args []string) []string {
	if len(args) == 0 || !slices.Contains(baseCommands, args[0]) {
		return args
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "--base" && (i+1 == len(args) || strings.HasPrefix(args[i+1], "-")) {
			args[i] = "--base=" + baseAuto
		}
	}
	return args
}

const baseUsage = "compare each job with an earlier state: auto (published, else merge-base), published, merge-base, a revision, or none"
