package main

import (
	"encoding/csv"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack/source"
)

// registerRoots adds --root to all commands, and holds each command line against it before anything runs.
func (p *program) registerRoots(cmd *cobra.Command) {
	cmd.PersistentFlags().StringArrayVar((*[]string)(&p.roots), "root", nil,
		"refuse paths that lead out of this directory, by .. or by links; of several, each path stays in its own")
	cmd.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if len(p.roots) == 0 {
			return nil
		}
		return errors.Join(p.checkFlags(cmd), p.checkArgs(cmd, args))
	}
}

func (p *program) checkFlags(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		paths := flagPaths[f.Name]
		if paths == nil {
			return
		}
		values := []string{f.Value.String()}
		if slice, ok := f.Value.(pflag.SliceValue); ok {
			values = slice.GetSlice()
		}
		for _, value := range values {
			for _, path := range paths(value) {
				if refused := p.roots.Check(path); refused != nil {
					err = errors.Join(err, exit.Usagef("--%s: %w", f.Name, refused))
				}
			}
		}
	})
	return err
}

func (p *program) checkArgs(cmd *cobra.Command, args []string) error {
	paths := argPaths[cmd.Name()]
	if paths == nil {
		return nil
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, arg := range args {
		for _, path := range paths(arg) {
			if err := p.roots.Check(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// flagPaths says which paths of this machine are in the value of a flag; nil is none. Every flag with a text has a row, so
// that none is forgotten.
var flagPaths = map[string]func(string) []string{
	"build-context":    func(v string) []string { _, source, _ := strings.Cut(v, "="); return sourcePath(source) },
	"cache-from":       fieldPaths("src"),
	"cache-to":         fieldPaths("dest"),
	"builder-tls-ca":   onePath,
	"ca-file":          onePath,
	"builder-tls-cert": onePath,
	"builder-tls-key":  onePath,
	"buildkitd-config": onePath,
	"cases":            onePath,
	"config":           configPath,
	"context":          sourcePath,
	"against":          onePath,
	"file":             onePath,
	"image":            imagePath,
	"iidfile":          onePath,
	"input-file":       namedPath,
	"junit-file":       onePath,
	"keep-outputs":     onePath,
	"mount":            namedPath,
	"mount-output":     namedPath,
	"output-dir":       onePath,
	"manifest":         onePath,
	"metadata-file":    onePath,
	"output":           outputPaths,
	"sarif-file":       onePath,
	"secret":           fieldPaths("src", "source"),
	"ssh":              sshPaths,

	"add-host":                nil,
	"allow":                   nil,
	"annotation":              nil,
	"attest":                  nil,
	"base":                    nil,
	"build-arg":               nil,
	"builder":                 nil,
	"builder-tls-server-name": nil,
	"description":             nil,
	"fail-on":                 nil,
	"form":                    nil,
	"format":                  nil,
	"grace":                   nil,
	"if-exists":               nil,
	"input":                   nil,
	"job-version":             nil,
	"json":                    nil,
	"label":                   nil,
	"maintainer-email":        nil,
	"maintainer-name":         nil,
	"name":                    nil,
	"network":                 nil,
	"no-cache-filter":         nil,
	"package-version":         nil,
	"platform":                nil,
	"progress":                nil,
	"provenance":              nil,
	"provides":                nil,
	"push":                    nil,
	"registry":                nil,
	"root":                    nil,
	"rule":                    nil,
	"run-as":                  nil,
	"sbom":                    nil,
	"setting":                 nil,
	"smoke":                   nil,
	"seed-version":            nil,
	"shm-size":                nil,
	"tag":                     nil,
	"target":                  nil,
	"timeout":                 nil,
	"title":                   nil,
	"ulimit":                  nil,
}

// argPaths says the same of what stands beside the flags of a command.
var argPaths = map[string]func(string) []string{
	"init":    onePath,
	"label":   onePath,
	"lint":    onePath,
	"list":    onePath,
	"name":    onePath,
	"pack":    onePath,
	"publish": imagePath,
	"run":     jobPath,
	"smoke":   onePath,
	"verify":  imagePath,

	"action":  nil,
	"doctor":  nil,
	"explain": nil,
	"rules":   nil,
	"schema":  nil,
	"version": nil,
}

func configPath(v string) []string {
	if v == "none" {
		return nil
	}
	return []string{v}
}

func onePath(v string) []string { return []string{v} }

// namedPath is that of NAME=PATH.
func namedPath(v string) []string {
	_, path, _ := strings.Cut(v, "=")
	return []string{path}
}

// sourcePath is the directory of a build context, which may also be an image or a place elsewhere.
func sourcePath(v string) []string {
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

// imagePath is the file or directory of an image that was built elsewhere, which may also be in a registry.
func imagePath(v string) []string {
	s, err := source.Parse(v)
	if err != nil || s.Path == "" {
		return nil // who reads the value says what is wrong
	}
	return []string{s.Path}
}

// jobPath is a job's directory, or an image.
func jobPath(v string) []string {
	if job.IsDirectory(v) || strings.HasPrefix(v, ".") {
		return []string{v}
	}
	return imagePath(v)
}

// sshPaths are the keys or the socket of ID=PATH,PATH.
func sshPaths(v string) []string {
	_, paths, ok := strings.Cut(v, "=")
	if !ok {
		return nil
	}
	return strings.Split(strings.TrimSuffix(paths, ",raw=true"), ",")
}

// outputPaths are where an output goes: dest=PATH among others, or a directory alone.
func outputPaths(v string) []string {
	if !strings.Contains(v, "=") {
		return []string{v}
	}
	return fieldPaths("dest")(v)
}

// fieldPaths is for values in the form key=value,key=value.
func fieldPaths(keys ...string) func(string) []string {
	return func(v string) (paths []string) {
		fields, err := csv.NewReader(strings.NewReader(v)).Read()
		if err != nil {
			return nil // who reads the value says what is wrong
		}
		for _, field := range fields {
			key, value, _ := strings.Cut(field, "=")
			if slices.Contains(keys, strings.ToLower(strings.TrimSpace(key))) {
				paths = append(paths, value)
			}
		}
		return paths
	}
}
