//go:build unix

package engine

import (
	"io/fs"
	"syscall"
)

// identify returns what tells a file apart, and how many bytes it takes on the disk.
func identify(info fs.FileInfo) (fileID, int64) {
	const block = 512 // of stat(2), whatever the file system has
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, info.Size()
	}
	return fileID{uint64(s.Dev), uint64(s.Ino)}, int64(s.Blocks) * block
}
