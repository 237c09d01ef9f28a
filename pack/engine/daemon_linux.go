package engine

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func checkDaemonSupport() error { return nil }

// startBound starts a command that ends with this process, however this one ends. The command gets its own process
// group, so that an interrupt at the terminal reaches only us and we can stop it in order. The kernel sends the death
// signal when the starting thread ends. So that thread waits until the command has ended.
func startBound(cmd *exec.Cmd) (exited <-chan struct{}, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the status says nothing: buildkitd exits with 1 after a signal
		}
		close(done)
	}()
	return done, <-started
}

// lockFile locks a file until unlock or the end of the process. It makes the file if it is missing.
func lockFile(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errLocked
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// freeBytes returns how many bytes we may still write to the file system of a directory, or 0 if that is unknown.
func freeBytes(dir string) uint64 {
	var s syscall.Statfs_t
	if dir == "" || syscall.Statfs(nearestExisting(dir), &s) != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}
