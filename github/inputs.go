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

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// An inputFlag is an input of the action that stands for a flag. A command without that flag ignores the input.
type inputFlag struct {
	input, flag string
	form        inputForm
}

type inputForm int

const (
	oneValue  inputForm = iota
	yesOrNo             // true or false, in any case
	manyLines           // several values, one a line
	// In the other forms values may stand in quotes, as docker/build-push-action takes them: see splitList.
	manyWords   // several values, separated by line ends or commas
	manyRecords // several values, one a line
	manySpecs   // several values, one a line, each a list of NAME=VALUE
)

var inputFlags = []inputFlag{
	{"manifest", "manifest", oneValue},
	{"context", "context", oneValue},
	{"file", "file", oneValue},
	{"target", "target", oneValue},
	{"platforms", "platform", manyWords},
	{"build-args", "build-arg", manyRecords},
	{"build-contexts", "build-context", manyRecords},
	{"labels", "label", manyRecords},
	{"annotations", "annotation", manyRecords},
	{"provenance", "provenance", oneValue},
	{"sbom", "sbom", oneValue},
	{"attests", "attest", manySpecs},
	{"attest-smoke", "attest-smoke", yesOrNo},
	{"cache-from", "cache-from", manySpecs},
	{"cache-to", "cache-to", manySpecs},
	{"no-cache", "no-cache", yesOrNo},
	{"no-cache-filters", "no-cache-filter", manyWords},
	{"pull", "pull", yesOrNo},
	{"ssh", "ssh", manyWords},
	{"add-hosts", "add-host", manyWords},
	{"network", "network", oneValue},
	{"allow", "allow", manyWords},
	{"shm-size", "shm-size", oneValue},
	{"ulimit", "ulimit", manyRecords},
	{"cgroup-parent", "cgroup-parent", oneValue},
	{"builder", "builder", manyLines},
	{"buildkitd-config", "buildkitd-config", oneValue},
	{"builder-tls-ca", "builder-tls-ca", oneValue},
	{"builder-tls-cert", "builder-tls-cert", oneValue},
	{"builder-tls-key", "builder-tls-key", oneValue},
	{"builder-tls-server-name", "builder-tls-server-name", oneValue},
	{"parallel", "parallel", oneValue},
	{"image", "image", oneValue},
	{"smoke", "smoke", oneValue},
	{"smoke-timeout", "smoke-timeout", oneValue},
	{"smoke-budget", "smoke-budget", oneValue},
	{"repeat", "repeat", oneValue},
	{"grace", "grace", oneValue},
	{"cases", "cases", oneValue},
	{"provides", "provides", manyWords},
	{"strict-resources", "strict-resources", yesOrNo},
	{"keep-outputs", "keep-outputs", oneValue},
	{"keep-failed", "keep-failed", yesOrNo},
	{"base", "base", oneValue},
	{"registry", "registry", oneValue},
	{"ca-file", "ca-file", oneValue},
	{"insecure-registry", "insecure-registry", yesOrNo},
	{"if-exists", "if-exists", oneValue},
	{"predecessor", "predecessor", oneValue},
	{"preflight", "preflight", yesOrNo},
	{"push-timeout", "push-timeout", oneValue},
	{"tags", "tag", manyWords},
	{"load", "load", yesOrNo},
	{"outputs", "output", manyLines},
	{"dry-run", "dry-run", yesOrNo},
	{"fix", "fix", yesOrNo},
	{"unsafe-fixes", "unsafe-fixes", yesOrNo},
	{"fail-on", "fail-on", oneValue},
	{"config", "config", oneValue},
	{"rules", "rule", manyLines},
	{"html", "html", oneValue},
	{"kind", "kind", oneValue},
	{"api", "api", oneValue},
	{"repositories", "repository", manyWords},
	{"references", "references", oneValue},
	{"cache", "cache", oneValue},
	{"recheck", "recheck", yesOrNo},
	{"attachments", "attachments", yesOrNo},
	{"jobpack", "jobpack", yesOrNo},
	{"query", "query", oneValue},
	{"latest", "latest", yesOrNo},
	{"strict", "strict", yesOrNo},
	{"sarif-file", "sarif-file", oneValue},
	{"junit-file", "junit-file", oneValue},
	{"metadata-file", "metadata-file", oneValue},
	{"to", "to", oneValue},
	{"output-dir", "output-dir", oneValue},
	{"runtime", "runtime", oneValue},
	{"entrypoint", "entrypoint", oneValue},
	{"allow-network", "allow-network", yesOrNo},
	{"publish-url", "publish", oneValue},
	{"identifier", "identifier", oneValue},
	{"migrate", "migrate", yesOrNo},
	{"set", "set", manyRecords},
	{"maintainer-email", "maintainer-email", oneValue},
	{"force", "force", yesOrNo},
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
func (in *inputs) values(name string, form inputForm) ([]string, error) {
	text := in.input(name)
	if text == "" {
		return nil, nil
	}
	switch form {
	case oneValue:
		return []string{text}, nil
	case yesOrNo:
		if text = strings.ToLower(text); text != "true" && text != "false" {
			return nil, exit.Usagef("%s %q must be true or false", name, in.input(name))
		}
		return []string{text}, nil
	case manyLines:
		return trimmed(strings.Split(text, "\n")), nil
	}
	records, err := splitList(in.gha.GetInput(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var all []string
	for _, fields := range records {
		switch {
		case strings.HasPrefix(strings.TrimSpace(fields[0]), "#"):
			return nil, exit.Usagef("%s: %q: there are no comments in a list: leave the line out", name, strings.Join(fields, ","))
		case form == manyWords && len(fields) == 1:
			all = append(all, strings.Split(fields[0], ",")...) // also in quotes, if they are around the whole line
		case form == manyWords:
			all = append(all, fields...)
		case form == manySpecs && len(fields) > 1:
			spec, err := pack.JoinFields(fields)
			if err != nil {
				return nil, err
			}
			all = append(all, spec)
		default:
			all = append(all, strings.Join(fields, ","))
		}
	}
	return trimmed(all), nil
}

// trimmed removes blanks around texts, and empty texts.
func trimmed(all []string) []string {
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(text string) bool { return text == "" })
}

// StepCommands lists the commands that a step can run.
func StepCommands() []string {
	return []string{"pack", "lint", "smoke", "verify", "publish", "list", "diff", "export", "migrate", "discover"}
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
	hint := ""
	if near := diag.Nearest(name, StepCommands()); near != "" {
		hint = ": did you mean " + near + "?"
	}
	return "", nil, exit.Usagef("command %q must be one of %s%s", name, strings.Join(StepCommands(), ", "), hint)
}

// noSummary reports whether the step writes no summary.
func (in *inputs) noSummary() bool { return strings.EqualFold(in.input("summary"), "false") }

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
	push := strings.ToLower(in.input("push"))
	if in.input("registry") == "" && (push == "" || push == "auto") {
		push = "false" // there is nowhere to push to
	}
	if push == "" {
		push = "auto"
	}
	return append(args, "--push="+push)
}

// exportDir is where exported files go, if the input output-dir does not say it.
const exportDir = "export"

// flagValues returns the values of the flag that an input stands for. An image to export is no flag, but an operand.
func (in *inputs) flagValues(command string, f inputFlag, flag *pflag.Flag) ([]string, error) {
	values, err := in.values(f.input, f.form)
	switch {
	case f.flag == "image" && command == "export":
		return nil, err
	case command == "export" && f.flag == "output-dir" && len(values) == 0 && in.input("publish-url") == "":
		return []string{exportDir}, err
	case f.form == yesOrNo && len(values) == 1 && values[0] == flag.DefValue:
		return nil, err // a command that does not build refuses some flags, whatever their value
	}
	return values, err
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
		registries, err := in.values("registry", manyLines)
		return append([]string{"--"}, registries...), err
	}
	paths, err := in.paths()
	if command == "diff" || command == "migrate" {
		return in.states(command, paths, err)
	}
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
	images, imageErr := in.values("image", manyLines)
	if imageErr != nil {
		return nil, imageErr
	}
	if len(images) == 0 {
		return nil, exit.Usagef("%s needs the input image: which one?", command)
	}
	var args []string
	for _, path := range paths {
		args = append(args, "--against="+path)
	}
	return slices.Concat(args, []string{"--"}, images), err
}

// states returns the operands of diff and migrate: one job on disk or one image, and for diff an earlier state before it.
func (in *inputs) states(command string, paths []string, err error) ([]string, error) {
	operands := []string{"--"}
	image, old, branch := in.input("image"), in.input("old"), in.env("GITHUB_BASE_REF")
	switch {
	case err != nil:
		return nil, err
	case len(paths) > 1 || image != "" && len(paths) > 0:
		return nil, exit.Usagef("%s takes one path or one image: which one?", command)
	case command == "migrate":
	case old != "":
		operands = append(operands, old)
	case branch != "":
		operands = append(operands, "git:refs/remotes/origin/"+branch)
	default:
		return nil, exit.Usagef("diff needs the input old, such as git:v1.0.0: only a pull request says itself what it is compared with")
	}
	if image != "" {
		return append(operands, image), nil
	}
	return append(operands, paths...), nil
}

func (in *inputs) paths() ([]string, error) {
	patterns, err := in.values("path", manyLines)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, pattern := range patterns {
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
	_, err := job.Find([]string{path}, nil) // it is read by the command, within its roots
	return err == nil
}
