// Package git asks git about the files of a job. It runs the program, and nothing that a repository's configuration names.
// A repository may be foreign: it changes nothing there, and fetches nothing.
package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seedpack/seedpack/disk"
)

// A Commit says where a job's files come from. The zero value says that nothing is known.
type Commit struct {
	Revision string // the last commit that touched one of the files
	Time     time.Time
	Source   string // https URL of the cloned repository
}

// TooShallow says that there is no revision because the commit is missing in a shallow clone.
const TooShallow = "the clone is too shallow to tell"

// LastCommit asks git for the last commit that touched one of the files or directories. So a commit elsewhere in the
// repository changes nothing. If the files lie in no work tree, or there is no git, it returns nothing. Otherwise
// unknown says in a few words why there is no revision.
func LastCommit(ctx context.Context, paths []string) (c Commit, unknown string) {
	g, err := find(ctx)
	if err != nil || len(paths) == 0 {
		return Commit{}, ""
	}
	return g.lastCommit(paths)
}

func (g program) lastCommit(paths []string) (c Commit, unknown string) {
	var err error
	if g.dir, err = directory(paths[0]); err != nil {
		return Commit{}, ""
	}
	real, err := resolveAll(paths)
	if err == nil {
		err = checkFiles(g.dir)
	}
	if err != nil {
		return Commit{}, err.Error()
	}
	said := g.ask(real)
	if said.treeErr != nil {
		return Commit{}, noWorkTree(said.treeErr)
	}
	top, shallow, _ := strings.Cut(strings.TrimSuffix(said.tree, "\n"), "\n")
	if !filepath.IsAbs(shallow) {
		shallow = filepath.Join(g.dir, shallow)
	}
	if err := within(top, paths, real); err != nil {
		unknown = err.Error()
	} else {
		c, unknown = said.last(shallow)
	}
	c.Source = webAddress(strings.TrimSpace(said.address))
	return c, unknown
}

// answers is the output of git for all questions.
type answers struct {
	tree, address, status, log, inner string
	treeErr, statusErr, logErr        error
}

// ask asks all questions at once. Each takes milliseconds, which a cached build would have to wait for.
func (g program) ask(paths []string) (a answers) {
	var all sync.WaitGroup
	all.Go(func() { a.tree, a.treeErr = g.run("rev-parse", "--show-toplevel", "--git-path", "shallow") })
	all.Go(func() { a.address, _ = g.run("config", "--get", "remote.origin.url") }) // it need not be set
	all.Go(func() {
		a.status, a.statusErr = g.runOnFiles(append([]string{"status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=dirty", "--"}, paths...)...)
	})
	all.Go(func() { a.inner = g.dirtySubmodule(paths) })
	all.Go(func() {
		a.log, a.logErr = g.run(append([]string{"log", "-1", "--no-show-signature", "--format=%H %ct", "--"}, paths...)...)
	})
	all.Wait()
	return a
}

// A program runs git in a directory.
type program struct {
	ctx  context.Context
	path string
	dir  string
	// stdin is nil for none.
	stdin io.Reader
	wait  *waiter
}

// find looks for git.
func find(ctx context.Context) (program, error) {
	path, err := exec.LookPath("git")
	return program{ctx: ctx, path: path, wait: newWaiter()}, err
}

// run returns the standard output of git. Git runs no program that the repository's configuration names. Paths are
// taken literally. Git does not ask for passwords, and fetches nothing, not even what a partial clone lacks.
func (g program) run(args ...string) (string, error) { return g.runMost(maxAnswer, args...) }

