//go:build !linux

package disk

import "os"

func rename(*os.Root, string, *os.Root, string) error { return errAnotherFileSystem }
