package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/lint"
)

type lintOptions struct {
	report    reportFlags
	network   networkFlags
	base      baseFlags
	registry  string
	fix, diff bool
	quiet     bool // say how much was linted only if there is nothing else to say
	unsafe    bool // with fix: unsafe fixes, too
}

func newLintCommand(p *Process) *cobra.Command {
	o := &lintOptions{}
	cmd := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Say what is wrong with jobs, and where",
		Long: `Lint says what is wrong with jobs, each finding with its line and column.

PATH is a directory, a file, or - for standard input. Without one it is the working directory.
A directory is searched for seed.manifest.json, leaving out dot directories and links. With each
manifest, its Dockerfile and seed.smoke.yaml are linted too. A file is linted alone: a manifest,
a Dockerfile, a smoke file or a .seedpack.yaml, told by its name.

The nearest .seedpack.yaml beside a manifest or above says what its findings are worth.

With --base each job is compared with an earlier state of it, and a version that did not rise
as far as the changes ask for is a finding: seedpack bump writes it. auto takes the newest image
that is published in --registry, or without one the commit that the branch begins at. What the
findings are worth is said by the .seedpack.yaml of that commit.`,
		Example:     "  seedpack lint\n  seedpack lint jobs/*/seed.manifest.json --format json\n  git show HEAD:seed.manifest.json | seedpack lint -",
		Annotations: pathArgs(wholePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return lintJobs(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	o.report.add(s)
	o.network.add(s)
	o.base.add(s, baseUsage)
	s.StringVar(&o.registry, "registry", "", "HOST[/NAMESPACE]: where the image will go, so that the length of the whole name counts")
	s.BoolVar(&o.fix, "fix", false, "fix what can be fixed without changing the meaning, keep every other byte, and report the rest")
	s.BoolVar(&o.unsafe, "unsafe-fixes", false, "with --fix: also apply fixes that guess, remove text, or change what the job offers; --diff shows them")
	s.BoolVar(&o.diff, "diff", false, "show all fixes, and change nothing; the exit status is that of the findings")
	s.BoolVarP(&o.quiet, "quiet", "q", false, "print findings alone, or without any the one line that says how many jobs were linted")
	return cmd
}

// lintJobs reads all policies before it fixes anything.
func lintJobs(ctx context.Context, p *Process, o *lintOptions, args []string) error {
	out, policies, err := o.report.options(p)
	if err != nil {
		return err
	}
	if err := checkRegistry(o.registry); err != nil {
		return err
	}
	if o.diff && (out.files != reportFiles{} || !out.text()) {
		return exit.Usagef("--diff shows what --fix would do and reports nothing: leave out --format, --sarif-file, --junit-file and --gitlab-file, and --html")
	}
	if o.unsafe && !o.fix {
		return exit.Usagef("--unsafe-fixes is for --fix: give both, or --diff to see all fixes")
	}
	prepared := make(chan struct{})
	go func() { defer close(prepared); lint.Prepare() }()
	defer func() { <-prepared }()
	work, err := p.lintWork(args)
	if err != nil {
		return err
	}
	if err := work.judgeBy(policies); err != nil {
		return err
	}
	remote, _, err := o.network.options(p)
	if err != nil {
		return err
	}
	run := &linter{process: p, options: lint.Options{Registry: o.registry}, work: work, policies: policies}
	if run.base, err = newBaseline(p, o.base.base, o.registry, remote); err != nil {
		return err
	}
	if o.fix || o.diff {
		f := &fixes{process: p, options: run.options, unsafe: o.unsafe, show: o.diff, out: p.Stdout}
		if !out.text() || work.printed() {
			f.out = p.Stderr // standard output holds a document, or the fixed text
		}
		if run.streams, err = f.all(work); err != nil {
			return err
		}
	}
	all := &findings{command: "lint", args: scope(args)}
	if err := run.all(ctx, all); err != nil {
		return err
	}
	if o.diff {
		return run.endDiff(all)
	}
	if o.fix && work.printed() {
		out.out = p.Stderr // standard output holds the fixed text
	}
	if err := errors.Join(out.writeFiles(all), out.print(all, run.document(all))); err != nil {
		return err
	}
	if !o.quiet || !run.told(all, out.verbose) {
		run.say(out, o.quiet)
	}
	return run.end(all)
}

// A lintDocument is what lint prints as JSON.
type lintDocument struct {
	report.Document
	Comparisons []*github.JobComparison `json:"comparisons,omitempty"`
	Error       string                  `json:"error,omitempty"` // what could not be checked
}

// document returns what --format json prints.
func (l *linter) document(all *findings) lintDocument {
	var messages []string
	for _, f := range all.failures {
		messages = append(messages, f.Message)
	}
	return lintDocument{report.New(all.reports), l.comparisons, strings.Join(messages, "\n")}
}
