package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/containerd/console"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pipeline"
)

// What goes where:
//
//   - Standard output gets findings and results, in the format of --format. Formats for programs get one document in every
//     case, also if a command fails before it has anything to say.
//   - Standard error gets everything else: errors, progress, times.
//   - If standard output is an image's (--output …,dest=-), results go to standard error, too.
//
// Every line may hold foreign text, so all that is printed is escaped. No other file compares formats.

// Formats of commands that have findings.
const (
	formatText   = "text"
	formatJSON   = "json"
	formatSARIF  = "sarif"
	formatGitHub = "github"
	formatJUnit  = "junit"
	formatGitLab = "gitlab"
)

var formats = []string{formatText, formatJSON, formatSARIF, formatGitHub, formatJUnit, formatGitLab}

// A printer prints what a command found. The zero value of the fields behind format is the default.
type printer struct {
	process *Process
	out     io.Writer // where results go
	format  string
	verbose bool
	files   reportFiles
	began   time.Time // of the command
}

// text reports whether people read the results.
func (p *printer) text() bool { return p.format == formatText }

// oneByOne reports whether the findings of each job are printed as it ends. Other formats are one document.
func (p *printer) oneByOne() bool { return p.format == formatText || p.format == formatGitHub }

// aside leaves standard output to an image: results go to standard error. Only text can go there.
func (p *printer) aside() error {
	if !p.text() {
		return exit.Usagef("--output …,dest=- leaves no room on standard output for --format %s: write --metadata-file FILE", p.format)
	}
	if _, ok := terminal(p.process.Stdout); ok {
		return exit.Usagef("--output …,dest=- would write an image to the terminal: send it to a file or a pipe")
	}
	p.out = p.process.Stderr
	return nil
}

// print prints findings. Doc is what --format json prints of them; nil: the reports alone.
func (p *printer) print(all *findings, doc any) error {
	switch p.format {
	case formatJSON:
		if doc == nil {
			doc = report.New(all.reports)
		}
		return p.encode(p.out, doc)
	case formatSARIF:
		return p.sarif(p.out, all)
	case formatJUnit:
		return p.junit(p.out, all)
	case formatGitLab:
		return p.gitlab(p.out, all)
	case formatGitHub:
		return hidden(p.out, lines(p.process.secrets), func(w io.Writer) error {
			github.Annotate(w, p.process.Getenv, all.reports, all.failures)
			return nil
		})
	}
	options := textOptions(p.process, p.out)
	options.Verbose = p.verbose
	if all.images {
		options.FixedBy = ""
	}
	return hidden(p.out, lines(p.process.secrets), func(w io.Writer) error { return report.Text(w, all.reports, options) })
}

func (p *printer) encode(w io.Writer, doc any) error {
	return p.process.encode(w, doc)
}

// lines returns where results go, for lines of text.
func (p *printer) lines() io.Writer { return &hidingWriter{p.out, p.process.secrets} }

func (p *printer) sarif(w io.Writer, all *findings) error {
	return hidden(w, p.process.secrets.HideJSON, func(w io.Writer) error { return report.SARIF(w, all.reports, p.sarifOptions(all)) })
}

func (p *printer) junit(w io.Writer, all *findings) error {
	return hidden(w, p.process.secrets.HideXML, func(w io.Writer) error { return report.JUnit(w, all.reports, all.junitOptions()) })
}

func (p *printer) gitlab(w io.Writer, all *findings) error {
	options := report.GitLabOptions{Locate: p.locate, Failures: all.failures}
	return hidden(w, p.process.secrets.HideJSON, func(w io.Writer) error { return report.GitLab(w, all.reports, options) })
}

// A reportFiles has the files that reports are written to, besides what is printed. An empty one is not written.
type reportFiles struct{ sarif, junit, gitlab, html string }

func (f *reportFiles) all() []string { return []string{f.sarif, f.junit, f.gitlab, f.html} }

