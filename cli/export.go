package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/distribution/reference"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/export/cwl"
	"github.com/seedpack/seedpack/export/jobbergate"
	"github.com/seedpack/seedpack/export/openjd"
	"github.com/seedpack/seedpack/export/slurm"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
)

// exportTargets returns the systems that jobs are exported to. A new one is a package below export and a line here.
func exportTargets() []*export.Target {
	return []*export.Target{openjd.Target, slurm.Target, jobbergate.Target, cwl.Tool, cwl.Application}
}

type exportOptions struct {
	report   reportFlags
	network  networkFlags
	to       string
	dir      string
	image    string
	registry string
	manifest string
	platform []string
	publish  publishTemplate
	job      export.Options
}

func newExportCommand(p *Process) *cobra.Command {
	o := &exportOptions{}
	cmd := &cobra.Command{
		Use:   "export --to SYSTEM DIR|IMAGE -o OUTDIR",
		Short: "Write a job for another system, such as Slurm",
		Long: `Export writes what another system needs to run a job: the same image, the same checks of
outputs, and the same names of errors. What the system cannot do is listed on standard error.

DIR is a job. Its image is the name that seedpack name prints, or --image. IMAGE is one that was
built already: ` + source.Forms + `.
Its manifest is that of its label, and it is pinned by digest.

--to list says which systems there are.`,
		Example: `  seedpack export --to list
  seedpack export --to slurm registry.example.com/team/tiler-1.0.0-seed:1.0.0 -o tiler`,
		Args:        cobra.MaximumNArgs(1),
		Annotations: pathArgs(jobPath),
		RunE:        func(cmd *cobra.Command, args []string) error { return exportJob(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	o.report.add(s)
	o.network.add(s)
	manifestVar(s, &o.manifest)
	s.StringVar(&o.to, "to", "", "the system: "+strings.Join(targetNames(), ", ")+"; list says what each is for")
	pathVar(s, &o.dir, "output-dir", "o", wholePath, "a new or empty directory for the files")
	pathVar(s, &o.image, "image", "", imagePath, "where the other system finds the image, if not under the name of the job")
	s.StringVar(&o.registry, "registry", "", "HOST[/NAMESPACE]: is put before the name of the image")
	s.StringSliceVar(&o.platform, "platform", nil, "OS/ARCH that the image is for, if the image does not say it")
	s.StringVar(&o.job.Runtime, "runtime", export.Auto, "what runs the container: "+strings.Join(export.Runtimes(), ", "))
	knownWords(s, "to", append(targetNames(), "list")...)
	oneOf(s, "runtime", export.Runtimes()...)
	o.publish.add(s)
	s.StringVar(&o.job.Entrypoint, "entrypoint", "", "of cwl and eoap: keep relies on the image's ENTRYPOINT, explicit writes it (default keep for cwl, explicit for eoap)")
	oneOf(s, "entrypoint", "keep", "explicit")
	s.BoolVar(&o.job.Network, "allow-network", false, "let the job use the network")
	return cmd
}

func targetNames() (names []string) {
	for _, t := range exportTargets() {
		names = append(names, t.Name)
	}
	return names
}

// target returns the one that --to names.
func (o *exportOptions) target() (*export.Target, error) {
	for _, t := range exportTargets() {
		if t.Name == o.to {
			return t, nil
		}
	}
	names := targetNames()
	if o.to == "" {
		return nil, exit.Usagef("give --to SYSTEM, one of %s; --to list says what each is for", strings.Join(names, ", "))
	}
	if near := diag.Nearest(o.to, names); near != "" {
		return nil, exit.Usagef("--to %q: did you mean %s?", o.to, near)
	}
	return nil, exit.Usagef("--to %q must be one of %s, or list", o.to, strings.Join(names, ", "))
}

// check refuses flags that cannot be meant.
func (o *exportOptions) check() error {
	if o.dir == "" && o.publish.url == "" {
		return exit.Usagef("say where the files go: -o OUTDIR")
	}
	if !slices.Contains(export.Runtimes(), o.job.Runtime) {
		return exit.Usagef("--runtime %q must be %s", o.job.Runtime, orList(export.Runtimes()))
	}
	if o.job.Entrypoint != "" && o.job.Entrypoint != "keep" && o.job.Entrypoint != "explicit" {
		return exit.Usagef("--entrypoint %q must be keep or explicit", o.job.Entrypoint)
	}
	if o.image != "" {
		if _, err := reference.ParseNormalizedNamed(o.image); err != nil {
			return exit.Usagef("--image %q: %w", o.image, err)
		}
		if o.registry != "" {
			return exit.Usagef("--image and --registry both name the image: give one")
		}
	}
	for _, p := range o.platform {
		if os, arch, _ := strings.Cut(p, "/"); os == "" || arch == "" {
			return exit.Usagef("--platform %q must be OS/ARCH, such as linux/amd64", p)
		}
	}
	return checkRegistry(o.registry)
}

// An exportDocument is what export prints as JSON: lint's object with what was written.
type exportDocument struct {
	report.Document
	To      string        `json:"to"`
	Image   string        `json:"image"`
	Files   []string      `json:"files"`
	Losses  []export.Note `json:"losses"`
	Command string        `json:"command"` // runs the job; may have several lines

	Published *publishedTemplate `json:"published,omitempty"` // nil: it was not asked for
}

func exportJob(ctx context.Context, p *Process, o *exportOptions, args []string) (err error) {
	if o.to == "list" {
		return listTargets(p)
	}
	target, err := o.target()
	if err != nil {
		return err
	}
	out, policies, err := o.report.options(p)
	if err = errors.Join(err, o.check(), o.publish.check(p, o.to)); err != nil {
		return err
	}
	task, err := o.take(ctx, p, args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeImages([]pipeline.Task{task})) }()
	if task.Policy, err = policies.For(task.Path); err != nil {
		return policyError(err)
	}
	if task.Image == nil {
		build, err := jobBuild(policies, p.roots, task.Path, task.Dir)
		if err != nil {
			return policyError(err)
		}
		task.Build = &build
	}
	all := &findings{command: "export", args: scope(args), images: task.Image != nil}
	if task.Label != nil {
		all.judge(task.Policy.Apply(task.Label), task.Policy)
	}
	doc := exportDocument{To: o.to, Files: []string{}, Losses: []export.Note{}}
	if task.Manifest != nil {
		all.judge(task.Policy.Apply(lint.Manifest(task.Path, task.Manifest, lint.Options{Registry: o.registry})), task.Policy)
		if !all.fail() {
			if err := o.write(ctx, p, target, task, all, &doc); err != nil {
				return err
			}
		}
	}
	doc.Document = report.New(all.reports)
	if err := errors.Join(out.writeFiles(all), out.print(all, doc)); err != nil {
		return err
	}
	if task.Manifest == nil || all.fail() {
		return exit.Findings
	}
	return o.say(p, out, &task, &doc)
}

// take reads the job of a directory, or opens an image that was built already.
func (o *exportOptions) take(ctx context.Context, p *Process, args []string) (pipeline.Task, error) {
	image := ""
	if len(args) == 1 && !job.IsDirectory(args[0]) {
		if filepath.IsAbs(args[0]) || strings.HasPrefix(args[0], ".") {
			return pipeline.Task{}, exit.Usagef("there is no directory %s", args[0])
		}
		image, args = args[0], nil
	}
	if image == "" {
		tasks, err := jobTasks(p, o.manifest, args)
		if err == nil && len(tasks) != 1 {
			err = exit.Usagef("%d jobs are found there, one must be named: give its directory", len(tasks))
		}
		if err != nil {
			return pipeline.Task{}, err
		}
		return tasks[0], nil
	}
	remote, _, err := o.network.options(p)
	if err != nil {
		return pipeline.Task{}, err
	}
	if o.manifest != "" {
		args = []string{o.manifest}
	}
	tasks, err := imageTask(ctx, p, remote, image, args)
	if err != nil {
		return pipeline.Task{}, err
	}
	return tasks[0], nil
}

// write exports the job and writes the files. What is impossible becomes findings, and then there are no files.
func (o *exportOptions) write(ctx context.Context, p *Process, target *export.Target, t pipeline.Task, all *findings, doc *exportDocument) error {
	image, losses, err := o.imageOf(p, t)
	if err != nil {
		return err
	}
	prepared := export.New(t.Manifest, image, o.job)
	made := target.Export(prepared)
	if len(made.Refused) > 0 {
		found := &diag.Report{Path: t.Path, Source: t.Manifest.Source}
		for _, r := range made.Refused {
			found.Add(diag.Diagnostic{Rule: export.Impossible, Pointer: r.Pointer, Message: r.Message})
		}
		found.Sort()
		all.judge(t.Policy.Apply(found), t.Policy)
		if all.fail() {
			return nil
		}
		return exit.Usagef("%s cannot be exported to %s, whatever the policy says", t.Path, target.Name)
	}
	if err := o.deliver(ctx, p, prepared, made, doc); err != nil {
		return err
	}
	doc.Image, doc.Losses, doc.Command = image.Reference, append(losses, made.Losses...), made.Run(o.dir)
	slices.SortStableFunc(doc.Losses, func(a, b export.Note) int {
		return t.Manifest.Source.Span(a.Pointer).Start - t.Manifest.Source.Span(b.Pointer).Start
	})
	return nil
}

// deliver publishes a template and writes files. What is published can fail more easily, so it comes first: nothing is in the way
// of the next try.
func (o *exportOptions) deliver(ctx context.Context, p *Process, prepared *export.Job, made *export.Package, doc *exportDocument) (err error) {
	if o.publish.url != "" {
		if err := checkEmpty(p.roots, o.dir); err != nil {
			return err
		}
		if doc.Published, err = o.publish.publish(ctx, p, &o.network, prepared, made); err != nil {
			return err
		}
	}
	if o.dir != "" {
		if err := writeDir(p.roots, o.dir, made.Files); err != nil {
			if doc.Published != nil {
				err = fmt.Errorf("%w\n%s", err, doc.Published)
			}
			return err
		}
		for _, f := range made.Files {
			doc.Files = append(doc.Files, filepath.Join(o.dir, filepath.FromSlash(f.Name)))
		}
	}
	return nil
}

// say prints what was written, what is lost, and how to run it.
func (o *exportOptions) say(p *Process, out *printer, t *pipeline.Task, doc *exportDocument) error {
	for _, loss := range doc.Losses {
		if t.Image != nil { // its label is one long line, in which a column helps nobody
			sayf(p.Stderr, "%s: %s: lost: %s", t.Path, loss.Pointer, loss.Message)
			continue
		}
		at := t.Manifest.Source.Position(t.Manifest.Source.Span(loss.Pointer).Start)
		sayf(p.Stderr, "%s:%d:%d: lost: %s", t.Path, at.Line, at.Column, loss.Message)
	}
	if !out.text() {
		return nil
	}
	w := out.lines()
	for _, f := range doc.Files {
		sayf(w, "wrote %s", f)
	}
	if doc.Published != nil {
		sayf(w, "%s", doc.Published)
	}
	sayf(w, "run it:")
	for line := range strings.Lines(doc.Command) {
		sayf(w, "  %s", strings.TrimSuffix(line, "\n"))
	}
	return nil
}

func listTargets(p *Process) error {
	table := tabwriter.NewWriter(p.Stdout, 0, 8, 2, ' ', 0)
	for _, t := range exportTargets() {
		fmt.Fprintf(table, "%s\t%s\n", t.Name, t.Summary)
	}
	return table.Flush()
}
