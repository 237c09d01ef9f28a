package main

import (
	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
)

// A networkFlags is the part of the command line that is about how other machines are reached.
type networkFlags struct {
	caFile string

	// read from them
	trust registry.Trust
}

func (f *networkFlags) registerNetwork(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.caFile, "ca-file", "", "certificates (PEM) to trust in registries, besides those of the system")
}

func (f *networkFlags) readNetwork() (err error) {
	if f.caFile == "" {
		return nil
	}
	if f.trust, err = registry.ReadTrust(f.caFile); err != nil {
		return exit.Usagef("--ca-file: %w", err)
	}
	return nil
}

// addProxyArgs adds the build arguments that a Dockerfile need not declare and that leave no trace in an image. Those on
// the command line win.
func (f *packFlags) addProxyArgs(getenv func(string) string) {
	for name, value := range pack.ProxyArgs(getenv) {
		if _, given := f.buildArgs[name]; !given {
			f.buildArgs[name] = value
		}
	}
}