// runMost is run for an answer of limited size.
func (g program) runMost(limit int, args ...string) (string, error) {
	if err := g.wait.known(); err != nil {
		return "", err
	}
	ctx, end := g.wait.watch(g.ctx, g.dir)
	defer end()
	cmd := exec.CommandContext(ctx, g.path, append([]string{"-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "protocol.allow=never"}, args...)...)
	cmd.Dir, cmd.Stdin = g.dir, g.stdin
	cmd.Env = environment(os.Environ())
	cmd.WaitDelay = time.Second
	stdout, stderr := answer{limit: limit}, answer{limit: maxContent}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case err == nil:
		return stdout.text.String(), nil
	case stuck(context.Cause(ctx)) != nil:
		return "", stuck(context.Cause(ctx))
	case stdout.exceeded:
		return "", &stuckError{fmt.Sprintf("git prints more than %d bytes", limit)}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(stderr.text.String()), "\n")
	return "", failure{err, first}
}

type failure struct {
	error
	said string
}

// noWorkTree returns what git says, or "" if it only says that there is no repository.
func noWorkTree(err error) string {
	if err := stuck(err); err != nil {
		return err.Error()
	}
	var failed failure
	if !errors.As(err, &failed) || strings.Contains(failed.said, "not a git repository") || strings.Contains(failed.said, "must be run in a work tree") {
		return ""
	}
	return "git says: " + failed.said
}

// last returns the commit, or says why there is none. The file shallow exists in a shallow clone.
func (a *answers) last(shallow string) (c Commit, unknown string) {
	cut, err := shallowCommits(shallow)
	revision, seconds, ok := strings.Cut(strings.TrimSpace(a.log), " ")
	switch {
	case a.statusErr != nil:
		return c, noWorkTree(a.statusErr)
	case stuck(a.logErr) != nil:
		return c, a.logErr.Error()
	case err != nil:
		return c, err.Error()
	case a.status != "":
		first, _, _ := strings.Cut(a.status, "\x00")
		return c, fmt.Sprintf("%q is not committed as it is", strings.TrimSpace(first[min(3, len(first)):]))
	case a.inner != "":
		return c, fmt.Sprintf("%q is not committed as it is", a.inner)
	case a.logErr != nil || !ok:
		return c, "no commit has its files"
	case slices.Contains(cut, revision):
		return c, TooShallow
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return c, "git gave no time: " + seconds
	}
	return Commit{Revision: revision, Time: time.Unix(at, 0)}, ""
}

// shallowCommits returns the commits whose parents are missing. Such a commit seems to have changed all files.
func shallowCommits(shallow string) ([]string, error) {
	text, err := disk.ReadFile(shallow, disk.MaxText)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(text)), err
}

// within returns an error if a path is not in the work tree. Real are the same paths, resolved.
func within(top string, paths, real []string) error {
	resolved, err := filepath.EvalSymlinks(top)
	if err != nil {
		return err
	}
	for i, path := range real {
		relative, err := filepath.Rel(resolved, path)
		if err != nil || !filepath.IsLocal(relative) {
			return fmt.Errorf("%q lies outside of the work tree %q", paths[i], top)
		}
	}
	return nil
}

func resolveAll(paths []string) ([]string, error) {
	var all []string
	for _, path := range paths {
		real, err := resolve(path)
		if err != nil {
			return nil, err
		}
		all = append(all, filepath.ToSlash(real))
	}
	return all, nil
}

// resolve returns the path without symbolic links, except in its last element: git knows a link itself.
func resolve(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(absolute)
	if err == nil && info.IsDir() {
		return filepath.EvalSymlinks(absolute)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(absolute))
	return filepath.Join(dir, filepath.Base(absolute)), err
}

func directory(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		path = filepath.Dir(path)
	}
	return path, err
}

// scpAddress matches USER@HOST:PATH, which git uses for ssh.
var scpAddress = regexp.MustCompile(`^(?:[^@/:\s]+@)?([A-Za-z0-9.-]+):([^/:\s]\S*)$`)

// webAddress returns the https URL of a repository without credentials, so that clones by ssh and by https have the
// same. It returns "" if there is none, as for a directory.
func webAddress(remote string) string {
	u, err := url.Parse(remote)
	if m := scpAddress.FindStringSubmatch(remote); m != nil && !strings.Contains(remote, "://") {
		u, err = &url.URL{Scheme: "ssh", Host: m[1], Path: "/" + m[2]}, nil
	}
	if err != nil || u.Hostname() == "" {
		return ""
	}
	clean := url.URL{Scheme: "https", Host: u.Host, Path: strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git")}
	switch u.Scheme {
	case "https":
	case "http":
		clean.Scheme = "http"
	case "ssh", "git", "git+ssh":
		clean.Host = u.Hostname()
	default:
		return ""
	}
	return clean.String()
}
