//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// memoryGroup makes a cgroup that counts memory and returns its directory.
func memoryGroup(t *testing.T) string {
	t.Helper()
	needsRoot(t)
	parent := "/sys/fs/cgroup/memory" // version 1
	if _, err := os.Stat(parent); err != nil {
		parent = "/sys/fs/cgroup"
	}
	dir, err := os.MkdirTemp(parent, "seedpack-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := os.Remove(dir)
		for n := 0; err != nil && n < 100; n++ { // the kernel needs a moment until an ended process is gone
			time.Sleep(50 * time.Millisecond)
			err = os.Remove(dir)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestUsage(t *testing.T) {
	const script = `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; x=$(head -c 30000000 /dev/zero | tr '\0' x); sleep 0.2; echo ${#x}`
	// The memory is that of a cgroup. Tests share one with others, which may free memory at the same time. A container
	// has its own.
	o, _ := run(t, shell(script), "sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, memoryGroup(t))
	if o.Usage.CPU < 20*time.Millisecond || o.Usage.CPU > 20*time.Second {
		t.Errorf("CPU %v", o.Usage.CPU)
	}
	if o.Usage.Memory < 20<<20 || o.Usage.Memory > 200<<20 {
		t.Errorf("memory %d, of a job that exits with %d and says %q %q", o.Usage.Memory, o.Exit, o.Stdout.Head, o.Stderr.Head)
	}
	peak, last := int64(0), wire.Sample{}
	for _, s := range o.Usage.Samples {
		peak, last = max(peak, s.Memory), s
	}
	if len(o.Usage.Samples) < 3 || peak != o.Usage.Memory || last.At < 200*time.Millisecond {
		t.Errorf("%d of memory, and the samples %+v", o.Usage.Memory, o.Usage.Samples)
	}
}

// What the supervisor needs for itself is not the job's.
func TestOwnMemory(t *testing.T) {
	const mib = 1 << 20
	dir := t.TempDir()
	charge := func(all int64) {
		if err := os.WriteFile(filepath.Join(dir, "memory.stat"), fmt.Appendf(nil, "anon %d\nshmem 0\n", all), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := &meter{group: group{dir, true}}
	charge(500 * mib)
	before := m.used()
	own, err := syscall.Mmap(-1, 0, 100*mib, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	charge((500 + 100 + 30) * mib)
	if job := m.used() - before; job < 20*mib || job > 40*mib {
		t.Errorf("a job of 30 MiB beside a supervisor of 100 uses %d MiB", job/mib)
	}
	if err := syscall.Munmap(own); err != nil {
		t.Error(err)
	}
}

// Without a cgroup of its own, a job that has files of such names in its directory is not taken for one that was killed.
func TestNoGroup(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"memory.oom_control", "memory.events", "memory.stat"} {
		if err := os.WriteFile(name, []byte("oom_kill 7\nanon 5\ntotal_rss 5\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, v2 := range []bool{false, true} {
		g := group{v2: v2}
		if used, ok := g.memory(); g.kills() != 0 || used != 0 || ok || g.limit() != 0 || g.cpu() != 0 {
			t.Errorf("%d killed, %d bytes used", g.kills(), used)
		}
	}
}

// A number that cannot be read for once leaves the samples in their order.
func TestCurveWithGaps(t *testing.T) {
	t.Parallel()
	var c curve
	for i, cpu := range []time.Duration{-3, 2, -3, 4} {
		c.add(wire.Sample{At: time.Duration(i), CPU: cpu})
	}
	for i, want := range []time.Duration{0, 2, 2, 4} {
		if got := c.end()[i].CPU; got != want {
			t.Errorf("sample %d: %d, want %d", i, got, want)
		}
	}
}

// What the samples of a short job miss, the peak of its largest process shows.
func TestLargest(t *testing.T) {
	o, _ := run(t, shell(`head -c 60000000 /dev/zero | tail -c 60000000 >/dev/null`))
	if o.Usage.Largest < 50<<20 || o.Usage.Largest > 500<<20 {
		t.Errorf("the largest process had %d bytes", o.Usage.Largest)
	}
}

// A curve keeps few of many samples, the peaks and the last one among them, in the order of time.
func TestCurve(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, wire.MaxSamples - 1, wire.MaxSamples, wire.MaxSamples + 1, 1000, 12345} {
		c := curve{}
		for i := range n {
			memory := int64(i % 7)
			if i == n*2/3 {
				memory = 1000
			}
			c.add(wire.Sample{At: time.Duration(i + 1), Memory: memory, CPU: time.Duration(2 * i)})
		}
		all := c.end()
		if len(all) > wire.MaxSamples || n <= wire.MaxSamples/2 && len(all) != n || n > wire.MaxSamples && len(all) < wire.MaxSamples/2 {
			t.Errorf("%d samples become %d", n, len(all))
		}
		if n == 0 {
			continue
		}
		peak, last := int64(0), wire.Sample{}
		for _, s := range all {
			if s.At <= last.At || s.CPU < last.CPU {
				t.Fatalf("of %d samples, %+v comes after %+v", n, s, last)
			}
			peak, last = max(peak, s.Memory), s
		}
		if want := (wire.Sample{At: time.Duration(n), Memory: last.Memory, CPU: time.Duration(2 * (n - 1))}); peak != 1000 || last != want {
			t.Errorf("of %d samples, the peak is %d and the last %+v", n, peak, last)
		}
	}
}
