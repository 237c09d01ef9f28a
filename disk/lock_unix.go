//go:build unix

package disk

import (
	"errors"
	"os"
	"syscall"
)

// Lock waits until nobody else holds the lock of a directory, and holds it until unlock.
func Lock(dir *os.Root) (unlock func() error, err error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil && !errors.Is(err, syscall.ENOTSUP) {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
