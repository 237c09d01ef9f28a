package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
)

type diffOptions struct {
	network networkFlags
	format  string
}

// formatMarkdown is diff's, for comments and summaries.
const formatMarkdown = "markdown"

func newDiffCommand(p *Process) *cobra.Command {
	o := &diffOptions{format: formatText}
	cmd := &cobra.Command{
		Use:   "diff OLD [NEW]",
		Short: "Say what changed between two states of a job, and which version must rise",
		Long: `Diff compares two states of a job, member by member, and says what each change means to those who
use the job: it is breaking, an addition, another behaviour, or words. It says which version must
rise, and whether it has.

OLD and NEW are each ` + stateForms + `.
NEW is the working directory by default. git:REV without a path is the same job in that commit.

Of two images the files and the configuration are compared as well, by their layers; layers that
both begin with are not read. Of jobs on disk and in commits the files are compared that the image
is built from, without those of .dockerignore.

Exit status: 0 the versions are enough, 1 one must rise.`,
		Example: `  seedpack diff git:main
  seedpack diff registry.example.com/team/tiler-1.0.0-seed:1.0.0 jobs/tiler
  seedpack diff git:v1.4.0:jobs/tiler jobs/tiler --format markdown`,
		Args:        cobra.RangeArgs(1, 2),
		Annotations: pathArgs(statePath),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				args = append(args, ".")
			}
			return diffStates(cmd.Context(), p, o, args)
		},
	}
	s := cmd.Flags()
	o.network.add(s)
	s.StringVar(&o.format, "format", o.format, "how to print: text, json, markdown or github (workflow commands)")
	oneOf(s, "format", formatText, formatJSON, formatMarkdown, formatGitHub)
	return cmd
}

func diffStates(ctx context.Context, p *Process, o *diffOptions, args []string) (err error) {
	printDiff, ok := diffPrinters[o.format]
	if !ok {
		return exit.Usagef("--format %q must be text, json, markdown or github", o.format)
	}
	remote, _, err := o.network.options(p)
	if err != nil {
		return err
	}
	old, new, err := openStates(ctx, p, remote, args)
	for _, s := range []*state{old, new} {
		if s != nil {
			defer func() { err = errors.Join(err, s.close()) }()
		}
	}
	if err != nil {
		return err
	}
	c, err := compareStates(ctx, old, new)
	if err != nil {
		return err
	}
	if err := printDiff(p, p.results(), &difference{c, old, new}); err != nil {
		return err
	}
	if !c.Enough() {
		return exit.Findings
	}
	return nil
}

// A difference is what diff prints.
type difference struct {
	*compare.Comparison
	old, new *state
}

// diffPrinters print a difference. Lines are written to the writer.
var diffPrinters = map[string]func(*Process, io.Writer, *difference) error{
	formatText:     func(_ *Process, w io.Writer, d *difference) error { return d.text(w) },
	formatMarkdown: func(_ *Process, w io.Writer, d *difference) error { return d.markdown(w) },
	formatGitHub:   func(p *Process, w io.Writer, d *difference) error { return d.github(p, w) },
	formatJSON: func(p *Process, _ io.Writer, d *difference) error {
		return p.encode(p.Stdout, diffDocument{report.New(d.reports()), github.NewComparison(d.Comparison, d.old.from, d.new.from)})
	},
}

// reports returns what must rise as findings in the new manifest.
func (d *difference) reports() []*diag.Report {
	found := d.Report(d.new.path, d.old.from)
	return []*diag.Report{(diag.Policy{}).Apply(found)}
}

// A diffDocument is what diff prints as JSON: lint's object with the comparison.
type diffDocument struct {
	report.Document
	*github.Comparison
}

// text prints changes by class, with their places, and what must rise.
func (d *difference) text(w io.Writer) error {
	var b strings.Builder
	old, new := &d.Old.Job, &d.New.Job
	line := func(format string, args ...any) { fmt.Fprintln(&b, report.Escape(fmt.Sprintf(format, args...))) }
	line("%s: %s package %s → %s package %s", new.Name, old.JobVersion, old.PackageVersion, new.JobVersion, new.PackageVersion)
	class := compare.None
	for _, change := range d.Changes {
		if change.Class != class {
			class = change.Class
			line("%s", class)
		}
		line("  %s%s", d.place(change), change.Message)
	}
	if why := d.FilesNotCompared(); why != "" {
		line("%s", why)
	}
	line("%s", d.Verdict())
	_, err := io.WriteString(w, b.String())
	return err
}

// place returns where a change is, for a line of text: in the new manifest. It is empty for a change of the image.
func (d *difference) place(change compare.Change) string {
	if change.OfImage() {
		return ""
	}
	at := d.New.Source.Position(d.New.Source.Span(change.Pointer).Start)
	return fmt.Sprintf("%s:%d:%d: ", d.new.path, at.Line, at.Column)
}

func (d *difference) markdown(w io.Writer) error {
	_, err := io.WriteString(w, github.ComparisonTable(github.NewComparison(d.Comparison, d.old.from, d.new.from)))
	return err
}

// github prints findings as annotations of the new manifest, and then the text.
func (d *difference) github(p *Process, w io.Writer) error {
	github.Annotate(w, p.Getenv, d.reports(), nil)
	return d.text(w)
}
