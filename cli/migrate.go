package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/migrate"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// answerFlags are answers to what only the author of an old manifest knows.
type answerFlags struct {
	set   []string
	email string
}

func (f *answerFlags) add(s *pflag.FlagSet) {
	s.StringArrayVar(&f.set, "set", nil, "POINTER=VALUE: a member of the new manifest, such as /job/name=my-job")
	s.StringVar(&f.email, "maintainer-email", "", "short for --set /job/maintainer/email=ADDRESS")
}

func (f *answerFlags) options() ([]migrate.Answer, error) {
	var all []migrate.Answer
	if f.email != "" {
		if err := checkEmail(f.email); err != nil {
			return nil, exit.Usagef("--maintainer-email %w", err)
		}
		all = append(all, migrate.Answer{Pointer: atEmail, Text: f.email})
	}
	for _, s := range f.set {
		a, err := migrate.ParseAnswer(s)
		if err != nil {
			return nil, exit.Usagef("--set: %w", err)
		}
		if err := checkEmail(a.Text); a.Pointer == atEmail && err != nil {
			return nil, exit.Usagef("--set %s: %w", a.Pointer, err)
		}
		all = append(all, a)
	}
	return all, nil
}

// atEmail is where a manifest has the address of its maintainer.
const atEmail = seed.AtMaintainer + "/email"

// checkEmail refuses what cannot be an address. A manifest with it would be right, and of no use to those who must write.
func checkEmail(text string) error {
	if lint.IsAddress(text) {
		return nil
	}
	return fmt.Errorf("%q is not an e-mail address: write it as in rae@example.org", text)
}

type migrateOptions struct {
	answers    answerFlags
	network    networkFlags
	outDir     string
	force      bool
	dockerfile bool
	format     string
}

