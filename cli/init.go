package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/distribution/reference"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/command"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/scaffold"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// An initFlags has the flags of init.
type initFlags struct {
	job                    scaffold.Options
	inputs, outputs        []string
	jsonInputs, jsonOutput []string
	settings, mounts       []string
	smoke, force, yes      bool
}

// membersOfInterface are the flags whose values are added to a manifest that is there.
var membersOfInterface = []string{"input", "json-input", "output", "json-output", "setting", "mount"}

func newInitCommand(p *Process) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write the first files of a job, or add to its manifest",
		Long: `Init writes a manifest, a Dockerfile with its .dockerignore, and job.sh, which stands
in for the job's program: it reads the inputs and writes the outputs, so that the job can
be packed at once. With --smoke it writes a smoke file, too, with a sample of each input.

On a terminal it asks for what the flags do not say; --yes takes the defaults. A Dockerfile that is
there is kept and read: how it starts the job, as whom, and which variables its scripts use.

Where there is a manifest already, --input, --output and the like add to it, and keep what it has.
--smoke writes only the smoke file, from the manifest. No file is overwritten without --force, and
then a copy of the old one is kept.`,
		Example:     "  seedpack init my-job --input IMAGE=image/png --output 'TABLE=*.csv' --smoke\n  seedpack init my-job --setting DB_HOST --json-output COUNT=integer",
		Args:        cobra.MaximumNArgs(1),
		Annotations: pathArgs(wholePath),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return f.run(cmd, p, dir)
		},
	}
	f.add(cmd.Flags())
	return cmd
}

// run writes a new job, or adds to one that is there.
func (f *initFlags) run(cmd *cobra.Command, p *Process, dir string) error {
	manifest := filepath.Join(dir, seed.ManifestFile)
	_, err := os.Lstat(manifest)
	adds := slices.ContainsFunc(membersOfInterface, cmd.Flags().Changed)
	there := err == nil
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return exit.Usagef("%s is a file: name the directory of the job", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return exit.Usage(err)
	case there && f.smoke && !adds:
		return initSmoke(p, cmd, manifest, f.force)
	case there && f.force && adds:
		return exit.Usagef("%s is there already: --force writes it anew, and --input, --output and the like add to it: leave out one of them, or remove the file", manifest)
	case there && f.force:
		return initJob(cmd, p, dir, f)
	case there && f.smoke:
		if path := filepath.Join(dir, cases.File); exists(path) {
			return exit.Usagef("%s is there already: leave out --smoke, and give its cases what is added", path)
		}
		if err := f.extend(cmd, p, manifest); err != nil {
			return err
		}
		return initSmoke(p, cmd, manifest, false)
	case there && (adds || p.person() && !f.yes):
		return f.extend(cmd, p, manifest)
	case there:
		return exit.Usagef("%s is there already\n--input, --output and the like add to it; --smoke adds a smoke file; --force writes it anew", manifest)
	}
	return initJob(cmd, p, dir, f)
}

func (f *initFlags) add(s *pflag.FlagSet) {
	s.StringVar(&f.job.Name, "name", "", "name of the job (default that of the directory, in lower case)")
	s.StringVar(&f.job.JobVersion, "job-version", "0.1.0", "version of what the job does")
	s.StringVar(&f.job.PackageVersion, "package-version", "0.1.0", "version of its packaging")
	s.StringVar(&f.job.Title, "title", "", "title, for people (default the name in words)")
	s.StringVar(&f.job.Description, "description", "", "what the job does (default its inputs and outputs)")
	s.StringVar(&f.job.Maintainer.Name, "maintainer-name", "", "full name of the maintainer (default git's user.name)")
	s.StringVar(&f.job.Maintainer.Email, "maintainer-email", "", "e-mail of the maintainer (default git's user.email)")
	s.StringArrayVar(&f.inputs, "input", nil, "NAME[=MEDIATYPE[,MEDIATYPE...]]: a file that goes in")
	s.StringArrayVar(&f.jsonInputs, "json-input", nil, "NAME[=TYPE]: a JSON value that goes in, by default a string")
	s.StringArrayVar(&f.outputs, "output", nil, "NAME=PATTERN: a file that comes out, as in RESULT=*.csv")
	s.StringArrayVar(&f.jsonOutput, "json-output", nil, "NAME[=TYPE]: a JSON value that comes out, by default a string")
	s.StringArrayVarP(&f.settings, "setting", "e", nil, "NAME[=secret]: an environment variable that is not data")
	s.StringArrayVarP(&f.mounts, "mount", "m", nil, "NAME=PATH[:rw]: a directory that the job sees at PATH")
	s.Int64Var(&f.job.Timeout, "timeout", 3600, "seconds after which a run is ended")
	s.StringVar(&f.job.Base, "base", "debian:13-slim", "image that the Dockerfile starts from; it needs a shell")
	s.BoolVar(&f.smoke, "smoke", false, "write seed.smoke.yaml, too")
	s.BoolVar(&f.force, "force", false, "overwrite files that are there, and keep copies of them")
	s.BoolVarP(&f.yes, "yes", "y", false, "ask nothing: take the defaults")
}

