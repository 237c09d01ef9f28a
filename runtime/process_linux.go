//go:build linux

package runtime

import (
	"io/fs"
	"os/exec"
	"syscall"
)

// supported reports whether containers share the file system of this machine.
const supported = true

// ownGroup puts a program in a process group of its own. An interrupt of the terminal then does not reach it before this process
// has ended its container.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills a program with all that it has started in its group.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// ownerOf returns the user that a file belongs to, or -1.
func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}
