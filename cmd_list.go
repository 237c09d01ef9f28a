package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
)

// A listed is one job, as list shows it.
type listed struct {
	Path           string `json:"path"` // of the job's directory
	Manifest       string `json:"manifest"`
	Name           string `json:"name"`
	JobVersion     string `json:"jobVersion"`
	PackageVersion string `json:"packageVersion"`
	Reference      string `json:"reference"` // empty where no reference can hold the members
}

func newListCommand(p *program) *cobra.Command {
	var registry, format string
	cmd := &cobra.Command{
		Use:   "list [PATH...]",
		Short: "List the jobs below a directory, with their versions and references",
		Long: `List finds jobs as lint does and prints name, versions and reference of each.

With --format json it prints one line, whose member "matrix" is ready for a workflow:

  strategy:
    matrix: ${{ fromJSON(needs.list.outputs.jobs).matrix }}`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkRegistry(registry); err != nil {
				return err
			}
			jobs, err := job.ReadAll(args, p.stdin)
			if err != nil {
				return err
			}
			all := make([]listed, 0, len(jobs))
			for _, j := range jobs {
				all = append(all, listJob(j, registry))
			}
			switch format {
			case "text":
				return p.listText(all)
			case "json":
				return p.listJSON(all)
			}
			return exit.Usagef("--format %q must be text or json", format)
		},
	}
	cmd.Flags().StringVar(&registry, "registry", "", "HOST[/NAMESPACE] to put before the names")
	cmd.Flags().StringVar(&format, "format", "text", "how to print: text or json")
	return cmd
}

func listJob(j *job.Job, registry string) listed {
	members := &j.Manifest.Job
	l := listed{Path: j.Dir, Manifest: j.Path, Name: members.Name, JobVersion: members.JobVersion, PackageVersion: members.PackageVersion}
	if reference, err := pack.Name(j.Manifest, registry); err == nil {
		l.Reference = reference
	}
	return l
}

func (p *program) listText(all []listed) error {
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
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
func (p *program) listJSON(all []listed) error {
	type matrix struct {
		Include []listed `json:"include"`
	}
	return report.EncodeLine(p.stdout, struct {
		SchemaVersion int    `json:"schemaVersion"`
		Matrix        matrix `json:"matrix"`
	}{1, matrix{all}})
}
