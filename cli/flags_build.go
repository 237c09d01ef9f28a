package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
)

// A buildFlags has the flags that docker build has, too.
type buildFlags struct {
	file, context, target string
	platforms             []string
	args, contexts        []string
	secrets, labels       []string
	annotations           []string
	attest                attestFlags
	build                 pack.BuildOptions // what flags hold as it is
	set                   *pflag.FlagSet    // knows which flags are given
}

// buildOnly marks flags that say how to build. They make no sense for an image that is built already.
const buildOnly = "seedpack-build-only"

func (f *buildFlags) add(s *pflag.FlagSet) {
	f.set = s
	defer under(s, subjectBuild)()
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	pathVar(own, &f.file, "file", "f", wholePath, "the Dockerfile, when it is not DIR/Dockerfile")
	pathVar(own, &f.context, "context", "", sourcePath, "the build context, when it is not DIR")
	own.StringVar(&f.target, "target", "", "the stage of the Dockerfile to build")
	own.StringArrayVar(&f.args, "build-arg", nil, "NAME=VALUE: a build argument; NAME alone takes the value from the environment")
	pathsVar(own, &f.contexts, "build-context", "", namedBuild, "NAME=SOURCE: a directory, oci-layout://DIR, docker-image://REF or a git address")
	pathsVar(own, &f.secrets, "secret", "", srcPath, "id=NAME[,src=FILE|,env=VARIABLE]: a secret for RUN --mount=type=secret")
	own.StringArrayVar(&f.labels, "label", nil, "NAME=VALUE: a further label of the image")
	own.StringArrayVar(&f.annotations, "annotation", nil, "[LEVEL:]NAME=VALUE: an annotation of the image manifest, or of LEVEL: index, manifest[os/arch], …")
	f.attest.add(own)
	own.BoolVar(&f.build.Pull, "pull", false, "ask the registry for base images that are here already")
	own.BoolVar(&f.build.NoCache, "no-cache", false, "build without cache")
	own.StringSliceVar(&f.build.NoCacheFilter, "no-cache-filter", nil, "stages to build without cache")
	pathsVar(own, &f.build.CacheFrom, "cache-from", "", srcOnlyPath, "type=TYPE,…: a cache to read, as docker buildx has it")
	pathsVar(own, &f.build.CacheTo, "cache-to", "", destPath, "type=TYPE,…: a cache to write, as docker buildx has it")
	own.StringArrayVar(&f.build.AddHosts, "add-host", nil, "NAME:ADDRESS: a host that RUN can reach by name")
	pathsVar(own, &f.build.SSH, "ssh", "", sshPath, "default|ID=SOCKET|KEY[,KEY…]: an agent or keys for RUN --mount=type=ssh")
	own.StringSliceVar(&f.build.Allow, "allow", nil, "what steps may ask for: network.host, security.insecure, device")
	own.StringVar(&f.build.ShmSize, "shm-size", "", "size of /dev/shm of RUN, as in 64m")
	own.StringArrayVar(&f.build.Ulimits, "ulimit", nil, "TYPE=SOFT[:HARD]: a limit of the processes of RUN")
	own.StringVar(&f.build.CgroupParent, "cgroup-parent", "", "the control group of the processes of RUN")
	own.StringVar(&f.build.Network, "network", "default", "network of RUN: default, none or host")
	oneOf(own, "network", "default", "none", "host")
	knownWords(own, "allow", "network.host", "security.insecure", "device")
	own.VisitAll(func(flag *pflag.Flag) { annotate(flag, buildOnly) })
	s.AddFlagSet(own)
	s.StringSliceVar(&f.platforms, "platform", nil, "OS/ARCH[/VARIANT]: a platform to build for; several are separated by commas")
}

// options reads files and variables that the flags name.
func (f *buildFlags) options(getenv func(string) string) (pipeline.Build, error) {
	b := pipeline.Build{File: f.file, Context: f.context, Target: f.target, Platforms: f.platforms, Options: f.build,
		Args: map[string]string{}, Contexts: map[string]string{}}
	o := &b.Options
	o.Labels, o.Secrets = map[string]string{}, map[string]string{}
	for _, spec := range f.labels {
		name, value, _ := strings.Cut(spec, "=")
		o.Labels[name] = value
	}
	var err error
	if o.Attest, err = f.attest.options(); err != nil {
		return b, err
	}
	if b.Annotations, err = readAnnotations(f.annotations); err != nil {
		return b, err
	}
	for _, name := range f.platforms {
		if err := pack.CheckShortPlatform(name); err != nil {
			return b, exit.Usagef("--%w", err)
		}
	}
	if err := o.Check(); err != nil {
		return b, exit.Usage(err)
	}
	var fromErr, toErr error
	o.CacheFrom, fromErr = github.ActionsCaches(o.CacheFrom, getenv)
	o.CacheTo, toErr = github.ActionsCaches(o.CacheTo, getenv)
	if err := errors.Join(fromErr, toErr); err != nil {
		return b, err
	}
	for _, spec := range f.secrets {
		id, value, err := readSecret(spec, getenv)
		if err != nil {
			return b, err
		}
		o.Secrets[id] = value
	}
	f.readArgs(b.Args, getenv)
	return b, f.readContexts(b.Contexts)
}

