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

// A daemonRecord is a file in the root directory that says which daemon uses it. It is removed when the daemon has
// stopped.
type daemonRecord struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket"` // directory that holds the socket
}

const (
	recordFile = "seedpack.json"
	lockName   = "seedpack.lock"
	tempDir    = "tmp" // of the daemon; below its root, so that its mounts are found there
)

// socketPrefix begins the names of the directories that hold sockets.
const socketPrefix = "seedpack-"

// newDaemonRecord makes a directory for the socket. The path of a socket has at most 107 bytes, so it cannot lie below
// the cache directory. The record is written first, so that the directory is found even if we are killed.
func newDaemonRecord(root string) (daemonRecord, error) {
	r := daemonRecord{Socket: filepath.Join(socketParent(os.TempDir(), os.Getenv("XDG_RUNTIME_DIR")), socketPrefix+rand.Text()[:10])}
	if err := r.write(root); err != nil {
		return r, err
	}
	return r, os.Mkdir(r.Socket, 0o700)
}

// socketParent returns the directory for directories of sockets: the one for temporary files if the paths fit into a socket
// address, or else the user's runtime directory or /tmp.
func socketParent(temp, runtime string) string {
	const longest = "/" + socketPrefix + "0123456789" + agentSocket
	for _, dir := range []string{temp, runtime} {
		if filepath.IsAbs(dir) && len(dir)+len(longest) <= maxSocket {
			return dir
		}
	}
	return "/tmp"
}

// write writes the whole record or nothing. If the run is killed, the record tells the next run what to clean up.
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

// cleanRoot removes what the last daemon left in a root directory: the process if it outlived its run, and containers,
// mounts and the socket if it was killed. The caller holds the lock on the root, so no other process uses them.
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
	if err := json.Unmarshal(text, &r); err == nil { // else the machine stopped before the record was on the disk, and the daemon stopped with it
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

// removeExecutors removes the bundles of containers. Unmount first: otherwise it would remove the content of the
// mounts, too.
func removeExecutors(root string) error {
	all, err := filepath.Glob(filepath.Join(root, "runc-*", "executor"))
	for _, dir := range all {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// cleanOtherRoots cleans the other roots that no process uses. Fewer runs at a time would never reach them. If it
// fails, runs can still work.
func cleanOtherRoots(ctx context.Context, opt Options, own, runtime string) {
	records, _ := filepath.Glob(filepath.Join(filepath.Dir(own), "*", recordFile)) // no match if the path has a bracket
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

// endOrphan ends a daemon that outlived its run. It does so for a moment at most.
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
