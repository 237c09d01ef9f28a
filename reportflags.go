package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/containerd/console"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/job"
)

// A reportFlags is how reports are judged and printed, the same for all commands that have some.
type reportFlags struct {
	format               string
	failOn               string
	rules                []string
	verbose              bool
	sarifFile, junitFile string
	config               string
	cmd                  *cobra.Command // tells which flags are given
}

// formats are those of --format.
var formats = []string{"text", "json", "sarif", "github", "junit"}

func (f *reportFlags) register(cmd *cobra.Command) {
	f.cmd = cmd
	s := cmd.Flags()
	s.StringVar(&f.format, "format", "text", "how to print: text, json, sarif, github (workflow commands) or junit")
	s.StringVar(&f.sarifFile, "sarif-file", "", "write the findings to a file for code scanning, too")
	s.StringVar(&f.junitFile, "junit-file", "", "write the findings to a file as the XML of JUnit, too")
	s.StringVar(&f.failOn, "fail-on", "error", "least severity that makes the exit status 1: error, warning or notice")
	s.StringArrayVar(&f.rules, "rule", nil, "ID=SEVERITY: give a rule another severity: off, notice, warning or error")
	s.StringVar(&f.config, "config", "", "the policy file, or none; default: the nearest "+policy.FileName+" beside the manifest or above")
	s.BoolVarP(&f.verbose, "verbose", "v", false, "show notices too")
}

// A findings is all that a command found, and what it could not find out.
type findings struct {
	command  string
	args     []string // paths, from which the findings of this call are told from those of others
	reports  []*diag.Report
	failures []report.Failure
	images   bool // the manifests are those of images, where nothing can be mended
	policies map[*diag.Report]diag.Policy
}

// judge adds a report with the policy that it is judged by.
func (all *findings) judge(r *diag.Report, policy diag.Policy) {
	if all.policies == nil {
		all.policies = map[*diag.Report]diag.Policy{}
	}
	all.reports = append(all.reports, r)
	all.policies[r] = policy
}

func (all *findings) fails(r *diag.Report, d *diag.Diagnostic) bool {
	return all.policies[r].FailsOn(d)
}

// fail tells whether any of the reports fails the run.
func (all *findings) fail() bool {
	return slices.ContainsFunc(all.reports, func(r *diag.Report) bool { return all.policies[r].Fails(r) })
}

// scope is the working directory where no path is given.
func scope(args []string) []string {
	if len(args) == 0 {
		return []string{"."}
	}
	return args
}

// print prints findings in a format that is made at once.
func (p *program) print(f *reportFlags, all *findings) error {
	switch f.format {
	case "json":
		return report.JSON(p.stdout, all.reports)
	case "sarif":
		return report.SARIF(p.stdout, all.reports, p.sarifOptions(all))
	case "junit":
		return report.JUnit(p.stdout, all.reports, all.junitOptions())
	case "github":
		p.annotateReports(all.reports, all.failures)
		return nil
	}
	options := p.textOptions(f.verbose)
	if all.images {
		options.FixedBy = ""
	}
	return report.Text(p.stdout, all.reports, options)
}

// writeReports writes the files that are asked for beside what is printed.
func (p *program) writeReports(f *reportFlags, all *findings) error {
	var err error
	if f.sarifFile != "" {
		err = writeWhole(f.sarifFile, func(w *os.File) error { return report.SARIF(w, all.reports, p.sarifOptions(all)) })
	}
	if f.junitFile != "" {
		err = errors.Join(err, writeWhole(f.junitFile, func(w *os.File) error { return report.JUnit(w, all.reports, all.junitOptions()) }))
	}
	return err
}

func (all *findings) junitOptions() report.JUnitOptions {
	return report.JUnitOptions{Fails: all.fails, Failures: all.failures}
}

func (p *program) sarifOptions(all *findings) report.SARIFOptions {
	return report.SARIFOptions{Version: programVersion(), ID: p.runID(all), Help: ruleHelp, Locate: p.locate,
		NoFixes: all.images, Failures: all.failures}
}

// runID is the category of code scanning: what this call found replaces what one of the same command on the same place found.
func (p *program) runID(all *findings) string {
	id := "seedpack/" + all.command + "/"
	if all.command == "verify" {
		return id
	}
	common := ""
	for _, arg := range all.args {
		dir, err := filepath.Abs(arg)
		if info, statErr := os.Stat(arg); err != nil || statErr != nil {
			return id // it is standard input
		} else if !info.IsDir() {
			dir = filepath.Dir(dir)
		}
		for common != "" && !job.Below(common, dir) {
			common = filepath.Dir(common)
		}
		if common == "" {
			common = dir
		}
	}
	if rel, ok := p.locate(common); ok && rel != "." && !filepath.IsAbs(rel) {
		id += report.Escape(rel) + "/"
	}
	return id
}

// locate says where in its repository a file is: relative to its root with slashes, or else to the working directory. What is
// elsewhere is absolute, and what is not there is no file but an image.
func (p *program) locate(path string) (file string, ok bool) {
	if _, err := os.Lstat(path); err != nil {
		return "", false
	}
	if c := (&githubStep{program: p}).checkoutOf(path); c.path != "" {
		return c.path, true
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	if cwd, err := os.Getwd(); err == nil && job.Below(cwd, abs) {
		if rel, err := filepath.Rel(cwd, abs); err == nil {
			return filepath.ToSlash(rel), true
		}
	}
	return abs, true
}

// textOptions are for standard output: excerpts and colour where a person looks at it.
func (p *program) textOptions(verbose bool) report.TextOptions {
	columns, person := terminal(p.stdout)
	return report.TextOptions{
		Verbose: verbose, Excerpt: person, Width: columns, FixedBy: "seedpack lint --fix",
		// https://no-color.org
		Colour: person && p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb",
	}
}

// terminal tells whether a writer is one, and how many columns an excerpt may take on it; 0 where it does not say.
func terminal(w any) (columns int, ok bool) {
	if counting, ok := w.(*countingWriter); ok {
		w = counting.next
	}
	f, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	c, err := console.ConsoleFromFile(f)
	if err != nil {
		return 0, false
	}
	size, err := c.Size()
	if err != nil || size.Width == 0 {
		return 0, true
	}
	const gutter, least = 8, 40
	return max(int(size.Width)-gutter, least), true
}
