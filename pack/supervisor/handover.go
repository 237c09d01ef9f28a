//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// What follows is for directories of the host that are bound into the container. What a job leaves there belongs to the job's
// user, and perhaps only root could read or remove it.

// takeFor makes the supervisor the owner of a directory that is handed to a user at the end. Without an owner, the directory is
// the supervisor's already.
func takeFor(dir, owner string) error {
	if owner == "" {
		return nil
	}
	return os.Chown(dir, os.Geteuid(), os.Getegid())
}

// handOver gives the user what the job has left, and then the report.
func handOver(spec *wire.Spec, report string) error {
	uid, gid, err := parseOwner(spec.Owner)
	if err != nil {
		return err
	}
	for _, dir := range append(slices.Clone(spec.Give), report) {
		if err := give(dir, uid, gid); err != nil {
			return fmt.Errorf("give %s to its owner: %w", dir, err)
		}
	}
	return nil
}

func parseOwner(owner string) (uid, gid int, err error) {
	user, group, _ := strings.Cut(owner, ":")
	uid, err1 := parseID(user)
	gid, err2 := parseID(group)
	return uid, gid, errors.Join(err1, err2)
}

// give gives a directory and all in it to a user, who may then read and write it. The job has ended, so nothing changes meanwhile.
// It follows no link.
func give(dir string, uid, gid int) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		// A change of the owner clears bits of the mode. A mode that was not readable must be, before the walk goes on.
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && (int(stat.Uid) != uid || int(stat.Gid) != gid) {
			if err := os.Lchown(path, uid, gid); err != nil {
				return err
			}
		}
		need := fs.FileMode(0o600)
		switch {
		case info.IsDir():
			need = 0o700
		case !info.Mode().IsRegular():
			return nil
		}
		if info.Mode().Perm()&need == need {
			return nil
		}
		return os.Chmod(path, info.Mode().Perm()|need)
	})
}
