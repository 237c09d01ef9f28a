package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

var digits = regexp.MustCompile(`^[0-9]+$`)

// epoch is the time that an image of the job is dated to, in seconds since 1970, so that two builds of one state give the
// same bytes: SOURCE_DATE_EPOCH where it is set; the last commit that touched the job's own files, so that a commit
// elsewhere in the repository changes no digest; or, outside of a repository, when the manifest was last written.
func (p *program) epoch(ctx context.Context, paths ...string) (string, error) {
	if set := p.getenv("SOURCE_DATE_EPOCH"); set != "" {
		if !digits.MatchString(set) {
			return "", usagef("SOURCE_DATE_EPOCH %q must be seconds since 1970", set)
		}
		return set, nil
	}
	if commit := lastCommit(ctx, paths); commit != "" {
		return commit, nil
	}
	info, err := os.Stat(paths[0])
	if err != nil {
		return "", nil // standard input has no time
	}
	return fmt.Sprint(info.ModTime().Unix()), nil
}

// lastCommit is empty where there is no git, no repository, or a change that is not committed.
func lastCommit(ctx context.Context, paths []string) string {
	git := func(args ...string) (string, bool) {
		// Neither of these settings may start a program of the repository's choosing.
		cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false", "-c", "log.showSignature=false"}, args...)...)
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err == nil
	}
	changed, ok := git(append([]string{"status", "--porcelain", "--"}, paths...)...)
	if !ok || changed != "" {
		return ""
	}
	commit, ok := git(append([]string{"log", "-1", "--format=%ct", "--"}, paths...)...)
	if !ok || !digits.MatchString(commit) {
		return ""
	}
	return commit
}
