//go:build unix

package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Each flag with a text says which paths are in it, and each command what its arguments are, so that --root forgets none.
func TestActionInspectsPathFlags(t *testing.T) {
	for _, cmd := range newRootCommand(&program{getenv: os.Getenv}).Commands() {
		if _, ok := argPaths[cmd.Name()]; !ok && cmd.Name() != "help" && cmd.Name() != "completion" {
			t.Errorf("%s: argPaths in roots.go has no row: are its arguments paths? Else write nil", cmd.Name())
		}
		visitFlags(cmd, func(f *pflag.Flag) {
			if _, ok := flagPaths[f.Name]; !ok && f.Value.Type() != "bool" && f.Value.Type() != "int" && f.Value.Type() != "duration" {
				t.Errorf("%s --%s: flagPaths in roots.go has no row: is there a path in it? Else write nil", cmd.Name(), f.Name)
			}
		})
	}
}

// Each input of the action that stands for a flag stands for one that a command of the action has.
func TestActionInputsAreFlags(t *testing.T) {
	flags := map[string]bool{}
	for _, cmd := range newRootCommand(&program{getenv: os.Getenv}).Commands() {
		if slices.Contains(actionCommands, cmd.Name()) {
			visitFlags(cmd, func(f *pflag.Flag) { flags[f.Name] = true })
		}
	}
	for _, f := range inputFlags {
		if !flags[f.flag] {
			t.Errorf("input %s: no command has a flag --%s", f.input, f.flag)
		}
	}
}

func visitFlags(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.Flags().VisitAll(visit)
	cmd.PersistentFlags().VisitAll(visit)
}

func TestPathsInFlags(t *testing.T) {
	for _, tt := range [][3]string{
		{"build-context", "base=oci-layout:///a/b:tag", "/a/b"},
		{"build-context", "base=oci-layout://a@sha256:00", "a"},
		{"build-context", "base=docker-image://busybox", ""},
		{"build-context", "base=../c", "../c"},
		{"context", "https://example.com/x.git", ""},
		{"secret", "id=x,src=../s", "../s"},
		{"secret", `id=x,"source=a,b"`, "a,b"},
		{"secret", "id=x,env=Y", ""},
		{"output", "type=oci,dest=../x.tar", "../x.tar"},
		{"cache-to", "type=local,DEST=../x", "../x"},
		{"cache-from", "example.com/x", ""},
	} {
		if got := strings.Join(flagPaths[tt[0]](tt[1]), " "); got != tt[2] {
			t.Errorf("--%s=%s: %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
