package git

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// nearest are variables by which git tells its hooks which repository they run in. They would hold for the directory of each
// call, whatever work tree that lies in.
var nearest = []string{"GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_IMPLICIT_WORK_TREE", "GIT_COMMON_DIR"}

// environment returns the environment of git, from that of this process. A call in a hook finds the repository of its directory
// like any other. Only a user who names the work tree as well means what the variables say: their paths become absolute, since
// git runs in another directory than this process.
func environment(own []string) []string {
	named := slices.ContainsFunc(own, func(variable string) bool { return strings.HasPrefix(variable, "GIT_WORK_TREE=") })
	var all []string
	for _, variable := range own {
		name, value, _ := strings.Cut(variable, "=")
		isPlace := name == "GIT_WORK_TREE" || slices.Contains(nearest, name)
		switch {
		case !isPlace || name == "GIT_PREFIX" && named:
			all = append(all, variable)
		case named:
			if absolute, err := filepath.Abs(value); err == nil && value != "" {
				variable = name + "=" + absolute
			}
			all = append(all, variable)
		}
	}
	return append(all, "GIT_NO_LAZY_FETCH=1", "GIT_LITERAL_PATHSPECS=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
}

// lfs are the programs of Git LFS, as its own command writes them into the configuration of a clone. They are programs of this
// machine, and without them each of their files would seem to differ.
var lfs = []string{"git-lfs clean -- %f", "git-lfs filter-process", "git-lfs filter-process --skip"}

// runOnFiles is run for a question about files of the work tree. Git passes such files through the filters that .gitattributes
// names, and runs none here that the repository's own configuration defines: what is in a file is then compared as it is.
func (g program) runOnFiles(args ...string) (string, error) {
	options, err := g.withoutFilters()
	if err != nil {
		return "", err
	}
	return g.run(append(options, args...)...)
}

// withoutFilters returns options that turn off the filters of the repository's own configuration. Those of the user and of the
// machine stay.
func (g program) withoutFilters() (options []string, err error) {
	names, err := g.ownFilters()
	for _, name := range names {
		if strings.Contains(name, "=") { // git would take a part of it for the value
			return nil, fmt.Errorf("the configuration of the repository defines a filter %q, which cannot be turned off", name)
		}
		for _, setting := range []string{"clean=", "process=", "required=false"} {
			options = append(options, "-c", "filter."+name+"."+setting)
		}
	}
	return options, err
}

// ownFilters returns the names of the filters that the repository's own configuration defines.
func (g program) ownFilters() (names []string, err error) {
	out, err := g.run("config", "--null", "--show-scope", "--get-regexp", `^filter\.`)
	if err != nil {
		if status, ended := exitStatus(err); ended && status == 1 {
			return nil, nil // there is none
		}
		return nil, fmt.Errorf("read the filters that the repository defines: %w", err)
	}
	fields := strings.Split(out, "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		scope := fields[i]
		key, value, _ := strings.Cut(fields[i+1], "\n")
		name, setting := key[len("filter."):], ""
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			name, setting = name[:dot], name[dot+1:]
		}
		if (scope == "local" || scope == "worktree") && (setting == "clean" || setting == "process") && !slices.Contains(lfs, value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// exitStatus returns the exit status of git, if it ended by itself.
func exitStatus(err error) (status int, ok bool) {
	var failed failure
	var ended *exec.ExitError
	if !errors.As(err, &failed) || !errors.As(failed.error, &ended) {
		return 0, false
	}
	return ended.ExitCode(), ended.Exited()
}
