//go:build linux

package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const (
	nobody        = 65534
	readTestLimit = 30 * time.Second
)

// tryReading lets another user open the files, by names relative to the current directory. Whether that works depends on modes,
// owners, ACLs and all parent directories, so it is tried.
func tryReading(files []wire.File, uid, gid int) error {
	readable, tried := make([]bool, len(files)), make(chan error, 1)
	go func() {
		tried <- asUser(uid, gid, func() {
			for i := range files {
				readable[i] = canRead(&files[i])
			}
		})
	}()
	select {
	case err := <-tried:
		if err != nil {
			return fmt.Errorf("become user %d: %w", uid, err)
		}
	case <-time.After(readTestLimit):
		return fmt.Errorf("user %d has not read all within %v", uid, readTestLimit)
	}
	for i := range files {
		files[i].ReadableByOther = readable[i]
	}
	return nil
}

// another returns an ID that is not the job's: that of nobody, unless the job is nobody.
func another(id int) int {
	if id == nobody {
		return nobody - 1
	}
	return nobody
}

// asUser calls a function as another user without any privilege. IDs belong to a thread, although few know: only libraries
// change those of all threads of a process. The goroutine that calls it must end then, and the thread with it, because there
// is no way back. A process of its own would do the same, but starting one takes some milliseconds.
func asUser(uid, gid int, do func()) error {
	runtime.LockOSThread()
	for _, call := range [...][4]uintptr{
		{syscall.SYS_SETGROUPS, 0, 0, 0},
		{syscall.SYS_SETRESGID, uintptr(gid), uintptr(gid), uintptr(gid)},
		{syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)},
	} {
		if _, _, errno := syscall.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
			return errno
		}
	}
	do()
	return nil
}

// canRead reports whether the calling thread can read a regular file, or list and enter a directory. It opens nothing else.
func canRead(f *wire.File) bool {
	switch {
	case f.Mode.IsRegular():
		return canOpen(f.Name, 0)
	case f.Mode.IsDir():
		return canOpen(f.Name+"/.", syscall.O_DIRECTORY)
	}
	return false
}

func canOpen(name string, flag int) bool {
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC|flag, 0)
	if err == nil {
		_ = syscall.Close(fd)
	}
	return err == nil
}