// initSmoke adds a smoke file to a job. It refuses flags for a new manifest, since they would do nothing.
func initSmoke(p *Process, cmd *cobra.Command, manifest string, force bool) error {
	if other := otherFlag(cmd, append([]string{"smoke", "force"}, membersOfInterface...)...); other != "" {
		return exit.Usagef("--%s is for a new manifest, but %s is there already", other, manifest)
	}
	j, err := job.Read(manifest, p.roots, p.Stdin)
	if err != nil {
		return err
	}
	if found := lint.Manifest(j.Path, j.Manifest, lint.Options{}); (diag.Policy{}).Fails(found) {
		return refuseWith(p, found)
	}
	files := scaffold.Smoke(j.Manifest, true)
	if path := filepath.Join(j.Dir, cases.File); !force && exists(path) {
		return exit.Usagef("%s is there already: --force writes it anew, and keeps a copy", path)
	}
	if err := writeFiles(p, j.Dir, files, force); err != nil {
		return err
	}
	sayf(p.Stdout, "next: put real values in the place of those that are made up, then seedpack smoke %s", command.Quote(j.Dir))
	return nil
}

// otherFlag returns a flag of init that was given and is not among some; "" if there is none.
func otherFlag(cmd *cobra.Command, some ...string) (other string) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(append(some, "yes"), f.Name) && cmd.LocalNonPersistentFlags().Lookup(f.Name) != nil {
			other = f.Name
		}
	})
	return other
}

func initJob(cmd *cobra.Command, p *Process, dir string, f *initFlags) error {
	ctx := cmd.Context()
	if err := f.readMembers(); err != nil {
		return exit.Usage(err)
	}
	if email := f.job.Maintainer.Email; email != "" {
		if err := checkEmail(email); err != nil {
			return exit.Usagef("--maintainer-email %w", err)
		}
	}
	if err := f.nameJob(dir); err != nil {
		return err
	}
	own, err := readOwn(p, dir)
	if err != nil {
		return err
	}
	if own.dockerfile != nil {
		f.job.Program = own.program()
	}
	if p.person() && !f.yes {
		if err := newInitAsker(p, checkNew).job(ctx, cmd, dir, f, own); err != nil {
			return err
		}
	}
	if err := f.complete(ctx, dir); err != nil {
		return err
	}
	return writeJob(p, dir, f, own)
}

// checkNew refuses options of which a wrong manifest would come.
func checkNew(o scaffold.Options) error {
	if o.Maintainer.Name == "" {
		o.Maintainer.Name = "Somebody"
	}
	if o.Maintainer.Email == "" {
		o.Maintainer.Email = "somebody@example.com"
	}
	return withoutLines(refuse(lint.Manifest(seed.ManifestFile, seed.Parse(scaffold.Job(o)[0].Content), lint.Options{})))
}

// onLine is how findings name another line of the manifest.
var onLine = regexp.MustCompile(` on line \d+`)

// withoutLines takes the lines out of an error about a manifest that is not written: nobody can look them up.
func withoutLines(err error) error {
	if err == nil {
		return nil
	}
	return exit.Usagef("%s", onLine.ReplaceAllString(err.Error(), ""))
}

// offerName adds a name that would be right to an error about one that is wrong.
func offerName(err error, name string) error {
	if near := scaffold.Name(name); err != nil && near != "" && near != name {
		return exit.Usagef("%w\nwrite %s", err, near)
	}
	return err
}

func writeJob(p *Process, dir string, f *initFlags, own *ownFiles) error {
	files := scaffold.Job(f.job)
	manifest := seed.Parse(files[0].Content)
	path := filepath.Join(dir, files[0].Name)
	found := lint.Manifest(path, manifest, lint.Options{})
	if err := refuse(found, dockerfile.Check("Dockerfile", files[1].Content, manifest)); err != nil {
		return withoutLines(err)
	}
	kept := own.path != "" && !f.force
	if kept { // and with it the program and all that its build needs
		sayf(p.Stdout, "kept %s, which must start a program that takes the arguments in the manifest's command", own.path)
		files = append(files[:1], own.ignore(dir)...)
	}
	if f.smoke {
		files = append(files, scaffold.Smoke(manifest, true)...)
	}
	if err := writeFiles(p, dir, files, f.force); err != nil {
		return err
	}
	if err := report.Text(p.Stdout, []*diag.Report{found}, textOptions(p, p.Stdout)); err != nil {
		return err
	}
	if kept {
		own.propose(p, manifest)
		sayf(p.Stdout, "next: seedpack pack %s", command.Quote(dir))
	} else {
		sayf(p.Stdout, "next: put your program in the place of %s, then seedpack pack %s", filepath.Join(dir, "job.sh"), command.Quote(dir))
	}
	return nil
}

