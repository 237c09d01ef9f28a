package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/seed"
)

type bumpOptions struct {
	network  networkFlags
	base     baseFlags
	registry string
}

func newBumpCommand(p *Process) *cobra.Command {
	o := &bumpOptions{base: baseFlags{base: baseAuto}}
	cmd := &cobra.Command{
		Use:   "bump [DIR...]",
		Short: "Write the least versions that are enough for what changed",
		Long: `Bump compares each job with an earlier state, as lint --base does, and writes the least versions
that are enough. It keeps every other byte of the manifest, and says what it wrote. Where
packageVersion or jobVersion would do, it raises packageVersion: only its author knows whether
what is packaged anew is a new job.

DIR is a job's directory, a manifest, or a directory with jobs below it. Without one it is the
working directory.`,
		Example:     "  seedpack bump jobs/tiler\n  seedpack bump --base origin/main",
		Annotations: pathArgs(wholePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return bumpJobs(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	o.network.add(s)
	o.base.add(s, "what to compare with: auto (published, else merge-base), published, merge-base or a revision")
	s.StringVar(&o.registry, "registry", "", "HOST[/NAMESPACE]: where the images are published")
	return cmd
}

// bumpJobs compares all jobs before it writes to any manifest.
func bumpJobs(ctx context.Context, p *Process, o *bumpOptions, args []string) error {
	if o.base.base == baseNone {
		return exit.Usagef("bump needs something to compare with: --base auto, published, merge-base or a revision")
	}
	if slices.Contains(args, "-") {
		return exit.Usagef("bump writes manifests in place: name a file instead of standard input")
	}
	if err := checkRegistry(o.registry); err != nil {
		return err
	}
	remote, _, err := o.network.options(p)
	if err != nil {
		return err
	}
	jobs, err := job.ReadAll(args, p.roots, p.Stdin)
	if err != nil {
		return err
	}
	base, err := newBaseline(p, o.base.base, o.registry, remote)
	if err != nil {
		return err
	}
	written := make([]*bumped, len(jobs))
	for i, j := range jobs {
		if why := compare.Unreadable(j.Manifest); why != "" {
			return fmt.Errorf("%s:%s: seedpack lint says what is wrong", j.Path, why)
		}
		c, err := base.compare(ctx, j)
		if err != nil {
			return fmt.Errorf("%s: %w", j.Path, err)
		}
		if written[i], err = newBumped(j, c); err != nil {
			return err
		}
	}
	for _, b := range written {
		if err := b.write(p); err != nil {
			return err
		}
	}
	return nil
}

// A bumped is a job with the versions that are written into its manifest.
type bumped struct {
	job   *job.Job
	edits []diag.Edit
	said  string
	notes []string // about the files of the job
}

// newBumped returns what is to be written. The comparison may be nil: the job is new.
func newBumped(j *job.Job, c *compared) (*bumped, error) {
	b := &bumped{job: j, said: "nothing to raise: the job is new"}
	if c == nil || c.Another {
		return b, nil
	}
	b.note(c)
	need := c.Bump()
	b.said = fmt.Sprintf("nothing to raise since %s: %s", c.from, c.Verdict())
	if c.Enough() {
		return b, nil
	}
	var said []string
	var missing error
	for _, v := range []struct{ member, was, is string }{
		{"jobVersion", j.Manifest.Job.JobVersion, need.Job}, {"packageVersion", j.Manifest.Job.PackageVersion, need.Package},
	} {
		at := seed.AtJob.Member(v.member)
		switch {
		case v.is == "":
			continue
		case j.Manifest.Source.Kind(at) != "string":
			missing = errors.Join(missing, fmt.Errorf("%s: %s is not there to be raised to %s: seedpack lint says what is wrong", j.Path, v.member, v.is))
			continue
		}
		b.edits = append(b.edits, diag.Edit{Span: j.Manifest.Source.Span(at), New: `"` + v.is + `"`})
		said = append(said, fmt.Sprintf("%s %s → %s", v.member, v.was, v.is))
	}
	if missing == nil && len(said) == 0 {
		missing = fmt.Errorf("%s: the versions are no semantic versions, so none comes next: seedpack lint says what is wrong", j.Path)
	}
	b.said = strings.Join(said, ", ") + " since " + c.from
	return b, missing
}

// note remembers which files differ, since no line of the manifest shows it, or that files were not compared.
func (b *bumped) note(c *compared) {
	for _, change := range c.Changes {
		if change.OfImage() {
			b.notes = append(b.notes, change.Message)
		}
	}
	if why := c.FilesNotCompared(); why != "" {
		b.notes = append(b.notes, why)
	}
}

// write writes the manifest, and says what was written.
func (b *bumped) write(p *Process) error {
	text := b.job.Manifest.Source.Text
	var out []byte
	at := 0
	for _, e := range sortedEdits(b.edits) {
		out = append(append(out, text[at:e.Span.Start]...), e.New...)
		at = e.Span.End
	}
	out = append(out, text[at:]...)
	if len(b.edits) > 0 {
		if err := p.roots.ReplaceFile(b.job.Path, out); err != nil {
			return err
		}
	}
	sayf(p.results(), "%s: %s", b.job.Path, b.said)
	for _, note := range b.notes {
		sayf(p.results(), "  %s", note)
	}
	return nil
}

// sortedEdits returns edits in the order of the text: at most two.
func sortedEdits(edits []diag.Edit) []diag.Edit {
	if len(edits) == 2 && edits[1].Span.Start < edits[0].Span.Start {
		return []diag.Edit{edits[1], edits[0]}
	}
	return edits
}
