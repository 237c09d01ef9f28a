package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/engine"
)

// An engineFlags is the part of the command line that says what to build with.
type engineFlags struct {
	builder       string
	builderConfig string
	builderTLS    engine.TLSFiles
}

func (f *engineFlags) registerEngine(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.builder, "builder", "", "address of a BuildKit, name of a buildx builder, docker[:CONTEXT] or private; default: the first that \"seedpack doctor\" finds")
	s.StringVar(&f.builderConfig, "buildkitd-config", "", "buildkitd.toml for the private builder")
	s.StringVar(&f.builderTLS.CA, "builder-tls-ca", "", "certificates to trust in a builder at tcp://")
	s.StringVar(&f.builderTLS.Cert, "builder-tls-cert", "", "certificate to show a builder at tcp://")
	s.StringVar(&f.builderTLS.Key, "builder-tls-key", "", "key of that certificate")
	s.StringVar(&f.builderTLS.ServerName, "builder-tls-server-name", "", "name in the certificate of a builder at tcp://, when it is not the address's")
}

func (f *engineFlags) checkEngine() error {
	if err := f.builderTLS.Check(); err != nil {
		return exit.Usagef("--builder-tls-cert, --builder-tls-key: %w", err)
	}
	return checkBuildkitdConfig(f.builderConfig)
}

// checkBuildkitdConfig reads the file as buildkitd will, which takes one that is not there for an empty one, and names no
// place in one that it cannot read.
func checkBuildkitdConfig(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return exit.Usagef("--buildkitd-config %s: there is no such file", path)
	case err == nil && !info.Mode().IsRegular() && path != os.DevNull:
		return exit.Usagef("--buildkitd-config %s is no regular file", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return exit.Usagef("--buildkitd-config: %w", err)
	}
	var config map[string]any
	err = toml.Unmarshal(text, &config)
	if at := new(toml.DecodeError); errors.As(err, &at) {
		row, column := at.Position()
		return exit.Usagef("--buildkitd-config %s:%d:%d: %w\nwrite it as https://docs.docker.com/build/buildkit/toml-configuration/ says", path, row, column, err)
	}
	if err != nil {
		return exit.Usagef("--buildkitd-config %s: %w", path, err)
	}
	return nil
}

func (f *engineFlags) engineOptions(p *program) engine.Options {
	return engine.Options{Builder: f.builder, TLS: f.builderTLS, Config: f.builderConfig,
		CacheDir: cacheDir(p.getenv), Getenv: p.getenv, Log: p.stderr}
}
