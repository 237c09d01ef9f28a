package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/lint/report"
)

// newActionCommand is what the action's launcher starts. It hands the step's inputs to the flags that a person would type,
// and presents what comes back: nothing works in GitHub alone but presentation.
func newActionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:    "action",
		Short:  "Run as a step of GitHub Actions, with inputs from the environment",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(cmd *cobra.Command, _ []string) error { return p.action(cmd.Context()) },
	}
}

func (p *program) action(ctx context.Context) error {
	step := &githubStep{program: p, gha: githubactions.New(githubactions.WithGetenv(p.getenv), githubactions.WithWriter(p.stdout))}
	args, err := step.args()
	if err != nil {
		step.annotate("error", nil, err.Error())
		return err
	}
	var printed bytes.Buffer
	inner := *p
	inner.stdout = &printed
	inner.stderr = io.MultiWriter(p.stderr, &step.said)
	status := run(ctx, args, &inner)
	return errors.Join(step.present(printed.Bytes(), status), statusError(status))
}

// statusError passes an exit status on that has been explained already.
func statusError(status int) error {
	switch status {
	case exitClean:
		return nil
	case exitUsage:
		return usageError{errors.New("the inputs of the step are wrong, see above")}
	case exitFindings:
		return errFindings
	}
	return errors.New("the step could not find out, see above")
}

// isRelease is what --push=auto asks: a tag or a release in CI, never a pull request.
func isRelease(getenv func(string) string) bool {
	switch event := getenv("GITHUB_EVENT_NAME"); {
	case strings.HasPrefix(event, "pull_request"):
		return false
	case event == "release":
		return true
	case event != "":
		return getenv("GITHUB_REF_TYPE") == "tag" || strings.HasPrefix(getenv("GITHUB_REF"), "refs/tags/")
	}
	return getenv("CI_COMMIT_TAG") != "" // GitLab
}

// A githubStep is a step of a workflow.
type githubStep struct {
	program *program
	gha     *githubactions.Action
	said    bytes.Buffer // what went to standard error
}

func (s *githubStep) input(name string) string { return strings.TrimSpace(s.gha.GetInput(name)) }

// list is an input of several values, one a line.
func (s *githubStep) list(name string) []string {
	var all []string
	for line := range strings.Lines(s.gha.GetInput(name)) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// args is the command line that the inputs stand for. Paths must stay inside the workspace.
func (s *githubStep) args() ([]string, error) {
	command := s.input("command")
	if command == "" {
		command = "pack"
	}
	args := []string{command, "--format=json"}
	switch command {
	case "lint":
		args = append(args, s.flags("registry")...)
	case "verify":
	case "pack", "smoke":
		more, err := s.packArgs(command)
		if err != nil {
			return nil, err
		}
		args = append(args, more...)
	default:
		return nil, usagef("command %q must be pack, lint, smoke or verify", command)
	}
	args = append(args, "--")
	for _, path := range s.list("path") {
		if command != "verify" {
			if err := s.inside(path); err != nil {
				return nil, err
			}
		}
		args = append(args, path)
	}
	return args, nil
}

func (s *githubStep) packArgs(command string) ([]string, error) {
	args := append([]string{"--progress=plain"}, s.flags("manifest", "file", "target", "builder")...)
	for _, path := range []string{s.input("manifest"), s.input("file")} {
		if err := s.inside(path); err != nil {
			return nil, err
		}
	}
	if platforms := strings.Join(s.list("platforms"), ","); platforms != "" {
		args = append(args, "--platform="+platforms)
	}
	for flag, values := range map[string][]string{"build-arg": s.list("build-args"), "build-context": s.list("build-contexts")} {
		for _, v := range values {
			args = append(args, "--"+flag+"="+v)
		}
	}
	if command == "smoke" {
		return args, nil
	}
	args = append(args, s.flags("registry")...)
	push := s.input("push")
	if s.input("registry") == "" && (push == "" || push == "auto") {
		push = "false" // there is nowhere to push to
	}
	if push != "" {
		args = append(args, "--push="+push)
	}
	return args, nil
}

func (s *githubStep) flags(names ...string) []string {
	var args []string
	for _, name := range names {
		if v := s.input(name); v != "" {
			args = append(args, "--"+name+"="+v)
		}
	}
	return args
}

// inside refuses a path that leaves the workspace, by its name or by a link.
func (s *githubStep) inside(path string) error {
	workspace := s.program.getenv("GITHUB_WORKSPACE")
	if path == "" || workspace == "" {
		return nil
	}
	root, err := filepath.EvalSymlinks(workspace)
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return usagef("path %q: %w", path, err)
	}
	if rel, err := filepath.Rel(root, real); err != nil || !filepath.IsLocal(rel) {
		return usagef("path %q leaves the workspace: give one inside it", path)
	}
	return nil
}