func newMigrateCommand(p *Process) *cobra.Command {
	o := &migrateOptions{}
	cmd := &cobra.Command{
		Use:   "migrate [DIR|FILE|IMAGE]",
		Short: "Make a manifest of Seed 1.0.0 from JobPack or an older Seed manifest",
		Long: `Migrate converts what can be converted. It asks what only the author knows, says what is lost, and
points at the lines of the job's code that have to change. It never changes the old files.

DIR is a job's directory: its ` + seed.ManifestFile + `, ` + seed.OldManifestFile + ` or ` + seed.JobPackFile + `, or else the label in its Dockerfile.
IMAGE is ` + source.Forms + `.

The manifest goes to standard output, and the report to standard error. With -o the manifest is
written to OUTDIR/` + seed.ManifestFile + `; if the old one holds several jobs, each to OUTDIR/NAME/.

On a terminal the questions are asked. Elsewhere --set and --maintainer-email answer them. For
several jobs an answer holds for all.

Exit status: 0 done; 1 questions are open, or the result has errors: nothing is written; 2 the
command line is wrong, also an answer to nothing; 3 nothing could be read, or there is no job.`,
		Example: `  seedpack migrate jobs/tiler --maintainer-email rae@example.org -o jobs/tiler/new
  seedpack migrate registry.example.com/team/tiler-jobpack:1.0 --dockerfile`,
		Args:        cobra.MaximumNArgs(1),
		Annotations: pathArgs(placePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return runMigrate(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	pathVar(s, &o.outDir, "output-dir", "o", wholePath, "directory for the new manifest; it is made if it is missing")
	s.BoolVar(&o.force, "force", false, "overwrite a manifest that is there")
	o.answers.add(s)
	s.BoolVar(&o.dockerfile, "dockerfile", false, "print the LABEL line instead; of an image also the FROM line that labels it anew")
	s.StringVar(&o.format, "format", formatText, "how to print: text, json or github")
	oneOf(s, "format", formatText, formatJSON, formatGitHub)
	o.network.add(s)
	return cmd
}

// A migration is one call of migrate.
type migration struct {
	*migrateOptions
	process *Process
	old     *oldManifest
	answers []migrate.Answer
	result  *migrate.Result
	reports []*diag.Report // errors in the new manifests
	code    []migrate.Place
	asker   *asker   // nil until it asks
	paths   []string // of the manifests that were written
}

func runMigrate(ctx context.Context, p *Process, o *migrateOptions, args []string) error {
	m := &migration{migrateOptions: o, process: p}
	switch o.format {
	case formatText, formatJSON, formatGitHub:
	default:
		return exit.Usagef("--format %q must be text, json or github", o.format)
	}
	if o.dockerfile && (o.outDir != "" || o.format != formatText) {
		return exit.Usagef("--dockerfile prints the lines of a Dockerfile: leave out -o and --format")
	}
	var err error
	if m.answers, err = o.answers.options(); err != nil {
		return err
	}
	if m.old, err = m.read(ctx, args); err != nil {
		return err
	}
	if err := m.convert(); err != nil {
		return err
	}
	if m.asks() {
		if err := m.ask(); err != nil {
			return err
		}
	}
	m.search()
	if m.open() {
		return errors.Join(m.print(), exit.Findings)
	}
	return m.finish()
}

// convert converts with the answers that are known, and lints what comes of it.
func (m *migration) convert() (err error) {
	m.result, m.reports, err = convert(m.old, m.answers)
	return err
}

// convert converts an old manifest, and returns the errors in the result.
func convert(old *oldManifest, answers []migrate.Answer) (*migrate.Result, []*diag.Report, error) {
	r, err := migrate.Convert(old.doc, answers)
	var wrong *migrate.AnswerError
	switch {
	case errors.As(err, &wrong):
		return nil, nil, exit.Usagef("--set %w", err)
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", old.path, err)
	}
	return r, newErrors(r), nil
}

// newErrors returns the errors in the new manifests. Of a document with very many jobs, the first that are wrong stand for all.
func newErrors(r *migrate.Result) []*diag.Report {
	const most = 100
	var reports []*diag.Report
	for i, m := range r.Manifests {
		if len(reports) >= most || i >= most && len(r.Questions) > 0 {
			break
		}
		found := lintNew(m)
		errors := &diag.Report{Path: newName(r, m), Source: found.Source}
		for _, d := range found.Diagnostics {
			// What is missing is a question already.
			if d.Level() == diag.Error && (len(r.Questions) == 0 || d.Rule.ID != "member-missing") {
				errors.Add(d)
			}
		}
		if len(errors.Diagnostics) > 0 {
			reports = append(reports, errors)
		}
	}
	return diag.Merge(reports...)
}

func lintNew(m *migrate.Manifest) *diag.Report {
	return lint.Manifest(seed.ManifestFile, seed.Parse(m.Text()), lint.Options{})
}

// newName names a new manifest before it has a file.
func newName(r *migrate.Result, m *migrate.Manifest) string {
	if len(r.Manifests) > 1 {
		return filepath.Join(m.Name(), seed.ManifestFile)
	}
	return seed.ManifestFile
}

// open reports whether anything stands in the way of writing.
func (m *migration) open() bool { return len(m.result.Questions) > 0 || len(m.reports) > 0 }

// search looks for lines of code that have to change. A file that cannot be read is named, and the others are searched.
func (m *migration) search() {
	if m.old.dir == "" {
		return
	}
	var err error
	if m.code, err = m.result.Search(os.DirFS(m.old.dir), m.old.file); err != nil {
		sayf(m.process.Stderr, "seedpack: not searched: %v", err)
	}
}

// finish prints and writes what was made.
func (m *migration) finish() error {
	targets, err := m.targets()
	if err != nil {
		return err
	}
	if m.outDir == "" {
		if err := m.print(); err != nil || m.format != formatText {
			return err
		}
		if err := m.printManifests(); err != nil || !m.offers() {
			return err
		}
		if targets, err = m.askTargets(); err != nil || targets == nil {
			return err
		}
		return m.writeAndSay(targets)
	}
	if m.person() {
		if err := m.printText((*migration).sections); err != nil {
			return err
		}
		if yes, err := m.confirm(targets); err != nil || !yes {
			return errors.Join(err, exit.Findings)
		}
		return m.writeAndSay(targets)
	}
	if err := m.write(targets); err != nil {
		return err
	}
	return m.print()
}

// writeAndSay writes for a person, who has seen the report.
func (m *migration) writeAndSay(targets []string) error {
	if err := m.write(targets); err != nil {
		return err
	}
	return m.printText((*migration).ending)
}

// targets returns the files to write. It refuses the old manifest, and others that are there.
func (m *migration) targets() ([]string, error) {
	if m.outDir == "" {
		return nil, nil
	}
	var all []string
	taken := map[string]bool{}
	for _, manifest := range m.result.Manifests {
		path := filepath.Join(m.outDir, seed.ManifestFile)
		if len(m.result.Manifests) > 1 {
			dir := manifest.Name()
			for n := 2; taken[dir]; n++ {
				dir = fmt.Sprintf("%s-%d", manifest.Name(), n)
			}
			taken[dir] = true
			path = filepath.Join(m.outDir, dir, seed.ManifestFile)
		}
		all = append(all, path)
		if m.old.isFile(path) {
			return nil, exit.Usagef("%s is the old manifest, which is never changed: write -o with another directory", path)
		}
		switch info, err := os.Lstat(path); {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, syscall.ENOTDIR):
			return nil, exit.Usagef("-o %s is no directory, and cannot become one", m.outDir)
		case err != nil:
			return nil, err
		case info.IsDir():
			return nil, exit.Usagef("%s is a directory", path)
		case !m.force:
			return nil, exit.Usagef("%s is there already: --force writes it anew", path)
		}
	}
	return all, nil
}

// write writes the new manifests, each whole or not at all. If one cannot be written, those before it that are new go again.
func (m *migration) write(targets []string) (err error) {
	var written []string
	defer func() {
		if err != nil && !m.force {
			for _, path := range written {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	for i, path := range targets {
		dir, openErr := m.process.roots.OpenDir(filepath.Dir(path))
		if openErr != nil {
			return fmt.Errorf("write %s: %w", path, openErr)
		}
		text := m.result.Manifests[i].Text()
		err = errors.Join(m.process.roots.WriteFile(path, newFile, func(f *os.File) error {
			_, err := f.Write(text)
			return err
		}), dir.Close())
		if err != nil {
			return err
		}
		written = append(written, path)
	}
	m.paths = targets
	return nil
}

// printManifests prints the new manifests, or their LABEL lines.
func (m *migration) printManifests() error {
	for i, manifest := range m.result.Manifests {
		text := report.EscapeJSON(manifest.Text())
		if m.dockerfile {
			label, err := pack.EncodeLabel(text)
			if err != nil {
				return err
			}
			text = []byte(m.old.dockerfile(labelForms["dockerfile"](label)))
			if i > 0 {
				text = append([]byte("\n"), text...)
			}
		}
		if _, err := m.process.Stdout.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// dockerfile returns the lines that label an image. The old label cannot be taken away by a Dockerfile, only emptied.
func (o *oldManifest) dockerfile(label string) string {
	var b strings.Builder
	if o.from != "" {
		fmt.Fprintf(&b, "FROM %s\n", o.from)
		if o.jobPack {
			fmt.Fprintf(&b, "LABEL %s=\"\"\n", seed.JobPackLabel)
		}
	}
	fmt.Fprintln(&b, label)
	return b.String()
}
