package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

func newNameCommand(p *Process) *cobra.Command {
	var registry string
	cmd := &cobra.Command{
		Use:   "name [DIR|MANIFEST]",
		Short: "Print the reference of a job's image",
		Long: `Name prints the one reference that the standard gives a job's image,
<name>-<jobVersion>-seed:<packageVersion>, or what makes it impossible.`,
		Args:        cobra.MaximumNArgs(1),
		Annotations: pathArgs(wholePath),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkRegistry(registry); err != nil {
				return err
			}
			j, err := job.ReadOne(args, p.roots, p.Stdin)
			if err != nil {
				return err
			}
			reference, err := pack.Name(j.Manifest, registry)
			if err == nil && namesWell(j.Manifest) {
				_, err := fmt.Fprintln(p.Stdout, reference)
				return err
			}
			return impossibleName(p, j, registry)
		},
	}
	cmd.Flags().StringVar(&registry, "registry", "", "HOST[/NAMESPACE]: is put before the name")
	return cmd
}

// namesWell reports whether the members that make the name exist.
func namesWell(m *seed.Manifest) bool {
	return m.Job.Name != "" && m.Job.JobVersion != "" && m.Job.PackageVersion != ""
}

// impossibleName prints the errors of a manifest whose members make no name.
func impossibleName(p *Process, j *job.Job, registry string) error {
	full := lint.Manifest(j.Path, j.Manifest, lint.Options{Registry: registry})
	about := &diag.Report{Path: full.Path, Source: full.Source}
	for _, d := range full.Diagnostics {
		if d.Level() == diag.Error {
			about.Add(d)
		}
	}
	return refuseWith(p, about)
}
