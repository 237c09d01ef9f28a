package cli

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
)

// A pathForm says which parts of a value are paths of this machine. A flag that holds a path is declared with pathVar or
// pathsVar, and arguments with pathArgs. So --root finds them.
type pathForm string

const (
	wholePath   pathForm = "whole"    // all of it
	namedPath   pathForm = "named"    // NAME=PATH
	policyPath  pathForm = "policy"   // a policy file, or none
	sourcePath  pathForm = "source"   // a build context: a directory, a layout, or a place elsewhere
	namedBuild  pathForm = "build"    // NAME=SOURCE of a build context
	imagePath   pathForm = "image"    // an image from a file, a directory or a registry
	catalogPath pathForm = "catalog"  // a catalogue's file, or a registry
	jobPath     pathForm = "job"      // a job's directory, or an image
	statePath   pathForm = "state"    // a job's directory or manifest, git:REV[:PATH], or an image
	placePath   pathForm = "place"    // a file, a directory, or an image
	sshPath     pathForm = "ssh"      // ID=PATH,PATH
	outputPath  pathForm = "output"   // dest=PATH among others, or a directory alone
	destPath    pathForm = "dest"     // dest=PATH among others
	srcPath     pathForm = "src"      // src=PATH or source=PATH among others
	srcOnlyPath pathForm = "src-only" // src=PATH among others
)

// in returns the paths in a value, and none for a value that cannot be read: its reader reports it.
func (f pathForm) in(value string) []string {
	switch f {
	case wholePath:
		return []string{value}
	case namedPath:
		_, path, _ := strings.Cut(value, "=")
		return []string{path}
	case policyPath:
		if value == "none" {
			return nil
		}
		return []string{value}
	case sourcePath:
		return contextPath(value)
	case namedBuild:
		_, source, _ := strings.Cut(value, "=")
		return contextPath(source)
	case imagePath:
		return imageFile(value)
	case catalogPath:
		if isPath(value) || exists(value) {
			return []string{value}
		}
		return nil
	case jobPath:
		if job.IsDirectory(value) || strings.HasPrefix(value, ".") {
			return []string{value}
		}
		return imageFile(value)
	case statePath:
		if _, _, ok := isRevision(value); ok {
			return nil // it is read from the repository of a path that is checked when it is known
		}
		if job.IsDirectory(value) || job.IsFile(value) || strings.HasPrefix(value, ".") {
			return []string{value}
		}
		return imageFile(value)
	case placePath:
		if exists(value) || value == "-" || filepath.Ext(value) == ".json" || strings.HasPrefix(value, ".") {
			return []string{value}
		}
		return imageFile(value)
	case sshPath:
		return sshFiles(value)
	case outputPath:
		if !strings.Contains(value, "=") {
			return []string{value}
		}
		return fieldsNamed(value, "dest")
	case destPath:
		return fieldsNamed(value, "dest")
	case srcOnlyPath:
		return fieldsNamed(value, "src")
	case srcPath:
		return fieldsNamed(value, "src", "source")
	}
	panic("a form of paths without a reader: " + string(f))
}

// pathsKey is where flags and commands keep their pathForm.
const pathsKey = "seedpack-paths"

// pathVar declares a flag whose value holds paths.
func pathVar(s *pflag.FlagSet, to *string, name, short string, form pathForm, usage string) {
	s.StringVarP(to, name, short, "", usage)
	setForm(s, name, form)
}

// pathsVar declares a flag that may be given several times, and whose values hold paths.
func pathsVar(s *pflag.FlagSet, to *[]string, name, short string, form pathForm, usage string) {
	s.StringArrayVarP(to, name, short, nil, usage)
	setForm(s, name, form)
}

func setForm(s *pflag.FlagSet, name string, form pathForm) {
	annotate(s.Lookup(name), pathsKey, string(form))
}

// pathArgs declares that the arguments of a command hold paths. Without arguments it is about the working directory.
func pathArgs(form pathForm) map[string]string { return map[string]string{pathsKey: string(form)} }

// confine adds --root to all commands.
func confine(cmd *cobra.Command, roots *disk.Roots) {
	cmd.PersistentFlags().StringArrayVar((*[]string)(roots), "root", nil,
		"DIR: refuse paths that lead out of this directory, by .. or by links; of several, each path stays in its own")
}

// checkPaths refuses paths in flags and arguments that leave the roots.
func checkPaths(cmd *cobra.Command, args []string, roots disk.Roots) error {
	if len(roots) == 0 {
		return nil
	}
	if slices.Contains(roots, "") { // as of a variable that is not set: it must not open all paths
		return exit.Usagef("--root is empty: name a directory")
	}
	return errors.Join(checkFlags(cmd, roots), checkArgs(cmd, args, roots))
}

// checkFlags refuses paths in flags that leave the roots.
func checkFlags(cmd *cobra.Command, roots disk.Roots) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		form := f.Annotations[pathsKey]
		if len(form) == 0 {
			return
		}
		for _, value := range values(f) {
			for _, path := range pathForm(form[0]).in(value) {
				if refused := roots.Check(path); refused != nil {
					err = errors.Join(err, exit.Usagef("--%s: %w", f.Name, refused))
				}
			}
		}
	})
	return err
}

// checkArgs refuses arguments that leave the roots.
func checkArgs(cmd *cobra.Command, args []string, roots disk.Roots) error {
	form, ok := cmd.Annotations[pathsKey]
	if !ok {
		return nil
	}
	for _, arg := range scope(args) {
		for _, path := range pathForm(form).in(arg) {
			if err := roots.Check(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// contextPath returns the directory of a build context, which may also be an image or a place elsewhere.
func contextPath(v string) []string {
	if dir, ok := strings.CutPrefix(v, "oci-layout://"); ok {
		dir, _, _ = strings.Cut(dir, "@")
		if i := strings.LastIndex(dir, ":"); i > strings.LastIndex(dir, "/") {
			dir = dir[:i]
		}
		return []string{dir}
	}
	if v == "" || strings.Contains(v, "://") || strings.HasPrefix(v, "git@") {
		return nil
	}
	return []string{v}
}

// imageFile returns the file or directory of an image that was built elsewhere, which may also be in a registry.
func imageFile(v string) []string {
	s, err := source.Parse(v)
	if err != nil || s.Path == "" {
		return nil
	}
	return []string{s.Path}
}

// sshFiles returns the keys or the socket of ID=PATH,PATH.
func sshFiles(v string) []string {
	_, paths, ok := strings.Cut(v, "=")
	if !ok {
		return nil
	}
	return strings.Split(strings.TrimSuffix(paths, ",raw=true"), ",")
}

// fieldsNamed returns the values of some keys of key=value,key=value.
func fieldsNamed(v string, keys ...string) (paths []string) {
	fields, err := pack.Fields(v)
	if err != nil {
		return nil
	}
	for _, field := range fields {
		if slices.Contains(keys, strings.ToLower(strings.TrimSpace(field.Key))) {
			paths = append(paths, field.Value)
		}
	}
	return paths
}