// A result is what a command prints as JSON.
type result struct {
	report.Document
	Images []*packed `json:"images"`
	Error  string    `json:"error"`
}

// present turns the result into annotations, a summary and outputs.
func (s *githubStep) present(printed []byte, status int) error {
	var r result
	if err := json.Unmarshal(printed, &r); err != nil {
		if status != exitClean {
			s.annotate("error", nil, s.lastSaid())
			return nil // nothing was printed, since the command line was wrong
		}
		return fmt.Errorf("read the result: %w", err)
	}
	s.annotateAll(&r)
	if r.Error != "" {
		s.annotate("error", nil, r.Error)
	}
	for _, image := range r.Images {
		if image.Error != "" {
			s.annotate("error", map[string]string{"file": s.repositoryPath(image.Manifest)}, image.Error)
		}
	}
	return errors.Join(s.writeOutputs(&r, printed), s.writeSummary(&r))
}

func (s *githubStep) lastSaid() string {
	lines := strings.Split(strings.TrimSpace(s.said.String()), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "seedpack: ")
}

// annotationsShown is below the runner's limit of ten for a level and step, so that the one that counts the rest is seen.
const annotationsShown = 9

func (s *githubStep) annotateAll(r *result) {
	for _, level := range []string{"error", "warning"} {
		n := 0
		for _, f := range r.Reports {
			for _, e := range f.Diagnostics {
				if e.Severity.String() != level {
					continue
				}
				if n++; n <= annotationsShown {
					s.annotate(level, s.place(f.Path, e), fmt.Sprintf("%s [%s]", withHint(e), e.Rule))
				}
			}
		}
		if n > annotationsShown {
			s.annotate(level, nil, fmt.Sprintf("%d more are in the summary of this run", n-annotationsShown))
		}
	}
}

func withHint(e report.Entry) string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

// place is where an annotation stands. A runner takes columns only on a single line.
func (s *githubStep) place(path string, e report.Entry) map[string]string {
	fields := map[string]string{"file": s.repositoryPath(path)}
	if e.Line > 0 {
		fields["line"], fields["endLine"] = strconv.Itoa(e.Line), strconv.Itoa(e.EndLine)
		if e.Line == e.EndLine {
			fields["col"], fields["endColumn"] = strconv.Itoa(e.Column), strconv.Itoa(e.EndColumn)
		}
	}
	return fields
}

// repositoryPath is relative to the checkout that holds the file, which need not be the workspace.
func (s *githubStep) repositoryPath(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		_, err := os.Lstat(filepath.Join(dir, ".git"))
		if err == nil || dir == s.program.getenv("GITHUB_WORKSPACE") || dir == filepath.Dir(dir) {
			if rel, err := filepath.Rel(dir, abs); err == nil && dir != filepath.Dir(dir) {
				return filepath.ToSlash(rel)
			}
			return path
		}
	}
}

const annotationMax = 4000 // bytes; the runner cuts at 4,096

func (s *githubStep) annotate(level string, fields map[string]string, message string) {
	safe := map[string]string{"title": "Seedpack"}
	for k, v := range fields {
		safe[k] = report.Escape(v)
	}
	message = report.Escape(message)
	if len(message) > annotationMax {
		message = strings.ToValidUTF8(message[:annotationMax], "") + " …"
	}
	a := s.gha.WithFieldsMap(safe)
	if level == "warning" {
		a.Warningf("%s", message)
		return
	}
	a.Errorf("%s", message)
}

