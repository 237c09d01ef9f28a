package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/git"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
)

// A publishFlags says where an image goes, and how it gets its name there.
type publishFlags struct {
	registry, push string // push holds the command's default before add
	ifExists       string
	aliases        []string
	preflight      bool
	timeout        time.Duration
	dryRun         bool
	predecessor    string
	attestSmoke    bool
}

func (f *publishFlags) add(s *pflag.FlagSet) {
	defer under(s, subjectPublish)()
	s.StringVar(&f.registry, "registry", "", "HOST[/NAMESPACE]: where to publish")
	s.StringVar(&f.push, "push", f.push, "publish: true, false, or auto (for tags and releases in CI)")
	s.Lookup("push").NoOptDefVal = "true"
	s.StringVar(&f.ifExists, "if-exists", pipeline.IfExistsError, "when the name is another image's already: error, skip (leave it, if only the build is not reproducible) or overwrite")
	oneOf(s, "push", "true", "false", "auto")
	oneOf(s, "if-exists", pipeline.IfExistsError, pipeline.IfExistsSkip, pipeline.IfExistsOverwrite)
	s.StringArrayVar(&f.aliases, "tag", nil, "a further tag in the same repository, once all is verified; it may move")
	s.BoolVar(&f.preflight, "preflight", true, "ask for the right to push before building")
	pathVar(s, &f.predecessor, "predecessor", "", imagePath, "the image that was published before, to compare with; default: the newest one of the jobVersions that git knows")
	s.BoolVar(&f.attestSmoke, "attest-smoke", false, attestSmokeUsage)
	s.BoolVar(&f.dryRun, "dry-run", false, "say what would be built, run, written, pushed and tagged, and do nothing of it")
	s.DurationVar(&f.timeout, "push-timeout", time.Hour, "how long a push may take before it is given up")
}

// attestSmokeUsage is the help of the flag in all commands that have it.
const attestSmokeUsage = "attach the result of the smoke run to the image in its registry, for the pages of discover"

// joinPush writes --push VALUE as --push=VALUE, so that its value may stand behind it and may also be left out.
func joinPush(args []string) (joined []string) {
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(joined, args[i:]...)
		}
		joined = append(joined, args[i])
		if args[i] == "--push" && i+1 < len(args) && slices.Contains([]string{"true", "false", "auto"}, args[i+1]) {
			i++
			joined[len(joined)-1] += "=" + args[i]
		}
	}
	return joined
}

var tagForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// options returns how images are published, if they are: see decide.
func (f *publishFlags) options() (*pipeline.Publish, error) {
	if err := checkRegistry(f.registry); err != nil {
		return nil, err
	}
	switch f.ifExists {
	case "", pipeline.IfExistsError, pipeline.IfExistsSkip, pipeline.IfExistsOverwrite:
	default:
		return nil, exit.Usagef("--if-exists %q must be error, skip or overwrite", f.ifExists)
	}
	if f.timeout < 0 {
		return nil, exit.Usagef("--push-timeout %s must not be negative; 0 is without end", f.timeout)
	}
	for _, alias := range f.aliases {
		if !tagForm.MatchString(alias) {
			return nil, exit.Usagef("--tag %q must be a tag alone, without a repository: letters, digits, and _ . - after the first", alias)
		}
	}
	var predecessor *source.Source
	if f.predecessor != "" {
		from, err := source.Parse(f.predecessor)
		if err != nil {
			return nil, exit.Usagef("--predecessor: %w", err)
		}
		predecessor = &from
	}
	return &pipeline.Publish{Predecessor: predecessor, IfExists: f.ifExists, Aliases: f.aliases, Preflight: f.preflight, Timeout: f.timeout, AttestSmoke: f.attestSmoke}, nil
}

// decide reports whether images are published: whether that was asked for, and whether the event may publish. If a fork's
// pull request may not, it says so on standard error.
//
// Places are the files and directories that images are made from.
func (f *publishFlags) decide(ctx context.Context, p *Process, places []string) (push bool, err error) {
	var taken string
	switch f.push {
	case "true":
		push = true
	case "false":
	case "auto":
		push, taken = github.IsRelease(p.Getenv)
	default:
		return false, exit.Usagef("--push %q must be true, false or auto", f.push)
	}
	if push && f.registry == "" {
		return false, exit.Usagef("--push needs --registry HOST[/NAMESPACE]: where should the image go?")
	}
	if f.registry == "" {
		return push, nil
	}
	if taken != "" {
		fmt.Fprintln(p.Stderr, report.EscapeLines(taken))
	}
	return mayPush(ctx, p, push, places)
}

// mayPush returns push, unless the event may not publish what is made from these files and directories. It says so then.
func mayPush(ctx context.Context, p *Process, push bool, places []string) (bool, error) {
	may, notice, err := github.MayPush(p.Getenv, push, func(commit string) error {
		return atCommit(ctx, commit, append(places, p.Getenv("GITHUB_WORKSPACE")))
	})
	if notice != "" {
		fmt.Fprintln(p.Stderr, report.EscapeLines(notice))
	}
	return may, err
}

// atCommit returns an error unless each work tree that one of the places lies in is at the commit or at one of its ancestors.
// At least one place must lie in a work tree. An empty place counts as none.
func atCommit(ctx context.Context, commit string, places []string) error {
	found := false
	for _, place := range slices.Compact(slices.Sorted(slices.Values(places))) {
		if place == "" {
			continue
		}
		if info, err := os.Stat(place); err == nil && !info.IsDir() {
			place = filepath.Dir(place)
		}
		repository, err := git.Open(ctx, place)
		switch {
		case errors.Is(err, git.ErrNone):
			continue
		case err != nil:
			return err
		}
		if err := repository.HeadIn(commit); err != nil {
			return err
		}
		found = true
	}
	if !found {
		return errors.New("the workspace is not known to be at GITHUB_SHA, since there is no git repository or no git")
	}
	return nil
}

func checkRegistry(registry string) error { return exit.Usage(pack.CheckRegistry(registry)) }
