//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// childVariable is set for the child of a supervisor.
const childVariable = "SEEDPACK_SUPERVISED"

// parentEnded is the signal that the child gets when its parent has ended. It also continues a child that the job has stopped,
// which would not see another signal until then.
const parentEnded = syscall.SIGCONT

// superviseBehind runs the supervisor in a child. An engine that cancels a run kills the first process of the
// container. If that is process 1, the kernel then ends all others. In an engine without a process sandbox nothing else
// would end the job. There the first process only waits to be killed. The child gets a signal when that happens, and
// ends the job.
func superviseBehind() (status int) {
	runtime.LockOSThread() // the child gets the signal when the thread ends that started it
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: parentEnded}
	err := cmd.Start()
	if err == nil {
		ended := make(chan struct{})
		go keepRunning(cmd.Process.Pid, ended)
		err = cmd.Wait()
		close(ended)
	}
	if err == nil {
		return 0
	}
	exit := new(exec.ExitError)
	switch {
	case !errors.As(err, &exit):
		fmt.Fprintln(os.Stderr, "supervisor:", err)
	case exit.ExitCode() == wire.StatusMachine: // the child has printed its own error
		return wire.StatusMachine
	}
	return 1
}

// endWithParent ends the job and this process when the parent has ended. A job that is root can send the same signal.
// It is then ignored.
func endWithParent(parent int) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, parentEnded)
	for range told {
		if os.Getppid() == parent {
			continue
		}
		endNow()
	}
}

// endWithCaller ends the job and this process when the lifeline has ended: nobody is left to read the report, and to end a job
// that goes on.
func endWithCaller(lifeline io.Reader) {
	_, _ = io.Copy(io.Discard, lifeline)
	endNow()
}

func endNow() {
	for begin := time.Now(); len(descendants()) > 0 && time.Since(begin) < killLimit; time.Sleep(10 * time.Millisecond) {
		signalAll(syscall.SIGKILL)
	}
	os.Exit(1)
}
