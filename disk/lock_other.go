//go:build !unix

package disk

import (
	"io/fs"
	"os"
)

// Lock holds nothing: this system cannot lock a directory.
func Lock(*os.Root) (unlock func() error, err error) { return func() error { return nil }, nil }

func tryLock(*os.Root) (unlock func() error, held bool, err error) {
	return func() error { return nil }, false, nil
}

func isOwn(fs.FileInfo) bool { return false }
