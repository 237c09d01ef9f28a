package cli

import (
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
	s.Lookup("base").NoOptDefVal = baseAuto
}

const baseUsage = "compare each job with an earlier state: auto (published, else merge-base), published, merge-base, a revision, or none"