// writeFiles writes them.
func (p *printer) writeFiles(all *findings) error {
	var errs []error
	for _, one := range []struct {
		path  string
		write func(io.Writer, *findings) error
	}{{p.files.sarif, p.sarif}, {p.files.junit, p.junit}, {p.files.gitlab, p.gitlab}, {p.files.html, p.html}} {
		if one.path != "" {
			errs = append(errs, p.process.roots.WriteFile(one.path, newFile, func(w *os.File) error { return one.write(w, all) }))
		}
	}
	return errors.Join(errs...)
}

func (p *printer) sarifOptions(all *findings) report.SARIFOptions {
	return report.SARIFOptions{Version: p.process.version(), ID: runID(p.process.Getenv, all), Help: ruleHelp(p.process.version()), Locate: p.locate,
		NoFixes: all.images, Failures: all.failures}
}

// A findings is all that a command found, and what could not be checked.
type findings struct {
	command  string   // that found it
	category string   // of code scanning, if it is that of another command, which finds the same
	args     []string // paths, from which the findings of this call are told from those of others
	reports  []*diag.Report
	failures []report.Failure
	images   bool              // the manifests are those of images, where nothing can be fixed
	jobs     []*pipeline.Image // that were packed or tried
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

// fail reports whether any of the reports fails the run.
func (all *findings) fail() bool {
	return slices.ContainsFunc(all.reports, func(r *diag.Report) bool { return all.policies[r].Fails(r) })
}

func (all *findings) junitOptions() report.JUnitOptions {
	fails := func(r *diag.Report, d *diag.Diagnostic) bool { return all.policies[r].FailsOn(d) }
	return report.JUnitOptions{Fails: fails, Failures: all.failures}
}

// scope returns the working directory if no path is given.
func scope(args []string) []string {
	if len(args) == 0 {
		return []string{"."}
	}
	return args
}

// runID returns the category of code scanning. What this call found replaces what an earlier one of the same command on the
// same place found.
func runID(getenv func(string) string, all *findings) string {
	id := "seedpack/" + cmp.Or(all.category, all.command) + "/"
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
		for common != "" && !disk.Below(common, dir) {
			common = filepath.Dir(common)
		}
		if common == "" {
			common = dir
		}
	}
	if rel, ok := locate(getenv, common); ok && rel != "." && !filepath.IsAbs(rel) {
		id += report.Escape(rel) + "/"
	}
	return id
}

func (p *printer) locate(path string) (string, bool) { return locate(p.process.Getenv, path) }

