package github

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/sethvargo/go-githubactions"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/seed"
)

// An inputFlag is an input of the action that stands for a flag. A command without that flag ignores the input.
type inputFlag struct {
	input, flag string
	form        inputForm
}

type inputForm int

const (
	oneValue    inputForm = iota
	manyLines             // several values, one a line
	manyWords             // several values, separated by line ends or commas
	manyRecords           // several values, one a line, or in quotes as docker/build-push-action takes them
)

var inputFlags = []inputFlag{
	{"manifest", "manifest", oneValue},
	{"context", "context", oneValue},
	{"file", "file", oneValue},
	{"target", "target", oneValue},
	{"platforms", "platform", manyWords},
	{"build-args", "build-arg", manyRecords},
	{"build-contexts", "build-context", manyLines},
	{"labels", "label", manyRecords},
	{"annotations", "annotation", manyRecords},
	{"provenance", "provenance", oneValue},
	{"sbom", "sbom", oneValue},
	{"cache-from", "cache-from", manyLines},
	{"cache-to", "cache-to", manyLines},
	{"no-cache", "no-cache", oneValue},
	{"pull", "pull", oneValue},
	{"builder", "builder", oneValue},
	{"buildkitd-config", "buildkitd-config", oneValue},
	{"image", "image", oneValue},
	{"smoke", "smoke", oneValue},
	{"smoke-timeout", "smoke-timeout", oneValue},
	{"cases", "cases", oneValue},
	{"base", "base", oneValue},
	{"registry", "registry", oneValue},
	{"if-exists", "if-exists", oneValue},
	{"tags", "tag", manyWords},
	{"load", "load", oneValue},
	{"dry-run", "dry-run", oneValue},
	{"fail-on", "fail-on", oneValue},
	{"config", "config", oneValue},
	{"rules", "rule", manyLines},
	{"html", "html", oneValue},
	{"kind", "kind", oneValue},
	{"references", "references", oneValue},
	{"cache", "cache", oneValue},
	{"attachments", "attachments", oneValue},
	{"strict", "strict", oneValue},
	{"sarif-file", "sarif-file", oneValue},
	{"junit-file", "junit-file", oneValue},
	{"to", "to", oneValue},
	{"export-dir", "output-dir", oneValue},
}

// inputs reads the inputs of a step, and keeps the secrets among them.
type inputs struct {
	gha     *githubactions.Action
	env     func(string) string
	roots   disk.Roots
	secrets map[string]string // values, by the variables that stand for them on the command line
}

func (in *inputs) input(name string) string { return strings.TrimSpace(in.gha.GetInput(name)) }

// values returns the values of an input.
func (in *inputs) values(name string, form inputForm) []string {
	separators := "\n"
	switch form {
	case oneValue:
		if v := in.input(name); v != "" {
			return []string{v}
		}
		return nil
	case manyRecords:
		all := records(in.gha.GetInput(name))
		for i := range all {
			all[i] = strings.TrimSpace(all[i])
		}
		return all
	case manyWords:
		separators = "\n,"
	}
	var all []string
	for _, v := range strings.FieldsFunc(in.gha.GetInput(name), func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, v)
		}
	}
	return all
}

// StepCommands lists the commands that a step can run.
func StepCommands() []string {
	return []string{"pack", "lint", "smoke", "verify", "publish", "list", "export", "discover"}
}

// InputFlags returns the flags that inputs stand for, by the names of the inputs.
func InputFlags() map[string]string {
	all := map[string]string{}
	for _, f := range inputFlags {
		all[f.input] = f.flag
	}
	return all
}

// command returns what the step is to do, one of the commands that judge jobs, and its flags.
func (in *inputs) command(flagsOf func(command string) *pflag.FlagSet) (string, *pflag.FlagSet, error) {
	name := in.input("command")
	if name == "" {
		name = "pack"
	}
	if slices.Contains(StepCommands(), name) {
		if flags := flagsOf(name); flags != nil {
			return name, flags, nil
		}
	}
	return "", nil, exit.Usagef("command %q must be one of %s", name, strings.Join(StepCommands(), ", "))
}

