//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// serveEngine does what is no run of a job, for an engine that binds directories of the host. It returns an exit status.
func serveEngine(what, owner string) int {
	serve := func() error { return probe(wire.ProbeDir, owner) }
	if what == wire.CleanArgument {
		serve = func() error { return clean(wire.ProbeDir) }
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		return 1
	}
	return 0
}

// probe shows that a file of the host is seen here, and to whom files belong there that are made here.
func probe(dir, owner string) error {
	uid, gid, err := parseOwner(owner)
	if err != nil {
		return err
	}
	seen, err := os.ReadFile(filepath.Join(dir, wire.ProbeSeen))
	if err != nil {
		return err
	}
	own, given := filepath.Join(dir, wire.ProbeOwn), filepath.Join(dir, wire.ProbeGiven)
	if err := errors.Join(os.WriteFile(own, nil, 0o600), os.WriteFile(given, nil, 0o600)); err != nil {
		return err
	}
	// If the user has no number here, it may be that of the container's root.
	_ = os.Chown(given, uid, gid)
	fmt.Println(string(seen))
	return nil
}

// clean removes what a run has left that the user cannot remove.
func clean(dir string) error {
	names, err := readNames(dir)
	for _, name := range names {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
	}
	return err
}