// locate returns the path of a file relative to its repository, with slashes, or else relative to the working directory. A
// file elsewhere has its absolute path. A path that does not exist is no file but an image.
func locate(getenv func(string) string, path string) (file string, ok bool) {
	if _, err := os.Lstat(path); err != nil {
		return "", false
	}
	if file := github.Locate(getenv, path); file != "" {
		return file, true
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	if cwd, err := os.Getwd(); err == nil && disk.Below(cwd, abs) {
		if rel, err := filepath.Rel(cwd, abs); err == nil {
			return filepath.ToSlash(rel), true
		}
	}
	return abs, true
}

// What --color says.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// colours reports whether findings have colours on a stream: if --color says so, or else the environment, or else if a person looks
// at it. See https://no-color.org and https://force-color.org.
func (p *Process) colours(person bool) bool {
	forced := strings.ToLower(p.Getenv("FORCE_COLOR"))
	switch {
	case p.color == colorAlways || p.color == colorNever:
		return p.color == colorAlways
	case p.Getenv("NO_COLOR") != "" || forced == "0" || forced == "false":
		return false
	}
	return forced != "" || person && p.Getenv("TERM") != "dumb"
}

// textOptions returns those for a stream: excerpts and colour if a person looks at it.
func textOptions(p *Process, out io.Writer) report.TextOptions {
	columns, person := terminal(out)
	return report.TextOptions{
		Excerpt: person, Width: columns, FixedBy: "seedpack lint --fix",
		Colour: p.colours(person),
	}
}

// underlying returns the stream that Run and commands have wrapped.
func underlying(w any) any {
	for {
		switch wrapped := w.(type) {
		case *countingWriter:
			w = wrapped.next
		case *hidingWriter:
			w = wrapped.next
		case *interruptible:
			w = wrapped.next
		default:
			return w
		}
	}
}

// terminal reports whether a writer or reader is one, and how many columns an excerpt may take on it; 0 if it does not say.
func terminal(w any) (columns int, ok bool) {
	f, ok := underlying(w).(*os.File)
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

// refuseWith shows findings that end a command which prints something else.
func refuseWith(p *Process, found *diag.Report) error {
	if err := report.Text(p.Stderr, []*diag.Report{found}, textOptions(p, p.Stderr)); err != nil {
		return err
	}
	return exit.Findings
}

// A valueFormat is the --format of commands that print a value, not findings.
type valueFormat string

// check refuses an unknown format.
func (f valueFormat) check() error {
	if f != formatText && f != formatJSON {
		return exit.Usagef("--format %q must be text or json", string(f))
	}
	return nil
}

// print prints a value as JSON, or for people.
func (f valueFormat) print(w io.Writer, json func(io.Writer) error, text func(io.Writer) error) error {
	if err := f.check(); err != nil {
		return err
	}
	if f == formatJSON {
		return json(w)
	}
	return text(w)
}

// complain says on standard error what went wrong, and of which job if there are several.
func complain(p *Process, status int, of string, err error) {
	var cut *interruption
	if status == exit.StatusInterrupted && !errors.As(err, &cut) {
		err = errors.New(p.interrupted())
	}
	var step *pack.StepError
	if errors.As(err, &step) {
		showStep(p.Stderr, step)
	}
	fmt.Fprintln(p.Stderr, "seedpack: "+report.EscapeLines(of+p.message(err)))
}

// interrupted says what an interruption has left undone, as far as that is sure of the command.
func (p *Process) interrupted() string {
	switch p.command {
	case "init", "migrate", "bump", "diff", "list", "name", "label":
		return "interrupted: nothing was written"
	case "pack", "publish":
		return "interrupted: nothing was published under a name"
	}
	return "interrupted"
}

// message returns an error for people, without secrets. It says what frees a full disk.
func (p *Process) message(err error) string {
	text := p.secrets.Hide(err.Error())
	if strings.Contains(text, syscall.ENOSPC.Error()) || strings.Contains(text, syscall.EDQUOT.Error()) {
		text += "\nthe disk is full: seedpack cache says what Seedpack keeps on this machine, and seedpack cache prune frees it"
	}
	return text
}

// complainIn says it to programs that read standard output, on which nothing has been printed. SARIF and JUnit would say of
// nothing that nothing was found.
func complainIn(p *Process, format string, err error) {
	switch format {
	case formatJSON:
		doc := failedDocument{report.New(nil), p.message(err), github.Places(err)}
		if err := p.encode(p.Stdout, doc); err != nil {
			fmt.Fprintln(p.Stderr, "seedpack: "+report.EscapeLines(err.Error()))
		}
	case formatGitHub:
		var all []report.Failure
		for _, at := range github.Places(err) {
			all = append(all, report.Failure{Path: at.Path, Line: at.Line, Message: p.secrets.Hide(at.Message)})
		}
		if len(all) == 0 {
			all = []report.Failure{{Message: p.message(err)}}
		}
		github.Annotate(p.Stdout, p.Getenv, nil, all)
	}
}

// A failedDocument is lint's object with what went wrong.
type failedDocument struct {
	report.Document
	Error string `json:"error"`
	// ErrorPlaces has the mistakes in a policy file, each with its place. They are in Error, too.
	ErrorPlaces []github.ErrorPlace `json:"errorPlaces,omitempty"`
}

// sayf prints a line in which foreign text is harmless.
func sayf(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, report.Escape(fmt.Sprintf(format, args...)))
}
