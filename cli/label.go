package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

func newLabelCommand(p *Process) *cobra.Command {
	form := "json"
	cmd := &cobra.Command{
		Use:   "label [DIR|MANIFEST]",
		Short: "Print the image label that carries a manifest",
		Long: `Label prints the manifest as the label ` + seed.Label + ` carries it.

  --form json        the value itself
  --form dockerfile  a LABEL line for a Dockerfile
  --form csv         one key=value field, quoted for the comma-separated labels
                     input of other build actions`,
		Args:        cobra.MaximumNArgs(1),
		Annotations: pathArgs(wholePath),
		RunE: func(_ *cobra.Command, args []string) error {
			write, ok := labelForms[form]
			if !ok {
				return exit.Usagef("--form %q must be json, dockerfile or csv", form)
			}
			j, err := job.ReadOne(args, p.roots, p.Stdin)
			if err != nil {
				return err
			}
			found := lint.Manifest(j.Path, j.Manifest, lint.Options{})
			if (diag.Policy{}).Fails(found) {
				return refuseWith(p, found)
			}
			label, err := pack.EncodeLabel(j.Manifest.Source.Text)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.Stdout, write(label))
			return err
		},
	}
	cmd.Flags().StringVar(&form, "form", form, "json, dockerfile or csv")
	oneOf(cmd.Flags(), "form", "json", "dockerfile", "csv")
	return cmd
}

// labelForms write a label's value for other tools.
var labelForms = map[string]func(string) string{
	"json": func(label string) string { return label },
	// In a double-quoted word of a Dockerfile a backslash keeps quotes, dollars and backslashes as they are.
	"dockerfile": func(label string) string {
		return "LABEL " + seed.Label + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(label) + `"`
	},
	// A field of CSV that has quotes or commas is put in quotes, and its own quotes are doubled.
	"csv": func(label string) string {
		return `"` + strings.ReplaceAll(seed.Label+"="+label, `"`, `""`) + `"`
	},
}
