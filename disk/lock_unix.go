//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Lock waits until nobody else holds the lock of a directory, and holds it until unlock.
func Lock(dir *os.Root) (unlock func() error, err error) {
	unlock, _, err = flock(dir, syscall.LOCK_EX)
	return unlock, err
}

// tryLock is Lock without waiting. Its error is errHeld if another process holds the lock. If the file system knows no locks,
// nobody holds it.
func tryLock(dir *os.Root) (unlock func() error, held bool, err error) {
	unlock, held, err = flock(dir, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errHeld
	}
	return unlock, held, err
}

func flock(dir *os.Root, how int) (unlock func() error, held bool, err error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, false, err
	}
	switch err = syscall.Flock(int(f.Fd()), how); {
	case err == nil:
		return f.Close, true, nil
	case errors.Is(err, syscall.ENOTSUP):
		return f.Close, false, nil
	}
	return nil, false, errors.Join(err, f.Close())
}

// isOwn reports whether a file belongs to this user.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
