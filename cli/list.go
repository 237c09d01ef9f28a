package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
)

type listOptions struct {
	registry, format string
	base             baseFlags
	file, context    string
	contexts         []string
}

func newListCommand(p *Process) *cobra.Command {
	o := &listOptions{}
	cmd := &cobra.Command{
		Use:   "list [PATH...]",
		Short: "List the jobs below a directory, with their versions and references",
		Long: `List finds jobs as lint does and prints name, versions and reference of each.

With --base only those are listed that changed since: their manifest, a file that they are built
from, their .seedpack.yaml, what its build.paths match, or the workflow that runs.

With --format json it prints one line, whose member "matrix" is ready for a workflow:

  if: fromJSON(needs.list.outputs.jobs).count > 0
  strategy:
    matrix: ${{ fromJSON(needs.list.outputs.jobs).matrix }}

A matrix has at most 256 entries: of more jobs, each entry has the paths of several, on a line
each.

With --format gitlab it prints a child pipeline of GitLab. For each job it has one that extends
.seed-job, which you write. The variable SEED_JOB_PATH has the job's directory.`,
		Annotations: pathArgs(wholePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return listJobs(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	o.base.add(s, "list only the jobs that changed since: merge-base, a revision, auto (merge-base, or all if it is not known), or none")
	pathVar(s, &o.file, "file", "f", wholePath, "with --base: the Dockerfile of all jobs, when it is not their own")
	pathVar(s, &o.context, "context", "", sourcePath, "with --base: the build context of all jobs, when it is not their own")
	pathsVar(s, &o.contexts, "build-context", "", namedBuild, "NAME=DIR: with --base, a further build context of all jobs")
	cmd.Flags().StringVar(&o.registry, "registry", "", "HOST[/NAMESPACE]: is put before the names")
	cmd.Flags().StringVar(&o.format, "format", formatText, "how to print: text, json or gitlab (a child pipeline)")
	oneOf(s, "format", formatText, formatJSON, formatGitLab)
	knownWords(s, "base", baseAuto, baseMerge, baseNone)
	return cmd
}

// A listed is one job, as list shows it.
type listed struct {
	Path           string `json:"path"` // of the job's directory
	Manifest       string `json:"manifest"`
	Name           string `json:"name"`
	JobVersion     string `json:"jobVersion"`
	PackageVersion string `json:"packageVersion"`
	Reference      string `json:"reference"` // empty if no reference can hold the members
}

func listJobs(ctx context.Context, p *Process, o *listOptions, args []string) error {
	if err := checkRegistry(o.registry); err != nil {
		return err
	}
	if err := valueFormat(o.format).check(); err != nil && o.format != formatGitLab {
		return exit.Usagef("--format %q must be text, json or gitlab", o.format)
	}
	jobs, err := job.ReadAll(args, p.roots, p.Stdin)
	if err != nil {
		return err
	}
	if jobs, err = changedJobs(ctx, p, o, jobs); err != nil {
		return err
	}
	all := make([]listed, 0, len(jobs))
	for _, j := range jobs {
		all = append(all, listJob(j, o.registry))
	}
	if o.format == formatGitLab {
		return listGitLab(p.Stdout, all)
	}
	return valueFormat(o.format).print(p.Stdout,
		func(w io.Writer) error { return listJSON(w, all) }, func(w io.Writer) error { return listText(w, all) })
}

func listJob(j *job.Job, registry string) listed {
	members := &j.Manifest.Job
	l := listed{Path: j.Dir, Manifest: j.Path, Name: members.Name, JobVersion: members.JobVersion, PackageVersion: members.PackageVersion}
	if reference, err := pack.Name(j.Manifest, registry); err == nil {
		l.Reference = reference
	}
	return l
}

func listText(to io.Writer, all []listed) error {
	w := tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tVERSION\tPACKAGE\tREFERENCE\tDIRECTORY")
	for _, l := range all {
		reference := l.Reference
		if reference == "" {
			reference = "impossible: see seedpack lint"
		}
		for _, cell := range []string{l.Name, l.JobVersion, l.PackageVersion, reference} {
			fmt.Fprint(w, report.Escape(cell), "\t")
		}
		fmt.Fprintln(w, report.Escape(l.Path))
	}
	return w.Flush()
}

// listJSON prints one line, as outputs of workflow steps must be.
func listJSON(w io.Writer, all []listed) error {
	type matrix struct {
		Include []listed `json:"include"`
	}
	return report.EncodeLine(w, struct {
		SchemaVersion int    `json:"schemaVersion"`
		Count         int    `json:"count"` // of jobs, which may be more than the matrix has entries
		Matrix        matrix `json:"matrix"`
	}{1, len(all), matrix{chunks(all)}})
}
