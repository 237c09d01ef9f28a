package engine

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func checkDaemonSupport() error { return nil }

// startBound starts a command that ends when we do, however we end. It gets a process group of its own, so that an
// interrupt at the terminal reaches us alone and we stop it in order. The kernel sends the death signal when the
// starting thread ends, so that thread stays until the command has ended.
func startBound(cmd *exec.Cmd) (exited <-chan struct{}, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended says nothing: after TERM buildkitd exits with 1
		}
		close(done)
	}()
	return done, <-started
}

// lockFile takes the lock on a file, made where missing, until unlock or the end of the process.
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

// freeBytes is the room for us in the file system of a directory; 0 where it is not known.
func freeBytes(dir string) uint64 {
	var s syscall.Statfs_t
	if dir == "" || syscall.Statfs(nearestExisting(dir), &s) != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}
