package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
)

// A listedRule is one rule, as rules shows it.
type listedRule struct {
	ID       string        `json:"id"`
	Severity diag.Severity `json:"severity"`
	Summary  string        `json:"summary"`
	Spec     string        `json:"spec"` // section, requirements and traps
}

func newRulesCommand(p *program) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules of all stages",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var all []listedRule
			for _, r := range allRules() {
				all = append(all, listedRule{r.ID, r.Severity, r.Summary, r.Spec})
			}
			switch format {
			case "text":
				return p.rulesText(all)
			case "json":
				return report.Encode(p.stdout, struct {
					SchemaVersion int          `json:"schemaVersion"`
					Rules         []listedRule `json:"rules"`
				}{1, all})
			}
			return exit.Usagef("--format %q must be text or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how to print: text or json")
	return cmd
}

func (p *program) rulesText(all []listedRule) error {
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	for _, r := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, r.Severity, r.Summary)
	}
	return w.Flush()
}
