package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/moby/sys/mountinfo"
)

// isDaemonOf reports whether a process is a daemon over the root directory. Another process may have got its number.
func isDaemonOf(pid int, root string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	args := bytes.Split(line, []byte{0})
	n := slices.IndexFunc(args, func(a []byte) bool { return string(a) == "--root" })
	return n > 0 && n+1 < len(args) && string(args[n+1]) == root
}

// endContainers ends the containers of a killed daemon. The runtime knows them by the names of their bundles. For a
// daemon of a user other than root, the runtime keeps its state in the directory of the socket.
func endContainers(ctx context.Context, root, runtime, socketDir string) error {
	bundles, err := filepath.Glob(filepath.Join(root, "runc-*", "executor", "*", "config.json"))
	if err != nil {
		return err
	}
	for _, bundle := range bundles {
		id := filepath.Base(filepath.Dir(bundle))
		cmd := exec.CommandContext(ctx, runtime, "delete", "--force", id)
		if os.Geteuid() != 0 {
			cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+socketDir)
		}
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(string(out), "does not exist") {
			return fmt.Errorf("end the container %s of an earlier run: %w\n%s", id, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// unmountBelow unmounts everything below a directory, the last mount first. It is an error if a mount remains.
func unmountBelow(dir string) error {
	points, err := mountsBelow(dir)
	if err != nil {
		return err
	}
	for _, point := range slices.Backward(points) {
		if err := syscall.Unmount(point, syscall.MNT_DETACH|umountNoFollow); err != nil && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("unmount %s of an earlier run: %w", point, err)
		}
	}
	if points, err = mountsBelow(dir); err == nil && len(points) > 0 {
		err = fmt.Errorf("%s of an earlier run cannot be unmounted", points[0])
	}
	return err
}

const umountNoFollow = 8 // UMOUNT_NOFOLLOW, which package syscall lacks

// mountsBelow returns the mount points below a directory, in the order in which they were mounted.
func mountsBelow(dir string) (all []string, err error) {
	found, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) { return !strings.HasPrefix(m.Mountpoint, dir+"/"), false })
	for _, m := range found {
		all = append(all, m.Mountpoint)
	}
	return all, err
}
