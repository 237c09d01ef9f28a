//go:build linux

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const (
	searchLimit = 3 * time.Second
	// clockStep is how far the times of files may be behind the clock.
	clockStep = 10 * time.Millisecond
)

// elsewhere finds what has been changed in the image's file system since the given time. It skips mounts.
func elsewhere(root string, since time.Time) (found wire.Elsewhere) {
	mounts := mountPoints()
	begin := time.Now()
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case time.Since(begin) > searchLimit:
			found.Cut = true
			return filepath.SkipAll
		case err != nil:
			return nil
		case path != root && mounts[path]:
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		info, err := entry.Info()
		if err != nil || !changedSince(info, since) {
			return nil
		}
		found.Count++
		if info.Mode().IsRegular() {
			found.Bytes += info.Size()
		}
		if len(found.Files) < wire.MaxSome {
			found.Files = append(found.Files, describe(path, path, info))
		}
		return nil
	})
	return found
}

func changedSince(info fs.FileInfo, since time.Time) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && time.Unix(stat.Ctim.Unix()).After(since.Add(-clockStep))
}

func mountPoints() map[string]bool {
	points := map[string]bool{}
	text, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			points[unescape(fields[4])] = true
		}
	}
	return points
}

// unescape decodes blanks and backslashes in a mount point, which are written in octal (proc(5)).
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
