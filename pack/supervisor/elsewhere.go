//go:build linux

package main

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const (
	searchLimit = 3 * time.Second
	// clockStep is how far the times of files may be behind the clock.
	clockStep = 10 * time.Millisecond
)

// elsewhere finds what has been changed in the image's file system since the given time. It skips mounts, and the directory of the
// report, which may be one.
func (at place) elsewhere(since time.Time) wire.Elsewhere {
	s := search{mounts: mountPoints(), since: since.Add(-clockStep), until: time.Now().Add(searchLimit)}
	s.mounts.add(at.report)
	if f, err := os.Open(at.root); err == nil {
		s.directory(f, at.root)
	}
	return s.found
}

// A search looks at every file of an image, which may be very many. So it names them relative to their directory.
type search struct {
	mounts       points
	since, until time.Time
	found        wire.Elsewhere
}

// directory looks at what is in an open directory, and closes it. It follows no link.
func (s *search) directory(f *os.File, at string) {
	defer f.Close()
	entries, _ := f.ReadDir(-1) // those that it could read
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	mounts := s.mounts[at]
	for i, e := range entries {
		name := e.Name()
		if s.found.Cut = s.found.Cut || (i%1000 == 0 && time.Now().After(s.until)); s.found.Cut {
			return
		}
		switch {
		case mounts[name]:
		case !e.IsDir():
			s.file(f, at, name)
		default:
			if fd, err := unix.Openat(int(f.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err == nil {
				s.directory(os.NewFile(uintptr(fd), name), path.Join(at, name))
			}
		}
	}
}

func (s *search) file(dir *os.File, at, name string) {
	var stat unix.Stat_t
	if unix.Fstatat(int(dir.Fd()), name, &stat, unix.AT_SYMLINK_NOFOLLOW) != nil || !time.Unix(stat.Ctim.Unix()).After(s.since) {
		return
	}
	s.found.Count++
	if stat.Mode&unix.S_IFMT == unix.S_IFREG {
		s.found.Bytes += stat.Size
	}
	if full := path.Join(at, name); len(s.found.Files) < wire.MaxSome {
		if info, err := os.Lstat(full); err == nil {
			s.found.Files = append(s.found.Files, describe(full, full, info))
		}
	}
}

// points are the names of mount points, by their directory.
type points map[string]map[string]bool

func (p points) add(point string) {
	dir, name := path.Split(point)
	if dir = path.Clean(dir); p[dir] == nil {
		p[dir] = map[string]bool{}
	}
	p[dir][name] = true
}

func mountPoints() points {
	all := points{}
	text, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			all.add(unescape(fields[4]))
		}
	}
	return all
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
