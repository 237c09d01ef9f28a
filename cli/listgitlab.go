package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/seedpack/seedpack/diag/report"
)

// seedJob is the job of the user's own pipeline that each job of a child pipeline extends.
const seedJob = ".seed-job"

// A gitlabJob is a job of a GitLab pipeline.
type gitlabJob struct {
	Extends   string         `yaml:"extends,omitempty"`
	Variables map[string]any `yaml:"variables"`
	Script    []string       `yaml:"script,omitempty"`
}

// A gitlabValue is the value of a variable in which a dollar sign is a character.
type gitlabValue struct {
	Value  string `yaml:"value"`
	Expand bool   `yaml:"expand"`
}

// listGitLab prints a child pipeline of GitLab: a job for each listed one, which extends seedJob and gets its path, name, versions
// and reference as variables. A pipeline needs at least one job, so that of no jobs has one that does nothing.
func listGitLab(w io.Writer, all []listed) error {
	jobs := &yaml.Node{Kind: yaml.MappingNode}
	add := func(name string, job gitlabJob) error {
		var key, value yaml.Node
		key.SetString(name)
		if err := value.Encode(job); err != nil {
			return err
		}
		jobs.Content = append(jobs.Content, &key, &value)
		return nil
	}
	for i, l := range all {
		if !utf8.ValidString(l.Path) {
			return fmt.Errorf("%q is not UTF-8: a variable of GitLab cannot hold it", l.Path)
		}
		job := gitlabJob{Extends: seedJob, Variables: map[string]any{"SEED_JOB_PATH": gitlabText(l.Path), "SEED_JOB_MANIFEST": gitlabText(l.Manifest),
			"SEED_JOB_NAME": gitlabText(l.Name), "SEED_JOB_VERSION": gitlabText(l.JobVersion), "SEED_PACKAGE_VERSION": gitlabText(l.PackageVersion),
			"SEED_JOB_REFERENCE": gitlabText(l.Reference)}}
		if err := add(gitlabName(l.Path, i), job); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		if err := add("no jobs", gitlabJob{Variables: map[string]any{"GIT_STRATEGY": "none"}, Script: []string{"echo no job changed"}}); err != nil {
			return err
		}
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(jobs); err != nil {
		return err
	}
	return encoder.Close()
}

// gitlabText returns the value of a variable. GitLab expands variables in values, unless they say otherwise.
func gitlabText(text string) any {
	if strings.Contains(text, "$") {
		return gitlabValue{Value: text}
	}
	return text
}

// gitlabName returns the name of the pipeline's job for a path. GitLab's limit is 255 characters.
func gitlabName(path string, i int) string {
	const most = 240
	name := []rune("pack " + report.Escape(path))
	if len(name) <= most {
		return string(name)
	}
	return fmt.Sprintf("%s… %d", string(name[:most]), i+1)
}
