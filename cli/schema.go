package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/verify/cases"
)

// schemaKinds are the kinds of files that have a schema.
var schemaKinds = []string{"manifest", "metadata", "smoke", "policy"}

func newSchemaCommand(p *Process) *cobra.Command {
	version := schema.Versions()[0]
	cmd := &cobra.Command{
		Use:   "schema [manifest|metadata|smoke|policy]",
		Short: "Print a JSON Schema, for editors",
		Long: `Schema prints the JSON Schema (draft 7) of a file, with which editors complete and
explain its members while it is written:

  manifest  seed.manifest.json (the default)
  metadata  the side-cars of outputs, *.metadata.json
  smoke     seed.smoke.yaml
  policy    .seedpack.yaml

A schema cannot say all that the linter checks.`,
		Example:   "  seedpack schema manifest >.vscode/seed.manifest.schema.json",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: schemaKinds,
		RunE: func(_ *cobra.Command, args []string) error {
			kind := append(args, schemaKinds[0])[0]
			if !slices.Contains(schemaKinds, kind) {
				hint := ""
				if near := nearest(kind, schemaKinds); near != "" {
					hint = ": did you mean " + near + "?"
				}
				return exit.Usagef("there is no schema of %q: write %s%s", kind, orList(schemaKinds), hint)
			}
			text, err := schemaText(kind, version)
			if err != nil {
				return err
			}
			_, err = p.Stdout.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&version, "seed-version", version, "version of the standard: "+strings.Join(schema.Versions(), " or "))
	oneOf(cmd.Flags(), "seed-version", schema.Versions()...)
	return cmd
}

func schemaText(kind, version string) ([]byte, error) {
	if slices.Contains(schema.Versions(), version) {
		switch kind { // of Seedpack's own files, the same for all versions
		case "smoke":
			return []byte(cases.Schema), nil
		case "policy":
			return policy.Schema(AllRules())
		}
	}
	text, err := schema.Text(version, kind)
	if err != nil {
		return nil, exit.Usage(err)
	}
	return text, nil
}