// Only values of these forms become outputs, since later steps put them into command lines.
var (
	referenceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._:/-]*:[A-Za-z0-9_][A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?$`)
	digestForm    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	wordForm      = regexp.MustCompile(`^[a-z0-9]*$`)
)

func (s *githubStep) writeOutputs(r *result, printed []byte) error {
	outputs := map[string]string{
		"errors": strconv.Itoa(r.Errors), "warnings": strconv.Itoa(r.Warnings),
	}
	outputs["published"] = strconv.FormatBool(len(r.Images) > 0 && !slices.ContainsFunc(r.Images, func(image *packed) bool { return !image.Published }))
	if len(r.Images) == 1 {
		image := r.Images[0]
		outputs["smoke"] = checked(wordForm, image.Smoke)
		if image.Published {
			outputs["image"] = checked(referenceForm, image.Name)
			outputs["reference"] = checked(referenceForm, image.Reference)
			outputs["digest"] = checked(digestForm, image.Digest)
		}
	}
	var line bytes.Buffer
	if err := json.Compact(&line, printed); err != nil {
		return err
	}
	outputs["result"] = line.String()
	for name, value := range outputs {
		if err := s.output(name, value); err != nil {
			return err
		}
	}
	return nil
}

func checked(form *regexp.Regexp, value string) string {
	if form.MatchString(value) {
		return value
	}
	return ""
}

// output writes one output with a delimiter that no value can know.
func (s *githubStep) output(name, value string) error {
	delimiter := "seedpack_" + rand.Text()
	return s.appendTo("GITHUB_OUTPUT", fmt.Sprintf("%s<<%s\n%s\n%s\n", name, delimiter, value, delimiter))
}

func (s *githubStep) appendTo(variable, text string) (err error) {
	path := s.program.getenv(variable)
	if path == "" {
		return nil // not on a runner
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.WriteString(f, text)
	return err
}

const summaryMax = 1 << 20 // bytes that a runner takes

func (s *githubStep) writeSummary(r *result) error {
	var b strings.Builder
	b.WriteString("## Seedpack\n\n")
	if len(r.Images) > 0 {
		b.WriteString("| job | smoke | image | digest |\n|---|---|---|---|\n")
		for _, image := range r.Images {
			name, digest := "not published", ""
			if image.Published {
				name, digest = image.Name, image.Digest
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(image.Manifest), cell(image.Smoke), cell(name), cell(digest))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d errors, %d warnings, %d notices\n\n", r.Errors, r.Warnings, r.Notices)
	s.findings(&b, r)
	return s.appendTo("GITHUB_STEP_SUMMARY", b.String())
}

func (s *githubStep) findings(b *strings.Builder, r *result) {
	if r.Errors+r.Warnings+r.Notices == 0 {
		return
	}
	b.WriteString("| where | severity | finding | rule |\n|---|---|---|---|\n")
	left := 0
	for _, f := range r.Reports {
		for _, e := range f.Diagnostics {
			row := fmt.Sprintf("| %s:%d:%d | %s | %s | %s |\n", cell(s.repositoryPath(f.Path)), e.Line, e.Column, e.Severity, cell(withHint(e)), cell(e.Rule))
			if b.Len()+len(row) > summaryMax-256 {
				left++
				continue
			}
			b.WriteString(row)
		}
	}
	if left > 0 {
		fmt.Fprintf(b, "\n%d more are in the log\n", left)
	}
}

// cell makes foreign text mean nothing in a table of Markdown: no links, images, tags or mentions.
func cell(s string) string {
	return markdown.Replace(report.Escape(s))
}

var markdown = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;", "[", "&#91;", "]", "&#93;",
	"!", "&#33;", "*", "&#42;", "_", "&#95;", "@", "&#64;", "#", "&#35;", "~", "&#126;", "\\", "&#92;", "://", "&#58;//", "www.", "www&#46;")
