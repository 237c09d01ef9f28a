//go:build linux

package main

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A machine without room for the report has failed the supervisor. That is not the job's fault.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	_, cmd := command(t, shell("head -c 20000 /dev/zero"), "unshare", "--mount", "sh", "-c", `mount -t tmpfs -o size=4k none "$3" && exec "$@"`, "sh")
	var said bytes.Buffer
	cmd.Stdout = &said
	err := cmd.Run()
	if ended := new(exec.ExitError); !errors.As(err, &ended) || ended.ExitCode() != wire.StatusMachine {
		t.Errorf("it ends with %v", err)
	}
	_, reason, found := strings.Cut(said.String(), wire.FailedMark("n"))
	if !found || !strings.HasSuffix(reason, ": no space left on device\n") {
		t.Errorf("it says %q", said.String())
	}
}

// A program that cannot be started because the machine has too many processes or open files says nothing about the image.
func TestStartFaults(t *testing.T) {
	t.Parallel()
	for errno, machine := range map[syscall.Errno]bool{syscall.EAGAIN: true, syscall.ENFILE: true, syscall.EIO: true, syscall.ENOENT: false, syscall.EACCES: false, syscall.ENOEXEC: false, syscall.E2BIG: false} {
		if err := explain("/bin/sh", &account{}, errno); isMachineFault(err, startFaults...) != machine {
			t.Errorf("%v: %v", errno, err)
		}
	}
}
