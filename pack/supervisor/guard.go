//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
	"unsafe"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// What follows keeps a job that runs as root from stopping the supervisor, as far as that can be done from within. What is
// left ends by the caller's own clock.

// Operations of prctl(2).
const (
	setDumpable = 4  // PR_SET_DUMPABLE
	dropBound   = 24 // PR_CAPBSET_DROP
	ambient     = 47 // PR_CAP_AMBIENT
	lower       = 3  // PR_CAP_AMBIENT_LOWER
)

// tracing are the capabilities that let a process trace or read any other: CAP_SYS_PTRACE and CAP_PERFMON.
var tracing = [...]uintptr{19, 38}

// refuseTracing lets no process attach to this one, change its memory, or read its environment. Only one with the capability
// could, and the job does not get it.
func refuseTracing() { _, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0) }

// dropTracing takes the capabilities to trace any process from this thread, and so from a job that it starts. The job may still
// trace its own processes. Most engines give neither.
func dropTracing() {
	for _, c := range tracing {
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, dropBound, c, 0)
		_, _, _ = syscall.RawSyscall6(syscall.SYS_PRCTL, ambient, lower, c, 0, 0, 0)
	}
	header := struct {
		version uint32
		pid     int32
	}{version: 0x20080522} // _LINUX_CAPABILITY_VERSION_3
	var sets [2]struct{ effective, permitted, inheritable uint32 }
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0); errno != 0 {
		return
	}
	for _, c := range tracing {
		sets[c/32].inheritable &^= 1 << (c % 32)
	}
	_, _, _ = syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0)
}

// sayBegun tells the caller that the job begins now.
func sayBegun(w io.Writer, nonce string) { fmt.Fprint(w, wire.Begun(nonce)) }

// saySettled tells the caller that no process of the job is left to stop the supervisor. An engine may drop output after a burst
// of it, so it is said again.
func saySettled(w io.Writer, nonce string) {
	said := make(chan struct{})
	go func() {
		fmt.Fprint(w, wire.Settled(nonce))
		close(said)
		for range time.Tick(time.Second) {
			fmt.Fprint(w, wire.Settled(nonce))
		}
	}()
	select {
	case <-said:
	case <-time.After(time.Second): // nobody reads the output, which must not delay the report
	}
}

// keepRunning continues a child that the job has stopped, until the channel is closed.
func keepRunning(pid int, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(200 * time.Millisecond):
		}
		if p, ok := readProcess(pid); ok && p.state == 'T' {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
}

// readNonce takes the nonce from the environment, so that no process that is started inherits it.
func readNonce() string {
	nonce := os.Getenv(wire.NonceVariable)
	_ = os.Unsetenv(wire.NonceVariable) // it is there, or it is not
	return nonce
}
