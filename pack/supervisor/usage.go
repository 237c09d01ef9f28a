//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

const sampleEvery = 20 * time.Millisecond

// hopeless is how many processes the kernel may kill for lack of memory before the job is ended. Otherwise a job that
// forks faster than that would block the machine and the supervisor until long after its timeout.
const hopeless = 50

// A meter samples what the job uses. The kernel's own peaks include the page cache. So a job that writes a large file
// would seem to need that much memory.
type meter struct {
	group, cpus group
	begun       time.Time
	idle        time.Duration // processor time before the job
	curve       curve
	base, peak  int64
	shm         int64
	kills       int64
	limit       int64 // of the job; 0: none
	over        bool
	crowded     atomic.Bool
	stop, ended chan struct{}
}

func newMeter() *meter {
	m := &meter{group: findGroup("memory"), cpus: findGroup("cpuacct"), begun: time.Now(), stop: make(chan struct{}), ended: make(chan struct{})}
	m.base = m.used()
	m.idle = m.cpus.cpu()
	m.kills = m.group.kills()
	m.limit = max(m.group.limit()-wire.MemoryReserve, 0)
	return m
}

func (m *meter) begin() {
	go m.guard(machineThreads())
	go func() {
		defer close(m.ended)
		for {
			job := m.used() - m.base
			m.peak = max(m.peak, job)
			m.curve.add(wire.Sample{At: time.Since(m.begun), Memory: max(job, 0), CPU: m.cpus.cpu() - m.idle})
			used, _ := sharedMemory()
			m.shm = max(m.shm, used)
			if m.limit > 0 && job > m.limit {
				m.over = true
			}
			if m.over || m.group.kills()-m.kills > hopeless {
				signalAll(syscall.SIGKILL)
			}
			select {
			case <-m.stop:
				return
			case <-time.After(sampleEvery):
			}
		}
	}()
}

// used returns what all but the supervisor use. A job that prints much, on a machine where others leave the collector of
// garbage no time, would seem to need the supervisor's memory.
func (m *meter) used() int64 {
	all, ok := m.group.memory()
	if !ok {
		return 0
	}
	return all - ownMemory()
}

// ownMemory returns the anonymous memory of this process; 0 if it is not known.
func ownMemory() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	pages := strings.Fields(string(text)) // total, resident, of which in files or shared; proc(5)
	if len(pages) < 3 {
		return 0
	}
	resident, _ := strconv.ParseInt(pages[1], 10, 64)
	other, _ := strconv.ParseInt(pages[2], 10, 64)
	return (resident - other) * int64(os.Getpagesize())
}

func (m *meter) end(o *wire.Outcome) {
	close(m.stop)
	<-m.ended
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used)
	o.Usage.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	o.Usage.Memory, o.Usage.Samples = m.peak, m.curve.end()
	o.Usage.Largest = used.Maxrss << 10
	if _, ok := m.group.memory(); !ok {
		o.Usage.Memory = o.Usage.Largest
	}
	// What a short job has written there is still there, even without a sample.
	left, size := sharedMemory()
	o.Usage.SharedMem, o.Usage.SharedMemSize = max(m.shm, left), size
	o.OutOfMemory = m.over || m.group.kills() > m.kills
	o.Crowded = m.crowded.Load()
}

// guard ends a job that has too many processes. It counts them only if the machine has that many more threads than
// before, and stops them while it counts. It has its own thread and asks the kernel for one number at a time. Among
// thousands of running processes, anything that waits for another thread waits for seconds.
func (m *meter) guard(before uint16) {
	// Others may have started more at the same time. A job that continued after the count would leave the guard no
	// time.
	const others = 256
	runtime.LockOSThread()
	for {
		_ = syscall.Nanosleep(&syscall.Timespec{Nsec: 5e6}, nil)
		select {
		case <-m.stop:
			return
		default:
		}
		now := machineThreads()
		if int16(now-before) <= wire.MaxProcesses+others {
			continue
		}
		before = now // if other programs fill the machine, one count is enough
		signalAll(syscall.SIGSTOP)
		if countProcesses() <= wire.MaxProcesses {
			signalAll(syscall.SIGCONT)
			continue
		}
		m.crowded.Store(true)
		signalAll(syscall.SIGKILL)
	}
}

func countProcesses() int {
	if os.Getpid() != 1 {
		return len(descendants())
	}
	count := 0
	names, _ := readNames("/proc")
	for _, name := range names {
		if name[0] >= '1' && name[0] <= '9' {
			count++
		}
	}
	return count
}

// machineThreads returns the number of threads of the whole machine, in 16 bits.
func machineThreads() uint16 {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	return info.Procs
}

// sharedMemory returns how much /dev/shm holds and how much fits into it. Both are 0 if there is none.
func sharedMemory() (used, size int64) {
	var fs syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &fs) != nil || fs.Type != 0x01021994 { // TMPFS_MAGIC, statfs(2)
		return 0, 0
	}
	block := int64(fs.Bsize)
	return int64(fs.Blocks-fs.Bfree) * block, int64(fs.Blocks) * block
}

