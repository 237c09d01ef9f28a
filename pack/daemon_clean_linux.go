package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// isDaemonOf tells whether a process is a daemon over the root directory, and not another one that got its number.
func isDaemonOf(pid int, root string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	args := bytes.Split(line, []byte{0})
	n := slices.IndexFunc(args, func(a []byte) bool { return string(a) == "--root" })
	return n > 0 && n+1 < len(args) && string(args[n+1]) == root
}

// endContainers ends the steps and runs that a killed daemon left running. The runtime knows them by the names of their
// bundles; of a daemon that is not root's it keeps its state beside the socket.
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

// unmountBelow takes away what is mounted below a directory, the last first. After it, nothing is.
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

// mountsBelow are in the order in which they were mounted.
func mountsBelow(dir string) ([]string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if point := mountPath(fields[4]); strings.HasPrefix(point, dir+"/") {
			all = append(all, point)
		}
	}
	return all, nil
}

// mountPath undoes how the kernel writes blanks and backslashes in paths, as \ and three octal digits.
func mountPath(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
