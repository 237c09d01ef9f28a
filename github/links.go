package github

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
)

// link returns where a finding is, in Markdown. If GitHub has the file, it links to its line at the commit.
func link(env func(string) string, path string, e report.Entry) string {
	c := checkoutOf(env, path)
	if c.path == "" {
		return cell(place(path, e))
	}
	text := cell(place(c.path, e))
	if to := LineAddress(env, path, e.Line); to != "" {
		return "[" + text + "](" + to + ")"
	}
	return text
}

// LineAddress returns the address of a line of a file at the commit of the workflow; 0 is the file as a whole. It is empty if
// GitHub does not have the file. No character of it means anything in Markdown.
func LineAddress(env func(string) string, path string, line int) string {
	c := checkoutOf(env, path)
	if c.path == "" {
		return ""
	}
	base := blobs(env, c.dir)
	if base == "" {
		return ""
	}
	var segments []string
	for segment := range strings.SplitSeq(c.path, "/") {
		segments = append(segments, strings.NewReplacer("&", "%26", "@", "%40", "_", "%5F").Replace(url.PathEscape(segment)))
	}
	at := ""
	if line > 0 {
		at = fmt.Sprintf("#L%d", line)
	}
	return base + strings.Join(segments, "/") + at
}

var (
	commitForm     = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
	serverForm     = regexp.MustCompile(`^https?://[A-Za-z0-9.:-]+$`)
	numberForm     = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// repositoryOf returns the address of the workflow's repository; empty if there is none.
func repositoryOf(env func(string) string) string {
	server, repository := env("GITHUB_SERVER_URL"), env("GITHUB_REPOSITORY")
	if !serverForm.MatchString(server) || !repositoryForm.MatchString(repository) {
		return ""
	}
	return server + "/" + repository
}

// blobs returns the address of the files of a commit, with a slash at its end. It is empty if the checkout is not of the
// workflow's repository, or if its commit is unknown.
func blobs(env func(string) string, dir string) string {
	repository := repositoryOf(env)
	if repository == "" {
		return ""
	}
	config, err := disk.ReadFile(filepath.Join(dir, ".git", "config"), disk.MaxText)
	if err != nil || !strings.Contains(strings.ReplaceAll(string(config), ".git\n", "\n")+"\n", "url = "+repository+"\n") {
		return ""
	}
	head, err := disk.ReadFile(filepath.Join(dir, ".git", "HEAD"), disk.MaxText)
	commit := strings.TrimSpace(string(head))
	if ref, ok := strings.CutPrefix(commit, "ref: "); ok && filepath.IsLocal(ref) {
		head, err = disk.ReadFile(filepath.Join(dir, ".git", filepath.FromSlash(ref)), disk.MaxText)
		commit = strings.TrimSpace(string(head))
	}
	if err != nil || !commitForm.MatchString(commit) {
		return ""
	}
	return repository + "/blob/" + commit + "/"
}

// checkRun is the input with the number of the workflow's job. Runners do not give it to steps in another way.
const checkRun = "check-run-id"

// Addresses returns the addresses of the workflow's repository and of the log of its job. They are empty if they are not known.
func Addresses(env func(string) string) (repository, log string) {
	repository = repositoryOf(env)
	run, check, commit := env("GITHUB_RUN_ID"), strings.TrimSpace(env("INPUT_"+strings.ToUpper(checkRun))), headOf(env)
	switch {
	case repository == "" || !numberForm.MatchString(run):
		return repository, ""
	case numberForm.MatchString(check) && commitForm.MatchString(commit):
		return repository, repository + "/commit/" + commit + "/checks/" + check + "/logs"
	case numberForm.MatchString(check):
		return repository, repository + "/actions/runs/" + run + "/job/" + check
	case numberForm.MatchString(env("GITHUB_RUN_ATTEMPT")):
		return repository, repository + "/actions/runs/" + run + "/attempts/" + env("GITHUB_RUN_ATTEMPT")
	}
	return repository, repository + "/actions/runs/" + run
}

// headOf returns the commit that the checks of a run are shown at. Those of a pull request are at its head, not at the commit
// that merges it.
func headOf(env func(string) string) string {
	if !strings.HasPrefix(env("GITHUB_EVENT_NAME"), "pull_request") {
		return env("GITHUB_SHA")
	}
	event, err := readEvent(env)
	if err != nil || event.PullRequest == nil {
		return ""
	}
	return event.PullRequest.Head.SHA
}
