package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// A material is what an image is made from: a Dockerfile, or an image that was built elsewhere.
type material interface {
	// check returns what is wrong with the material itself.
	check() []*diag.Report
	// fill puts the material into a request.
	fill(*pack.Request)
	// mark adds labels to a request that say what the image is made from.
	mark(context.Context, *pack.Request) error
	// describe puts into a request what git says of the material, and returns what git could not say. It waits for git.
	describe(*pack.Request) *diag.Report
	// explain returns what a build found in the material. An error that its author must fix becomes a finding.
	explain([]pack.Warning, error) (*diag.Report, error)
	// close ends what runs in the background.
	close()
}

// A dockerfileText is the Dockerfile of a job, with the directories that it is built from.
type dockerfileText struct {
	build  Build
	job    *job.Job
	path   string
	text   []byte
	epoch  string // SOURCE_DATE_EPOCH, if it is given
	commit *askedCommit
	getenv func(string) string
}

func (d *dockerfileText) check() []*diag.Report {
	return []*diag.Report{dockerfile.CheckTarget(d.path, d.text, d.job.Manifest, d.build.Target), dockerfile.SecretArgs(d.path, d.text, d.build.Args)}
}

func (d *dockerfileText) fill(r *pack.Request) {
	r.Dockerfile, r.Context = d.path, d.context()
	if disk.IsGiven(d.path) {
		r.DockerfileText = d.text
	}
	r.Target, r.Platforms, r.BuildArgs, r.BuildContexts = d.build.Target, d.build.Platforms, d.build.Args, d.build.Contexts
	r.Annotations, r.Options = d.build.Annotations, d.build.Options
	r.Base = d.base()
}

func (d *dockerfileText) mark(ctx context.Context, r *pack.Request) error {
	sources := r.Sources(d.job.Path, d.getenv)
	digest, err := sources.Digest(ctx)
	if err != nil {
		return fmt.Errorf("read what the image is built from: %w", err)
	}
	r.Marks = map[string]string{seed.SourceLabel: digest}
	if own := pack.JobSources(d.job.Path, d.job.Dir); own.Dockerfile == d.path && own.Context == d.context() && len(d.build.Contexts) == 0 {
		r.Marks[seed.FilesLabel], err = own.FilesDigest(ctx)
	}
	return err
}

// base returns the reference of the base image, if the engine takes it from a registry.
func (d *dockerfileText) base() string {
	name := dockerfile.Base(d.text, d.build.Target, d.build.Args)
	for from, source := range d.build.Contexts {
		if !sameImage(from, name) {
			continue
		}
		elsewhere, ok := strings.CutPrefix(source, "docker-image://")
		if !ok {
			return ""
		}
		name = elsewhere
	}
	reference, err := pack.ParseImage(name)
	if err != nil {
		return ""
	}
	return reference
}

// sameImage reports whether two names are of one image: busybox is docker.io/library/busybox:latest.
func sameImage(a, b string) bool {
	x, errX := pack.ParseImage(a)
	y, errY := pack.ParseImage(b)
	return errX == nil && errY == nil && x == y
}

// context returns the directory that the job is built from.
func (d *dockerfileText) context() string {
	if d.build.Context != "" {
		return d.build.Context
	}
	return d.job.Dir
}

// explain gives the warnings of a build the words of the linter, so that merged reports say each once. A mistake in the
// Dockerfile becomes a finding.
func (d *dockerfileText) explain(warnings []pack.Warning, err error) (*diag.Report, error) {
	var all []dockerfile.Warning
	for _, w := range warnings {
		name := w.Name
		if name == "" {
			name = "build"
		}
		text := strings.Join(strings.Fields(w.Text), " ")
		all = append(all, dockerfile.Warning{Name: name, Text: text, First: w.First, Last: w.Last})
	}
	found := dockerfile.WarningReport(d.path, d.text, all)
	var syntax *pack.SyntaxError
	var step *pack.StepError
	switch {
	case errors.As(err, &syntax):
		span := found.Source.Line(max(1, syntax.Line))
		found.Add(diag.Diagnostic{Rule: dockerfile.Syntax, Span: &span, Message: syntax.Message})
		return found, exit.Findings
	case errors.As(err, &step) && step.Fault() == pack.Caller:
		return found, exit.Usage(err)
	case errors.As(err, &step) && step.Fault() == pack.Author && step.Line > 0:
		span := found.Source.Line(step.Line)
		found.Add(diag.Diagnostic{Rule: stepFailed, Span: &span, Message: step.Finding() + onPlatforms(err), Hint: stepHint(step)})
		return found, &FailedStep{step}
	}
	return found, err
}