// given returns the flags that are given, and that a policy file could give too, by the names of pipeline.Build.From.
func (f *buildFlags) given() map[string]string {
	all := map[string]string{}
	for _, name := range []string{"file", "context", "target", "platform"} {
		if f.set.Changed(name) {
			all[name] = "--" + name
		}
	}
	for name, specs := range map[string][]string{"build-arg": f.args, "build-context": f.contexts} {
		for _, spec := range specs {
			of, _, _ := strings.Cut(spec, "=")
			all[name+" "+of] = "--" + name
		}
	}
	return all
}

// readArgs reads build arguments, and adds those for proxies. A Dockerfile need not declare the latter, and they leave no
// trace in an image. Those on the command line win.
func (f *buildFlags) readArgs(to map[string]string, getenv func(string) string) {
	for name, value := range pack.ProxyArgs(getenv) {
		to[name] = value
	}
	for _, spec := range f.args {
		name, value, ok := strings.Cut(spec, "=")
		if !ok {
			value = getenv(name)
		}
		to[name] = value
	}
}

func (f *buildFlags) readContexts(to map[string]string) error {
	for _, spec := range f.contexts {
		name, source, ok := strings.Cut(spec, "=")
		if !ok || name == "" || source == "" {
			return exit.Usagef("--build-context %q must be NAME=SOURCE", spec)
		}
		to[name] = source
	}
	return nil
}

// readSecret takes a secret from a file, or from a variable, which is by default the one named as the secret.
func readSecret(spec string, getenv func(string) string) (id, value string, err error) {
	fields, err := pack.Fields(spec)
	if err != nil {
		return "", "", exit.Usagef("--secret %q: %w", spec, err)
	}
	given := map[string]string{}
	for _, field := range fields {
		switch field.Key {
		case "source":
			field.Key = "src"
		case "id", "src", "env", "type":
		default:
			return "", "", exit.Usagef("--secret %q: %q is unknown, write id=NAME with src=FILE or env=VARIABLE", spec, field.Key)
		}
		given[field.Key] = field.Value
	}
	id, src, env := given["id"], given["src"], given["env"]
	switch {
	case id == "" || src != "" && env != "":
		return "", "", exit.Usagef("--secret %q must be id=NAME with src=FILE or env=VARIABLE", spec)
	case src != "":
		text, err := disk.ReadFile(src, disk.MaxText)
		if err != nil {
			return "", "", fmt.Errorf("secret %s: %w", id, err)
		}
		return id, string(text), nil
	case env == "":
		env = id
	}
	return id, getenv(env), nil
}

func readAnnotations(specs []string) (all []pack.Annotation, err error) {
	for _, spec := range specs {
		parsed, err := pack.ParseAnnotation(spec)
		if err != nil {
			return nil, exit.Usage(err)
		}
		all = append(all, parsed...)
	}
	return all, nil
}

// checkLevels refuses before the build what the image could not have after it.
func checkLevels(b *pipeline.Build) error {
	for _, a := range b.Annotations {
		if strings.HasPrefix(a.Level, "index") && len(b.Platforms) < 2 && len(b.Options.Attest) == 0 {
			return exit.Usagef("--annotation %s:%s: an image for one platform has no index: leave out the level, or give several platforms", a.Level, a.Key)
		}
	}
	return nil
}

// refuseBuildFlags refuses flags for a build if the image exists already.
func refuseBuildFlags(s *pflag.FlagSet) error {
	var err error
	s.Visit(func(f *pflag.Flag) {
		if _, ok := f.Annotations[buildOnly]; ok && err == nil {
			err = exit.Usagef("--%s is for building, the image of --image is built already: leave it out", f.Name)
		}
	})
	return err
}

// annotate marks a flag.
func annotate(f *pflag.Flag, key string, values ...string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[key] = values
}

// hide leaves flags out of a command's help. A script may give them all the same.
func hide(s *pflag.FlagSet, names ...string) {
	for _, name := range names {
		s.Lookup(name).Hidden = true
	}
}

// exportFlags are for what only an image shows that goes somewhere.
var exportFlags = []string{"provenance", "sbom", "attest", "annotation"}

func manifestVar(s *pflag.FlagSet, to *string) {
	pathVar(s, to, "manifest", "", wholePath, "the manifest, when it is not DIR/"+seed.ManifestFile)
}
