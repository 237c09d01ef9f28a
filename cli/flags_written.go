package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// writtenKey marks flags that name a file to write.
const writtenKey = "seedpack-written"

// writtenVar declares a flag that names a file to write.
func writtenVar(s *pflag.FlagSet, to *string, name, usage string) {
	pathVar(s, to, name, "", wholePath, usage)
	annotate(s.Lookup(name), writtenKey, "yes")
}

// jobFiles are the names of files that people write and a job is made of.
var jobFiles = []string{seed.ManifestFile, "Dockerfile", "dockerfile", cases.File, policy.FileName}

// checkWritten refuses files to write that would replace what a command reads, or each other.
func checkWritten(cmd *cobra.Command, args []string) (err error) {
	read, written := slices.Clone(args), map[string]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if form := f.Annotations[pathsKey]; len(form) > 0 && len(f.Annotations[writtenKey]) == 0 {
			for _, value := range values(f) {
				read = append(read, pathForm(form[0]).in(value)...)
			}
		}
	})
	cmd.Flags().Visit(func(f *pflag.Flag) {
		path := f.Value.String()
		if len(f.Annotations[writtenKey]) == 0 || path == "" {
			return
		}
		if why := replaces(path, read); why != "" {
			err = errors.Join(err, exit.Usagef("--%s %s %s", f.Name, path, why))
		}
		full, wrong := filepath.Abs(path)
		if other := written[full]; wrong == nil && other != "" && !isDevice(path) {
			err = errors.Join(err, exit.Usagef("--%s and --%s name one file, %s: each needs its own", other, f.Name, path))
		}
		written[full] = f.Name
	})
	return err
}

// replaces says why a path is none to write to; empty if it is one.
func replaces(path string, read []string) string {
	info, err := os.Stat(path)
	base := filepath.Base(path)
	switch {
	case err == nil && info.IsDir() || isDevice(path):
		return "" // writing says what is wrong
	case slices.Contains(jobFiles, base) || strings.HasSuffix(base, ".dockerignore"):
		return "has the name of a file that a job is made of: give it another one"
	}
	for _, other := range read {
		if there, wrong := os.Stat(other); err == nil && wrong == nil && os.SameFile(info, there) {
			return "is read by this command: name another file"
		}
	}
	return ""
}

// isDevice reports whether a path is there and is neither a file nor a directory, such as /dev/stdout: it can be written to twice.
func isDevice(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// values returns all values of a flag.
func values(f *pflag.Flag) []string {
	if slice, ok := f.Value.(pflag.SliceValue); ok {
		return slice.GetSlice()
	}
	return []string{f.Value.String()}
}