// addRoots confines the command to the workspace and the runner's directory for temporary files.
func (in *inputs) addRoots(args []string) ([]string, error) {
	workspace := in.env("GITHUB_WORKSPACE")
	if workspace == "" {
		return args, nil
	}
	confined := disk.Roots{workspace}
	if dir := in.input("working-directory"); dir != "" && !filepath.IsAbs(dir) {
		if err := confined.Check(filepath.Join(workspace, dir)); err != nil {
			return nil, fmt.Errorf("working-directory: %w", err)
		}
	}
	if temp := in.env("RUNNER_TEMP"); temp != "" {
		confined = append(confined, temp)
	}
	in.roots = confined
	for _, dir := range confined {
		args = append(args, "--root="+dir)
	}
	return args, nil
}

func (in *inputs) addPush(args []string, flags *pflag.FlagSet) []string {
	if flags.Lookup("push") == nil {
		return args
	}
	push := in.input("push")
	if in.input("registry") == "" && (push == "" || push == "auto") {
		push = "false" // there is nowhere to push to
	}
	if push == "" {
		push = "auto"
	}
	return append(args, "--push="+push)
}

// exportDir is where exported files go, if the input export-dir does not say it.
const exportDir = "export"

// flagValues returns the values of the flag that an input stands for. An image to export is no flag, but an operand.
func (in *inputs) flagValues(command string, f inputFlag) []string {
	values := in.values(f.input, f.form)
	switch {
	case command == "export" && f.flag == "image":
		return nil
	case command == "export" && f.flag == "output-dir" && len(values) == 0:
		return []string{exportDir}
	}
	return values
}

// addBase compares jobs with what a pull request is made against, unless the input says otherwise.
func (in *inputs) addBase(command string, args []string, flags *pflag.FlagSet) []string {
	if flags.Lookup("base") == nil || command == "list" || in.input("base") != "" || in.env("GITHUB_BASE_REF") == "" {
		return args
	}
	return append(args, "--base=auto")
}

// operands returns the arguments besides the flags: the paths of jobs, or images. Images are compared with the job of the
// input path, if it is given.
func (in *inputs) operands(command string) ([]string, error) {
	if command == "discover" {
		return append([]string{"--"}, in.values("registry", manyLines)...), nil
	}
	paths, err := in.paths()
	image := in.input("image")
	switch {
	case command == "export" && image != "" && len(paths) > 0:
		return nil, exit.Usagef("export takes the input image or the input path: which one?")
	case command == "export" && image != "":
		return []string{"--", image}, err
	}
	if command != "verify" && command != "publish" {
		return append([]string{"--"}, paths...), err
	}
	images := in.values("image", manyLines)
	if len(images) == 0 {
		return nil, exit.Usagef("%s needs the input image: which one?", command)
	}
	var args []string
	for _, path := range paths {
		args = append(args, "--against="+path)
	}
	return slices.Concat(args, []string{"--"}, images), err
}

func (in *inputs) paths() ([]string, error) {
	var paths []string
	for _, pattern := range in.values("path", manyLines) {
		found, err := expand(pattern)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

// expand expands a pattern as a shell does, and leaves out what is no job. A name that exists is never a pattern.
func expand(pattern string) ([]string, error) {
	if _, err := os.Lstat(pattern); err == nil || !strings.ContainsAny(pattern, "*?[{") {
		return []string{pattern}, nil
	}
	matched, err := doublestar.FilepathGlob(pattern, doublestar.WithNoFollow())
	if err != nil {
		return nil, exit.Usagef("path %q: %w", pattern, err)
	}
	slices.Sort(matched)
	var found []string
	for _, path := range matched {
		if holdsJob(path) {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return nil, exit.Usagef("path %q matches no job", pattern)
	}
	return found, nil
}

// holdsJob reports whether a match of a pattern is a job. It may be a README beside the jobs.
func holdsJob(path string) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
		return err == nil && filepath.Ext(path) == filepath.Ext(seed.ManifestFile)
	}
	_, err := job.Find([]string{path})
	return err == nil
}
