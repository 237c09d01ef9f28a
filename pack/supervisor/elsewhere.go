//go:build linux

package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const (
	searchLimit    = 3 * time.Second  // of processor time
	searchPatience = 10 * time.Second // on a busy machine, or a slow disk
	// clockStep is how far the times of files may be behind the clock.
	clockStep = 10 * time.Millisecond
)

// now returns the time that a file gets if it is changed now. File systems keep times in steps, of up to a second.
func (at place) now() (time.Time, error) {
	f, err := os.CreateTemp(at.root, ".seedpack-time-")
	if err != nil {
		return time.Time{}, err
	}
	var stat unix.Stat_t
	err = errors.Join(unix.Fstat(int(f.Fd()), &stat), os.Remove(f.Name()), f.Close())
	return time.Unix(stat.Ctim.Unix()), err
}

// A period is from one time to another, both of which are part of it, as the times of files are.
type period struct{ from, to time.Time }

// begin begins a period now.
func (at place) begin() period {
	now, err := at.now()
	if err != nil { // it is not writable
		now = time.Now().Add(-clockStep)
	}
	return period{from: now}
}

// end ends the period now. If the clock was put back meanwhile, no time is in the period.
func (p period) end(at place) period {
	var err error
	if p.to, err = at.now(); err != nil {
		p.to = time.Now()
	}
	return p
}

// elsewhere finds what has been changed in the image's file system in a period. Files of an image that was unpacked before the clock
// was put back are dated after it. It skips mounts, and the directory of the report, which may be one.
func (at place) elsewhere(during period) wire.Elsewhere {
	s := search{mounts: mountPoints(), during: during, begun: time.Now(), used: processorTime()}
	s.mounts.add(at.report)
	if f, err := os.Open(at.root); err == nil {
		s.directory(f, at.root, 0)
	}
	return s.found
}

// A search looks at every file of an image, which may be very many. So it names them relative to their directory.
type search struct {
	mounts points
	during period
	begun  time.Time
	used   time.Duration // processor time, before
	found  wire.Elsewhere
	ended  bool // because it took too long
}

// over reports whether the search has taken too long.
func (s *search) over() bool {
	return processorTime()-s.used > searchLimit || time.Since(s.begun) > searchPatience
}

// processorTime returns what this process has used.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// directory looks at what is in an open directory, and closes it. It follows no link. It reads in parts, because a job may have
// made more names than fit into memory, and directories that are nested too deep.
func (s *search) directory(f *os.File, at string, depth int) {
	defer f.Close()
	for {
		entries, err := f.ReadDir(1000)
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
		if s.ended = s.ended || s.over(); s.ended || depth > maxDepth {
			s.found.Cut = true
			return
		}
		for _, e := range entries {
			s.entry(f, at, e, depth)
		}
		if err != nil { // the end, or what cannot be read
			return
		}
	}
}

func (s *search) entry(dir *os.File, at string, e fs.DirEntry, depth int) {
	name := e.Name()
	switch {
	case s.ended, s.mounts[at][name]:
	case !e.IsDir():
		s.file(dir, at, name)
	default:
		if fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err == nil {
			s.directory(os.NewFile(uintptr(fd), name), path.Join(at, name), depth+1)
		}
	}
}

func (s *search) file(dir *os.File, at, name string) {
	var stat unix.Stat_t
	if unix.Fstatat(int(dir.Fd()), name, &stat, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return
	}
	if changed := time.Unix(stat.Ctim.Unix()); changed.Before(s.during.from) || changed.After(s.during.to) {
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
