package cli

import (
	"maps"
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pipeline"
)

// buildOf returns how a job is built: as the flags say, and for the rest as the nearest policy file does.
func (s *session) buildOf(t *pipeline.Task) (*pipeline.Build, error) {
	b := s.options.Build
	b.Args, b.Contexts = maps.Clone(b.Args), maps.Clone(b.Contexts)
	b.From = maps.Clone(s.given)
	if b.From == nil {
		b.From = map[string]string{}
	}
	if t.Image == nil && t.Job != nil {
		found, err := s.policies.Build(t.Path)
		if err == nil && found != nil {
			settings := &buildSettings{Settings: found, roots: s.out.process.roots, given: s.given, onePlatform: s.options.Smoke.OnePlatform}
			err = settings.fill(&b, t.Dir)
		}
		if err != nil {
			return nil, policyError(err)
		}
	}
	return &b, checkLevels(&b)
}

// jobBuild returns what the policy files say of the build of a job, by the path of its manifest and its directory.
func jobBuild(policies *policy.Chooser, roots disk.Roots, manifest, dir string) (b pipeline.Build, err error) {
	settings, err := policies.Build(manifest)
	if settings == nil || err != nil {
		return b, err
	}
	err = (&buildSettings{Settings: settings, roots: roots}).fill(&b, dir)
	return b, err
}

// A buildSettings adds what a policy file says to what flags say.
type buildSettings struct {
	*policy.Settings
	roots disk.Roots
	given map[string]string // what flags say, by the names of pipeline.Build.From
	// onePlatform leaves out a list of platforms, since the job is run on one of them.
	onePlatform bool
}

// fill adds the settings that no flag gives. Dir is the directory of the job.
func (s *buildSettings) fill(b *pipeline.Build, dir string) (err error) {
	if b.From == nil {
		b.From = map[string]string{}
	}
	path := func(to *string, of policy.Setting, name, own string) error {
		if !s.lacks(of, name) {
			return nil
		}
		b.From[name] = of.Source()
		*to, err = s.path(of, name, "--"+name, own)
		return err
	}
	if err := path(&b.Context, s.Context, "context", dir); err != nil {
		return err
	}
	if err := path(&b.File, s.File, "file", filepath.Join(dir, "Dockerfile")); err != nil {
		return err
	}
	if s.lacks(s.Target, "target") {
		b.Target, b.From["target"] = s.Target.Value, s.Target.Source()
	}
	if s.given["platform"] == "" && !(s.onePlatform && len(s.Platforms) > 1) {
		for _, p := range s.Platforms {
			if err := pack.CheckPlatform(p.Value); err != nil {
				return p.Wrong("%v", err)
			}
			b.Platforms = append(b.Platforms, p.Value)
			b.From["platform"] = p.Source()
		}
	}
	return s.fillNamed(b)
}

func (s *buildSettings) lacks(of policy.Setting, name string) bool {
	return of.At != "" && s.given[name] == ""
}

// fillNamed adds arguments and contexts. Those of the command line win one by one.
func (s *buildSettings) fillNamed(b *pipeline.Build) (err error) {
	if b.Args == nil {
		b.Args = map[string]string{}
	}
	if b.Contexts == nil {
		b.Contexts = map[string]string{}
	}
	for name, of := range s.Args {
		if _, given := b.Args[name]; !given {
			b.Args[name], b.From["build-arg "+name] = of.Value, of.Source()
		}
	}
	for name, of := range s.Contexts {
		if _, given := b.Contexts[name]; given {
			continue
		}
		if b.Contexts[name], err = s.path(of, "build context "+name, "--build-context", ""); err != nil {
			return err
		}
		b.From["build-context "+name] = of.Source()
	}
	return nil
}

// path returns a path that is there. If it is the job's own place, it gets the name that the job has for it.
func (s *buildSettings) path(of policy.Setting, what, flag, own string) (string, error) {
	path, err := s.Path(of, what, flag)
	if err != nil {
		return "", err
	}
	if err := s.roots.Check(path); err != nil {
		return "", of.Wrong("%s: %v", what, err)
	}
	switch info, err := os.Stat(path); {
	case err != nil:
		return "", of.Wrong("%s %q: there is no %s", what, of.Value, path)
	case what == "file" && info.IsDir():
		return "", of.Wrong("file %q is a directory, it should be the Dockerfile", of.Value)
	case what != "file" && !info.IsDir():
		return "", of.Wrong("%s %q should be a directory", what, of.Value)
	}
	if own != "" && sameFile(path, own) {
		return own, nil
	}
	return path, nil
}
