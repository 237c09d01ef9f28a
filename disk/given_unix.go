//go:build unix

package disk

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// nonblock opens a named pipe at once, so that it can be refused.
const nonblock = syscall.O_NONBLOCK

// descriptor returns the number of /dev/stdin and /dev/fd/N.
func descriptor(path string) (fd int, ok bool) {
	if path == "/dev/stdin" {
		return 0, true
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if number, found := strings.CutPrefix(path, dir); found {
			fd, err := strconv.ParseUint(number, 10, 31)
			return int(fd), err == nil
		}
	}
	return 0, false
}

func duplicate(fd int, path string) (*os.File, error) {
	own, err := syscall.Dup(fd)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(own)
	return os.NewFile(uintptr(own), path), nil
}