// onPlatforms says what one of several nodes was building for. It is empty for an error that is not one of them.
func onPlatforms(err error) string {
	var node *pack.NodeError
	if !errors.As(err, &node) {
		return ""
	}
	return fmt.Sprintf(" (on %s)", strings.Join(node.Platforms, ", "))
}

// stepHint says what may help, and the last that the step printed.
func stepHint(step *pack.StepError) string {
	hint := step.Hint()
	if n := len(step.Tail); n > 0 {
		const most = 200
		last := []rune(strings.TrimSpace(step.Tail[n-1]))
		if len(last) > most {
			last = append(last[:most:most], '…')
		}
		hint = strings.TrimPrefix(hint+"; its last output: "+string(last), "; ")
	}
	return hint
}

// A FailedStep is exit.Findings for a step of the Dockerfile that failed: a finding says so. It has the step's output, too.
type FailedStep struct{ Step *pack.StepError }

// Error is that of the step.
func (e *FailedStep) Error() string { return e.Step.Error() }

// Unwrap returns exit.Findings and the step's error.
func (e *FailedStep) Unwrap() []error { return []error{exit.Findings, e.Step} }

func (d *dockerfileText) close() { d.commit.stop() }

// A foreignImage was built elsewhere. It is taken as it is, but for its label.
type foreignImage struct {
	Task
	platforms []string // to try; empty: all
	published bool
}

func (f *foreignImage) check() []*diag.Report { return []*diag.Report{f.Label, f.checkAttestations()} }

func (f *foreignImage) fill(r *pack.Request) { r.Image, r.Platforms = f.Image, f.platforms }

func (f *foreignImage) mark(context.Context, *pack.Request) error { return nil }

func (f *foreignImage) describe(*pack.Request) *diag.Report { return nil }

func (f *foreignImage) explain(_ []pack.Warning, err error) (*diag.Report, error) { return nil, err }

func (f *foreignImage) close() {}

// checkAttestations says what publishing takes from the image; nil if that is nothing.
func (f *foreignImage) checkAttestations() *diag.Report {
	if !f.published || !f.Image.Attested() {
		return nil
	}
	label, err := pack.EncodeLabel(f.Manifest.Source.Text)
	if err != nil {
		return nil // the request says why
	}
	for _, p := range f.Image.Platforms {
		if !pack.Labelled(p.Config.Config.Labels, label) {
			report := &diag.Report{Path: f.Path, Source: f.Manifest.Source}
			report.Add(diag.Diagnostic{Rule: attestationsDropped, Pointer: "/job",
				Message: "the attestations of the image are left out, since its label " + seed.Label + " has to be set",
				Hint:    "set it where the image is built: seedpack label prints it for other tools"})
			return report
		}
	}
	return nil
}

// Open takes an image that was built elsewhere. Its manifest is that of the job, which is held against the image's label,
// or without a job the one in the label. The caller closes the image.
func Open(ctx context.Context, remote registry.Registry, from source.Source, j *job.Job) (Task, error) {
	t := Task{Job: j}
	if j == nil {
		t.Job = &job.Job{Path: from.String()}
	}
	var err error
	if t.Image, err = remote.Open(ctx, from); err != nil {
		return t, err
	}
	if t.Manifest == nil {
		t.Manifest, t.Label = verify.FromLabel(t.Image)
	}
	if t.Manifest == nil {
		for i := range t.Label.Diagnostics {
			if d := &t.Label.Diagnostics[i]; d.Hint == "" {
				d.Hint = fmt.Sprintf("say where the manifest is: give the directory of %s", seed.ManifestFile)
			}
		}
		return t, nil
	}
	t.Label = verify.Labels(t.Image, t.Manifest, t.Path)
	return t, nil
}
