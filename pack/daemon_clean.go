package pack

import (
	"context"
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
	tempDir    = "tmp" // of the daemon, so that what it mounts is found below its root
)

// remember writes the record, which stays when the run is killed and tells the next one what to clean up.
func (r daemonRecord) remember(root string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, recordFile), text, 0o600)
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
	if err := json.Unmarshal(text, &r); err == nil { // else it was killed while it wrote, before it started anything
		if err := endLost(ctx, r.PID, root); err != nil {
			return err
		}
	}
	if err := endContainers(ctx, root, runtime); err != nil {
		return err
	}
	if err := unmountBelow(root); err != nil {
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

// endLost ends a daemon that outlived the run that started it, which it does for a moment at most.
func endLost(ctx context.Context, pid int, root string) error {
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
