package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// A buildFlags is the part of the command line that docker build has, too.
type buildFlags struct {
	options                 pack.BuildOptions
	secretSpecs, labelSpecs []string
	annotationSpecs         []string
	attestSpecs             attestSpecs

	annotations []pack.Annotation
}

func (f *buildFlags) registerOptions(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringArrayVar(&f.secretSpecs, "secret", nil, "id=NAME[,src=FILE|,env=VARIABLE]: a secret for RUN --mount=type=secret")
	s.StringArrayVar(&f.labelSpecs, "label", nil, "NAME=VALUE: a further label of the image")
	s.StringArrayVar(&f.annotationSpecs, "annotation", nil, "[LEVEL:]NAME=VALUE: an annotation of the image manifest, or of LEVEL: index, manifest[os/arch], …")
	f.attestSpecs.register(cmd)
	s.BoolVar(&f.options.Pull, "pull", false, "ask the registry for base images that are here already")
	s.BoolVar(&f.options.NoCache, "no-cache", false, "build without cache")
	s.StringSliceVar(&f.options.NoCacheFilter, "no-cache-filter", nil, "stages to build without cache")
	s.StringArrayVar(&f.options.CacheFrom, "cache-from", nil, "type=TYPE,…: a cache to read, as docker buildx has it")
	s.StringArrayVar(&f.options.CacheTo, "cache-to", nil, "type=TYPE,…: a cache to write, as docker buildx has it")
	s.StringArrayVar(&f.options.AddHosts, "add-host", nil, "NAME:ADDRESS: a host that RUN can reach by name")
	s.StringArrayVar(&f.options.SSH, "ssh", nil, "default, or ID=SOCKET|KEY[,KEY…]: an agent or keys for RUN --mount=type=ssh")
	s.StringSliceVar(&f.options.Allow, "allow", nil, "what steps may ask for: network.host, security.insecure, device")
	s.StringVar(&f.options.ShmSize, "shm-size", "", "size of /dev/shm of RUN, as in 64m")
	s.StringArrayVar(&f.options.Ulimits, "ulimit", nil, "TYPE=SOFT[:HARD]: a limit of the processes of RUN")
	s.StringVar(&f.options.Network, "network", "default", "network of RUN: default, none or host")
}

func (f *buildFlags) readOptions(getenv func(string) string) error {
	f.options.Labels, f.options.Secrets = map[string]string{}, map[string]string{}
	for _, s := range f.labelSpecs {
		name, value, _ := strings.Cut(s, "=")
		f.options.Labels[name] = value
	}
	if err := f.readAnnotations(); err != nil {
		return err
	}
	if err := f.options.Check(); err != nil {
		return exit.Usage(err)
	}
	var fromErr, toErr error
	f.options.CacheFrom, fromErr = actionsCaches(f.options.CacheFrom, getenv)
	f.options.CacheTo, toErr = actionsCaches(f.options.CacheTo, getenv)
	if err := errors.Join(fromErr, toErr); err != nil {
		return err
	}
	for _, s := range f.secretSpecs {
		if err := f.readSecret(s, getenv); err != nil {
			return err
		}
	}
	return nil
}

// readSecret takes a secret from a file, or from a variable, which is by default the one named as the secret.
func (f *buildFlags) readSecret(spec string, getenv func(string) string) error {
	fields, err := csv.NewReader(strings.NewReader(spec)).Read()
	if err != nil {
		return exit.Usagef("--secret %q: %w", spec, err)
	}
	given := map[string]string{}
	for _, field := range fields {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "source":
			key = "src"
		case "id", "src", "env", "type":
		default:
			return exit.Usagef("--secret %q: %q is unknown, write id=NAME with src=FILE or env=VARIABLE", spec, key)
		}
		given[key] = value
	}
	id, src, env := given["id"], given["src"], given["env"]
	switch {
	case id == "" || src != "" && env != "":
		return exit.Usagef("--secret %q must be id=NAME with src=FILE or env=VARIABLE", spec)
	case src != "":
		text, err := os.ReadFile(src)
		if err != nil {
			return fmt.Errorf("secret %s: %w", id, err)
		}
		f.options.Secrets[id] = string(text)
		return nil
	case env == "":
		env = id
	}
	f.options.Secrets[id] = getenv(env)
	return nil
}
