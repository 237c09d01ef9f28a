//go:build unix

package registry

import (
	"os"
	"os/exec"
	"syscall"
)

// apart gives a program a process group, so that what it has started ends with it. A program that may ask a person at the
// terminal stays in the group that may read there.
func apart(cmd *exec.Cmd) {
	if terminal, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		_ = terminal.Close()
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
