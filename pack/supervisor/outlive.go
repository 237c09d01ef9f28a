//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// childVariable tells the supervisor that it is the child of one.
const childVariable = "SEEDPACK_SUPERVISED"

// superviseBehind has a child do the work. When an engine gives a run up it kills the container's first process, and with
// process 1 the kernel ends all others. In an engine without a process sandbox nothing would end the job: there the
// first process does nothing but to be killed, which the child is told, and ends the job.
func superviseBehind() (status int) {
	runtime.LockOSThread() // the child is told when the thread ends that made it
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	err := cmd.Run()
	if err == nil {
		return 0
	}
	if exit := new(exec.ExitError); !errors.As(err, &exit) { // which has said itself what was wrong
		fmt.Fprintln(os.Stderr, "supervisor:", err)
	}
	return 1
}

// endWithParent ends the job and this process when the parent has ended. A job of root's may send the same signal, which
// then means nothing.
func endWithParent(parent int) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	for range told {
		if os.Getppid() == parent {
			continue
		}
		for begin := time.Now(); len(descendants()) > 0 && time.Since(begin) < killLimit; time.Sleep(10 * time.Millisecond) {
			signalAll(syscall.SIGKILL)
		}
		os.Exit(1)
	}
}