// complete reads the flags that have their own syntax, and fills in values that were not given.
func (f *initFlags) complete(ctx context.Context, dir string) error {
	if f.job.Timeout <= 0 {
		return exit.Usagef("--timeout %d must be more than zero seconds", f.job.Timeout)
	}
	if _, err := reference.ParseNormalizedNamed(f.job.Base); err != nil {
		return exit.Usagef("--base %q must be the reference of an image: %w", f.job.Base, err)
	}
	m := &f.job.Maintainer
	if err := fromGit(ctx, dir, &m.Name, "user.name", "--maintainer-name"); err != nil {
		return err
	}
	return fromGit(ctx, dir, &m.Email, "user.email", "--maintainer-email")
}

// nameJob takes the name of the directory if none is given.
func (f *initFlags) nameJob(dir string) error {
	if f.job.Name != "" {
		return offerName(checkNew(scaffold.Options{Name: f.job.Name, Base: f.job.Base}), f.job.Name)
	}
	folder, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if f.job.Name = scaffold.Name(filepath.Base(folder)); f.job.Name == "" {
		return exit.Usagef("the directory's name %q has nothing that a job's name may have: give one with --name", filepath.Base(folder))
	}
	return nil
}

// fromGit fills in a value from the configuration of git, if it was not given.
func fromGit(ctx context.Context, dir string, value *string, key, flag string) error {
	if *value != "" {
		return nil
	}
	if !exists(dir) {
		dir = "."
	}
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("git did not answer in %s", patience))
	defer cancel()
	// A missing git, or a missing configuration, is not reported: the error names the flag to give.
	if out, err := exec.CommandContext(ctx, "git", "-C", dir, "config", "--get", key).Output(); err == nil {
		*value = strings.TrimSpace(string(out))
	}
	if *value == "" {
		return exit.Usagef("the manifest must name a maintainer, and git knows no %s\ngive %s, or run git config --global %s …", key, flag, key)
	}
	return nil
}

// nothingWritten begins the error of a job that would be wrong.
const nothingWritten = "nothing is written, since the job would be wrong:\n"

// refuse turns errors in the files, before they are written, into a mistake in the command line.
func refuse(reports ...*diag.Report) error {
	var all []string
	for _, r := range reports {
		for i := range r.Diagnostics {
			if d := &r.Diagnostics[i]; d.Level() == diag.Error {
				all = append(all, "  "+d.Message+" ["+d.Rule.ID+"]")
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return exit.Usagef(nothingWritten+"%s", strings.Join(all, "\n"))
}

// writeFiles writes the files of a job, and prints what it did with each.
func writeFiles(p *Process, dir string, files []scaffold.File, force bool) error {
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		did, err := writeFile(p.roots, path, f, force && !f.Sample)
		if err != nil {
			return err
		}
		sayf(p.Stdout, did, path)
	}
	return nil
}

// writeFile writes a file. An existing one is kept, or replaced with force. It returns the words for what it did.
func writeFile(roots disk.Roots, path string, f scaffold.File, force bool) (did string, err error) {
	dir, err := roots.OpenDir(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	mode := os.FileMode(0o666) // but for the user's umask
	if f.Program {
		mode = 0o777
	}
	file, err := dir.OpenFile(filepath.Base(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	switch {
	case err == nil:
		_, err = file.Write(f.Content)
		return "wrote %s", errors.Join(err, file.Close())
	case !errors.Is(err, fs.ErrExist):
		return "", err
	case !force:
		return "kept %s, which was there", nil
	}
	return replace(roots, path, f.Content)
}

// replace writes a file anew, and keeps a copy of what it was.
func replace(roots disk.Roots, path string, content []byte) (did string, err error) {
	old, err := disk.ReadFile(path, disk.MaxText)
	if err != nil {
		return "", err
	}
	if string(old) == string(content) {
		return "kept %s, which is the same", nil
	}
	backup := path + ".bak"
	for n := 2; exists(backup); n++ {
		backup = fmt.Sprintf("%s.bak%d", path, n)
	}
	if err := roots.WriteFile(backup, newFile, func(f *os.File) error {
		_, err := f.Write(old)
		return errors.Join(err, f.Sync())
	}); err != nil {
		return "", err
	}
	return "replaced %s; what it was is in " + strings.ReplaceAll(filepath.Base(backup), "%", "%%"), roots.ReplaceFile(path, content)
}
