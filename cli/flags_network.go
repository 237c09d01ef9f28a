package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
)

// A networkFlags says how registries are reached.
type networkFlags struct {
	caFile   string
	insecure bool
}

func (f *networkFlags) add(s *pflag.FlagSet) {
	defer under(s, subjectRegistry)()
	pathVar(s, &f.caFile, "ca-file", "", wholePath, "certificates (PEM) to trust in registries, besides those of the system")
	s.BoolVar(&f.insecure, "insecure-registry", false, "plain http also to a registry that is not on this machine")
}

func (f *networkFlags) options(p *Process) (registry.Registry, registry.Trust, error) {
	if err := (engine.DockerHost{Getenv: p.Getenv}).CheckFiles(); err != nil {
		return registry.Registry{}, registry.Trust{}, err
	}
	keychain := &registry.Keychain{Secrets: p.secrets, Warn: func(text string) {
		fmt.Fprintln(p.Stderr, "seedpack: "+report.EscapeLines(p.secrets.Hide(text)))
	}}
	remote := registry.Registry{UserAgent: "seedpack/" + p.version(), Insecure: f.insecure, Keychain: keychain,
		Save: engine.DockerHost{Getenv: p.Getenv}.Save}
	if f.caFile == "" {
		return remote, registry.Trust{}, nil
	}
	trust, err := registry.ReadTrust(f.caFile)
	if err != nil {
		return remote, trust, exit.Usagef("--ca-file: %w", err)
	}
	remote.Transport = trust.Transport
	return remote, trust, nil
}
