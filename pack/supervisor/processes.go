//go:build linux

package main

import (
	"bytes"
	"cmp"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const subreaper = 36 // PR_SET_CHILD_SUBREAPER, prctl(2)

// adopt makes this process the parent of the job's orphans. Process 1 is that anyway.
func adopt() {
	if os.Getpid() != 1 {
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, subreaper, 1, 0)
	}
}

// warmThreads makes the runtime start threads as long as that is possible. A job that keeps forking leaves no room for
// threads, and the runtime ends a program that gets none. With GOMAXPROCS above the number of processors, a thread that
// returns from the kernel need not wait for another one.
func warmThreads() {
	runtime.GOMAXPROCS(16)
	const threads = 24
	var there, all sync.WaitGroup
	there.Add(threads)
	for range threads {
		all.Go(func() {
			runtime.LockOSThread() // it waits with its thread, so the others need other threads
			defer runtime.UnlockOSThread()
			there.Done()
			there.Wait()
		})
	}
	all.Wait()
}

// reap waits for all children. It sends the status of the main one to ended. It closes gone when no child is left.
func reap(pid int) (ended chan syscall.WaitStatus, gone chan struct{}) {
	ended, gone = make(chan syscall.WaitStatus, 1), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			var status syscall.WaitStatus
			p, err := syscall.Wait4(-1, &status, 0, nil)
			switch {
			case err == syscall.EINTR:
			case err != nil: // there are no children left
				return
			case p == pid:
				ended <- status
			}
		}
	}()
	return ended, gone
}

// wait waits for the main process until the timeout. Then it ends all processes that are left.
func wait(spec *wire.Spec, pid int, o *wire.Outcome) {
	begin := time.Now()
	ended, gone := reap(pid)
	status, ok := await(spec, pid, ended, o)
	if o.Usage.Wall = time.Since(begin); !ok {
		status = syscall.WaitStatus(syscall.SIGKILL)
	}
	if !o.TimedOut {
		o.Leftover, o.LeftoverNames = leftover()
	}
	killAll(gone)
	o.Exit = status.ExitStatus()
	if status.Signaled() {
		o.Exit, o.Signal = 128+int(status.Signal()), status.Signal().String()
	}
}

// await returns the status of the main process. It returns false if the process must be killed. On a busy machine the supervisor may
// not run for seconds, and then the timeout and the end of the process come at once. The process has then ended by itself.
func await(spec *wire.Spec, pid int, ended <-chan syscall.WaitStatus, o *wire.Outcome) (syscall.WaitStatus, bool) {
	var overdue <-chan time.Time
	if spec.Timeout > 0 {
		overdue = time.After(spec.Timeout)
	}
	select {
	case status := <-ended:
		return status, true
	case <-overdue:
	}
	if hasEnded(pid) {
		return <-ended, true
	}
	o.TimedOut = true
	signalAll(syscall.SIGTERM)
	select {
	case status := <-ended:
		return status, true
	case <-time.After(spec.Grace):
	}
	if hasEnded(pid) {
		return <-ended, true
	}
	return 0, false
}

// hasEnded reports whether a child has ended. It may have been waited for.
func hasEnded(pid int) bool {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err != nil || info.Signo != 0
		}
	}
}

const killLimit = 10 * time.Second

// killAll kills until no process is left, because a process may have forked during the search. It gives up on processes
// that the kernel cannot end, for example in a broken network file system.
func killAll(gone <-chan struct{}) {
	for begin := time.Now(); time.Since(begin) < killLimit; {
		signalAll(syscall.SIGKILL)
		select {
		case <-gone:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// signalAll sends a signal to all processes of the job. Only for process 1 are "all processes" those of the job. In an
// engine without a process sandbox, the supervisor would be one of them.
func signalAll(sig syscall.Signal) {
	if os.Getpid() == 1 {
		_ = syscall.Kill(-1, sig)
		return
	}
	for _, p := range descendants() {
		_ = syscall.Kill(p.pid, sig)
	}
}

// leftover counts the running processes and returns a few names. A process that the job has killed does not run, although on a
// busy machine the kernel may need some time to end it. Between the signal and its end there is a moment in which it shows neither, so
// a process counts if it runs for a while.
func leftover() (n int, names []string) {
	const looks, pause = 5, 20 * time.Millisecond
	left := running()
	for n := 1; n < looks && len(left) > 0; n++ {
		time.Sleep(pause)
		left = running()
	}
	for _, p := range left[:min(len(left), 5)] {
		names = append(names, p.name)
	}
	return len(left), names
}

// running returns the processes that run, in the order of their numbers.
func running() []process {
	all := slices.DeleteFunc(descendants(), func(p process) bool { return p.state == 'Z' || p.state == 'X' || p.exiting || dies(p.pid) })
	slices.SortFunc(all, func(a, b process) int { return cmp.Compare(a.pid, b.pid) })
	return all
}

type process struct {
	pid, parent int
	name        string
	state       byte
	exiting     bool // the kernel is removing it
}

func descendants() (found []process) {
	all := map[int]process{}
	names, _ := readNames("/proc")
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if p, ok := readProcess(pid); ok {
				all[pid] = p
			}
		}
	}
	for _, p := range all {
		for up := p.parent; up > 0; up = all[up].parent {
			if up == os.Getpid() {
				found = append(found, p)
				break
			}
		}
	}
	return found
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// readProcess reads /proc/PID/stat. Its second field may contain anything (proc(5)).
func readProcess(pid int) (process, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if err != nil || open < 0 || end < open {
		return process{}, false
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 7 {
		return process{}, false
	}
	const exiting = 4 // PF_EXITING
	parent, err := strconv.Atoi(string(fields[1]))
	flags, _ := strconv.ParseUint(string(fields[6]), 10, 64)
	return process{pid, parent, string(text[open+1 : end]), fields[0][0], flags&exiting != 0}, err == nil
}

// dies reports whether a process has got a signal that ends it, and has not run since.
func dies(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	return err != nil || dying(text) // without the file, it has ended
}

// dying reads /proc/PID/status. The kernel adds KILL to the pending signals if another signal ends the process (signal(7)).
func dying(status []byte) bool {
	for line := range bytes.Lines(status) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(name) != "SigPnd" && string(name) != "ShdPnd" {
			continue
		}
		pending, _ := strconv.ParseUint(string(bytes.TrimSpace(value)), 16, 64)
		if pending&(1<<(syscall.SIGKILL-1)) != 0 {
			return true
		}
	}
	return false
}