// A curve keeps few of many samples. When it is full, it makes one of each two, and from then on one of twice as many.
type curve struct {
	samples   []wire.Sample
	next      wire.Sample // of those that are being joined
	each, has int         // how many make one, and how many next has
	cpu       time.Duration
}

func (c *curve) add(s wire.Sample) {
	c.each = max(c.each, 1)
	// A machine with too many open files gives no number now and then.
	c.cpu = max(c.cpu, s.CPU)
	s.CPU = c.cpu
	c.next = join(c.next, s)
	if c.has++; c.has < c.each {
		return
	}
	c.take()
	if len(c.samples) < wire.MaxSamples {
		return
	}
	for i := range wire.MaxSamples / 2 {
		c.samples[i] = join(c.samples[2*i], c.samples[2*i+1])
	}
	c.samples = c.samples[:wire.MaxSamples/2]
	c.each *= 2
}

func (c *curve) take() {
	c.samples = append(c.samples, c.next)
	c.next, c.has = wire.Sample{}, 0
}

// end returns the samples, with those that have not been joined yet.
func (c *curve) end() []wire.Sample {
	if c.has > 0 {
		c.take()
	}
	return c.samples
}

// join returns one sample for two. The second is the later one.
func join(a, b wire.Sample) wire.Sample {
	return wire.Sample{At: b.At, Memory: max(a.Memory, b.Memory), CPU: max(a.CPU, b.CPU)}
}

// A group is the directory of our cgroup for a controller, of version 1 or 2. It is empty if we have none of our own.
type group struct {
	dir string
	v2  bool
}

// findGroup combines the mount point of the hierarchy, the directory that is mounted there, and the one that we are in.
func findGroup(controller string) group {
	own := ownGroups(controller)
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	var found group
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(kind) < 3 {
			continue
		}
		v2 := kind[0] == "cgroup2"
		v1 := kind[0] == "cgroup" && hasWord(kind[2], controller)
		path, in := own[v2]
		if !v1 && !v2 || !in || found.dir != "" && v2 {
			continue
		}
		g := group{filepath.Join(unescape(fields[4]), strings.TrimPrefix(path, fields[3])), v2}
		if g.isOwn(controller) {
			found = g
		}
	}
	return found
}

// ownGroups returns the path of our group in the hierarchies of version 1 (false) and version 2 (true).
func ownGroups(controller string) map[bool]string {
	own := map[bool]string{}
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(fields) < 3:
		case fields[0] == "0" && fields[1] == "":
			own[true] = fields[2]
		case hasWord(fields[1], controller):
			own[false] = fields[2]
		}
	}
	return own
}

func hasWord(list, word string) bool { return strings.Contains(","+list+",", ","+word+",") }

// isOwn reports whether the directory is only about us, and not about the whole machine.
func (g group) isOwn(controller string) bool {
	// In version 2, the root has none of these files.
	names := map[string]string{"memory": "memory.stat", "cpu": "cpu.shares", "cpuacct": "cpuacct.usage"}
	if g.v2 {
		names = map[string]string{"memory": "memory.current", "cpu": "cpu.weight", "cpuacct": "cgroup.type"} // cpu.stat needs no controller
	}
	_, isBelow := os.Stat(filepath.Join(g.dir, "release_agent")) // only the root of version 1 has it
	_, err := os.Stat(filepath.Join(g.dir, names[controller]))
	return err == nil && isBelow != nil
}

// memory returns the anonymous and shared memory in use.
func (g group) memory() (int64, bool) {
	if g.dir == "" {
		return 0, false
	}
	names := []string{"total_rss", "total_shmem"}
	if g.v2 {
		names = []string{"anon", "shmem"}
	}
	return g.sum("memory.stat", names...)
}

// cpu returns the processor time of all processes of the group, also of those that have ended; 0 if it is not known.
func (g group) cpu() time.Duration {
	if g.dir == "" {
		return 0
	}
	if g.v2 {
		n, _ := g.sum("cpu.stat", "usage_usec")
		return time.Duration(n) * time.Microsecond
	}
	text, _ := os.ReadFile(filepath.Join(g.dir, "cpuacct.usage"))
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return time.Duration(n)
}

// kills returns how often the kernel has killed a process for lack of memory.
func (g group) kills() int64 {
	if g.dir == "" {
		return 0
	}
	file := "memory.oom_control"
	if g.v2 {
		file = "memory.events"
	}
	n, _ := g.sum(file, "oom_kill")
	return n
}

// limit returns the memory limit of the group, or 0 if there is no real limit.
func (g group) limit() int64 {
	file := "memory.limit_in_bytes"
	if g.v2 {
		file = "memory.max"
	}
	if g.dir == "" {
		return 0
	}
	text, _ := os.ReadFile(filepath.Join(g.dir, file))
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n >= 1<<50 {
		return 0 // "max", or the largest number
	}
	return n
}

func (g group) sum(file string, names ...string) (sum int64, ok bool) {
	text, err := os.ReadFile(filepath.Join(g.dir, file))
	for line := range bytes.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		for _, name := range names {
			if key == name {
				n, _ := strconv.ParseInt(value, 10, 64)
				sum += n
			}
		}
	}
	return sum, err == nil
}
