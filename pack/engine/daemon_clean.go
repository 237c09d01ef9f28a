package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A daemonRecord is what a daemon is remembered by in its root directory, until it is stopped.
type daemonRecord struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket"` // directory of the socket
}

const (
	recordFile = "seedpack.json"
	lockName   = "seedpack.lock"
	tempDir    = "tmp" // of the daemon, so that what it mounts is found below its root
)

// socketPrefix begins the names of directories of sockets.
const socketPrefix = "seedpack-"

// newDaemonRecord makes a directory for the socket: the path of one holds at most 107 bytes, so it cannot lie below the
// cache directory. It is remembered before it is made, so that it is found whenever we are killed.
func newDaemonRecord(root string) (daemonRecord, error) {
	r := daemonRecord{Socket: filepath.Join(os.TempDir(), socketPrefix+rand.Text()[:10])}
	if err := r.write(root); err != nil {
		return r, err
	}
	return r, os.Mkdir(r.Socket, 0o700)
}

// write writes the record, all of it or nothing. It stays when the run is killed and tells the next one what to clean up.
func (r daemonRecord) write(root string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	whole := filepath.Join(root, recordFile)
	if err := os.WriteFile(whole+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(whole+".new", whole)
}

// cleanRoot removes what is left of the last daemon of a root directory: the daemon itself where it outlived its run, and
// containers, mounts and the socket where it was killed. The caller holds the root's lock, so that nobody else has them.
func cleanRoot(ctx context.Context, root, runtime string) error {
	path := filepath.Join(root, recordFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(filepath.Join(root, tempDir), 0o700)
	}
	if err != nil {
		return err
	}
	var r daemonRecord
	if err := json.Unmarshal(text, &r); err == nil { // else the machine went down before it was on the disk, and the daemon with it
		if err := endOrphan(ctx, r.PID, root); err != nil {
			return err
		}
	}
	if err := endContainers(ctx, root, runtime, r.Socket); err != nil {
		return err
	}
	if err := unmountBelow(root); err != nil {
		return err
	}
	if err := removeExecutors(root); err != nil {
		return err
	}
	errs := []error{os.RemoveAll(filepath.Join(root, tempDir)), os.MkdirAll(filepath.Join(root, tempDir), 0o700), os.Remove(path)}
	if strings.HasPrefix(filepath.Base(r.Socket), socketPrefix) {
		if err := unmountBelow(r.Socket); err != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, os.RemoveAll(r.Socket))
	}
	return errors.Join(errs...)
}

// removeExecutors removes what containers were started from. Their mounts are gone before, whose content it would take, too.
func removeExecutors(root string) error {
	all, err := filepath.Glob(filepath.Join(root, "runc-*", "executor"))
	for _, dir := range all {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// cleanOtherRoots does the same in the other roots that nobody has: fewer runs at a time than before would never come to
// them. What stays there keeps no run from its work.
func cleanOtherRoots(ctx context.Context, opt Options, own, runtime string) {
	records, _ := filepath.Glob(filepath.Join(filepath.Dir(own), "*", recordFile)) // none where the path has a bracket
	for _, path := range records {
		root := filepath.Dir(path)
		if root == own {
			continue
		}
		unlock, err := lockFile(filepath.Join(root, lockName))
		if errors.Is(err, errLocked) {
			continue
		}
		if err == nil {
			err = errors.Join(cleanRoot(ctx, root, runtime), unlock())
		}
		if err != nil {
			fmt.Fprintf(opt.Log, "clean up after an earlier run in %s: %v\n", root, err)
		}
	}
}

// endOrphan ends a daemon that outlived the run that started it, which it does for a moment at most.
func endOrphan(ctx context.Context, pid int, root string) error {
	for waited := time.Duration(0); isDaemonOf(pid, root); waited += 20 * time.Millisecond {
		p, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		switch waited {
		case 0:
			err = p.Signal(os.Interrupt)
		case daemonStop:
			err = p.Kill()
		case 2 * daemonStop:
			return fmt.Errorf("a buildkitd of an earlier run, process %d, does not end", pid)
		}
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
