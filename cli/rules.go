package cli

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/export"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/verify"
)

func newRulesCommand(p *Process) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules of all stages",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return listRules(p.Stdout, valueFormat(format)) },
	}
	cmd.Flags().StringVar(&format, "format", formatText, "how to print: text or json")
	oneOf(cmd.Flags(), "format", formatText, formatJSON)
	return cmd
}

// A listedRule is one rule, as rules shows it.
type listedRule struct {
	ID       string        `json:"id"`
	Severity diag.Severity `json:"severity"`
	Summary  string        `json:"summary"`
	Spec     string        `json:"spec"` // section, requirements and traps
}

func listRules(w io.Writer, format valueFormat) error {
	var all []listedRule
	for _, r := range AllRules() {
		all = append(all, listedRule{r.ID, r.Severity, r.Summary, r.Spec})
	}
	return format.print(w, func(w io.Writer) error {
		return report.Encode(w, struct {
			SchemaVersion int          `json:"schemaVersion"`
			Rules         []listedRule `json:"rules"`
		}{1, all})
	}, func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		for _, r := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\n", r.ID, r.Severity, r.Summary)
		}
		return table.Flush()
	})
}

// AllRules returns every rule of every stage.
func AllRules() []*diag.Rule {
	return slices.Concat(lint.Rules(), dockerfile.Rules(), verify.Rules(), pipeline.Rules(), compare.Rules(), export.Rules(), []*diag.Rule{dockerfile.BuildArgSecret})
}

// ruleIDs lists the names of all rules.
func ruleIDs() (all []string) {
	for _, r := range AllRules() {
		all = append(all, r.ID)
	}
	return all
}

// nearestRule says what to do about a rule that does not exist.
func nearestRule(id string) string {
	if near := diag.Nearest(id, ruleIDs()); near != "" {
		return "did you mean " + near + "?"
	}
	return "seedpack rules lists them"
}
