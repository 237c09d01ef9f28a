package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/lint/schema"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/verify"
)

func newExplainCommand(p *Process) *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE|MEMBER",
		Short: "Say what a rule is for, or what a member of the manifest means",
		Long: `Explain says what a rule is for, with an example, or what a member of the manifest means: what the
standard says of it, an example, and the rules about it.

MEMBER is a path without indices, whole or as much of it as tells it from others.`,
		Example: "  seedpack explain output-pattern\n  seedpack explain interface.outputs.json\n  seedpack explain errors.code",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Usagef("explain takes one rule or member: seedpack explain RULE; seedpack rules lists them")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			all := ruleIDs()
			for _, m := range schema.Members() {
				all = append(all, m.Path())
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			for _, r := range AllRules() {
				if r.ID == args[0] {
					_, err := fmt.Fprint(p.Stdout, explanation(r))
					return err
				}
			}
			return explainMember(p, args[0])
		},
	}
}

// explanation returns the text of a rule and its archive. The archive is documentation, example and test at once.
func explanation(r *diag.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n", r.ID, r.Severity, r.Summary)
	if r.Spec != "" {
		fmt.Fprintf(&b, "Seed standard: %s\n", r.Spec)
	}
	if r.Doc != "" {
		fmt.Fprintf(&b, "\n%s\n", r.Doc)
	}
	if archive, ok := archiveOf(r); ok {
		fmt.Fprintf(&b, "\n%s", archive)
	}
	return b.String()
}

func archiveOf(r *diag.Rule) (archive string, ok bool) {
	for _, explain := range []func(string) (string, bool){lint.Explain, dockerfile.Explain, verify.Explain, pipeline.Explain, compare.Explain} {
		if archive, ok := explain(r.ID); ok {
			return archive, true
		}
	}
	return "", false
}

// ruleHelp returns the documentation of a rule, for a version of the program.
func ruleHelp(version string) func(*diag.Rule) report.RuleHelp {
	return func(r *diag.Rule) report.RuleHelp {
		return report.RuleHelp{Reason: reason(r), Text: explanation(r), Markdown: markedExplanation(r), URI: ruleURI(version, r)}
	}
}

// reason returns why a rule is there: its own words, or the first paragraph of its archive, each as one line.
func reason(r *diag.Rule) string {
	text := r.Doc
	if archive, ok := archiveOf(r); ok && text == "" {
		text, _, _ = strings.Cut(strings.TrimSpace(string(txtar.Parse([]byte(archive)).Comment)), "\n\n")
	}
	return strings.Join(strings.Fields(text), " ")
}

// releaseForm is the version of a release, whose tag has the pages of that release.
var releaseForm = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`)

// ruleURI returns the address of a rule in the table of rules.
func ruleURI(version string, r *diag.Rule) string {
	if !releaseForm.MatchString(version) {
		version = "main"
	}
	return "https://github.com/seedpack/seedpack/blob/" + version + "/docs/rules.md#" + r.ID
}

// markedExplanation returns the explanation of a rule as Markdown.
func markedExplanation(r *diag.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** (%s): %s\n", r.ID, r.Severity, report.Markdown(r.Summary))
	if r.Spec != "" {
		fmt.Fprintf(&b, "\nSeed standard: %s\n", r.Spec)
	}
	if r.Doc != "" {
		fmt.Fprintf(&b, "\n%s\n", report.Markdown(r.Doc))
	}
	if text, ok := archiveOf(r); ok {
		archive := txtar.Parse([]byte(text))
		fmt.Fprintf(&b, "\n%s", report.Markdown(string(archive.Comment)))
		for _, f := range archive.Files {
			fmt.Fprintf(&b, "\n`%s`\n\n````\n%s````\n", f.Name, f.Data)
		}
	}
	return b.String()
}
