package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"
)

// A daemon that is killed during a step leaves a container, mounts and a socket. The next start removes them all.
func TestDaemonKilled(t *testing.T) {
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(user, "seedpack-test-killed") // not below t.TempDir, which cannot be removed while it has mounts
	opt := Options{Builder: "private", CacheDir: cache, Log: os.Stderr}
	program, err := findBuildkitd(t.Context(), Options{CacheDir: filepath.Join(user, "seedpack"), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(program)+":"+os.Getenv("PATH")+":/usr/sbin")
	mine, err := cachedBuildkitd(cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(mine), 0o700), os.RemoveAll(mine), os.Symlink(program, mine)); err != nil {
		t.Fatal(err)
	}
	e, err := Connect(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(cache, "buildkit", "0")
	record := readRecord(t, root)
	sleeping := request(t, "FROM busybox:1.36\nRUN sleep 987654\n")
	ended := make(chan error, 1)
	go func() {
		_, err := builds(context.Background(), only(e), sleeping)
		ended <- err
	}()
	sleeper := waitFor(t, func() int { return processOf("sleep\x00987654\x00") })
	if err := syscall.Kill(record.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ended
	// A killed run would leave the same: it cannot clean up.
	abandon(t, only(e))
	if points, err := mountsBelow(root); err != nil || len(points) == 0 {
		t.Fatalf("the killed daemon leaves no mounts, so that the test shows nothing: %v", err)
	}

	e, err = Connect(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if processOf("sleep\x00987654\x00") == sleeper {
		t.Error("the step of the killed daemon is running")
	}
	if _, err := os.Stat(record.Socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket of the killed daemon is there: %v", err)
	}
	if _, err := builds(t.Context(), only(e), request(t, "FROM busybox:1.36\nRUN touch /x\n")); err != nil {
		t.Errorf("the next build fails: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if points, err := mountsBelow(root); err != nil || len(points) > 0 {
		t.Errorf("mounts are left: %q %v", points, err)
	}
	if err := os.RemoveAll(cache); err != nil {
		t.Error(err)
	}
}

// Several daemons can run at the same time, and next to a daemon of the machine. So each must listen only in its own
// directory.
func TestDaemonListensInItsOwnDirectory(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("its process would be rootlesskit's")
	}
	e := privateEngine(t)
	// The daemon answers this only after it listens everywhere.
	if _, err := e.client.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(strings.TrimPrefix(e.daemon.addr, "unix://"))
	sockets := listening(t, e.daemon.cmd.Process.Pid)
	if len(sockets) < 2 {
		t.Errorf("it listens at %q, which are too few to show anything", sockets)
	}
	for _, path := range sockets {
		if filepath.Dir(path) != dir {
			t.Errorf("it listens at %s, which is not in %s", path, dir)
		}
	}
}

// listening returns the paths of the sockets on which a process listens.
func listening(t *testing.T, pid int) (paths []string) {
	t.Helper()
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{} // by inode
	for line := range strings.Lines(string(table)) {
		// Num, RefCount, Protocol, Flags, Type, St, Inode and, for a socket with a name, Path. 10000 is __SO_ACCEPTCON.
		if f := strings.Fields(line); len(f) == 8 && f[3] == "00010000" {
			at["socket:["+f[6]+"]"] = f[7]
		}
	}
	files, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name, err := os.Readlink(file); err == nil && at[name] != "" {
			paths = append(paths, at[name])
		}
	}
	return paths
}

// abandon closes the connection and releases the lock, as the end of a process does. It stops nothing.
func abandon(t *testing.T, e *Engine) {
	t.Helper()
	if err := errors.Join(e.client.Close(), e.daemon.unlock()); err != nil {
		t.Fatal(err)
	}
}

func readRecord(t *testing.T, root string) (r daemonRecord) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, recordFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func waitFor(t *testing.T, what func() int) int {
	t.Helper()
	for range 600 {
		if n := what(); n != 0 {
			return n
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("waited for 30 s in vain")
	return 0
}

// processOf returns the process with that command line, or 0.
func processOf(cmdline string) int {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range found {
		if text, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(text), cmdline) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // the pattern begins with a digit
			return pid
		}
	}
	return 0
}

// The kernel escapes some names of mount points; they are still found. The order is that of mounting. The directory
// itself is left out.
func TestMountsBelow(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir := filepath.Join(t.TempDir(), `a b\c`)
	inner := filepath.Join(dir, "in ner")
	beside := dir + "d"
	for _, at := range []string{dir, inner, beside} {
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("none", at, "tmpfs", 0, "size=4k"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) }) // it may be unmounted already
	}
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", inner, "tmpfs", 0, "size=4k"); err != nil {
		t.Fatal(err)
	}
	if got, err := mountsBelow(dir); err != nil || !slices.Equal(got, []string{inner, inner}) {
		t.Errorf("below %s there are %q: %v", dir, got, err)
	}
	if err := unmountBelow(dir); err != nil {
		t.Error(err)
	}
	if got, err := mountsBelow(filepath.Dir(dir)); err != nil || !slices.Equal(got, []string{dir, beside}) {
		t.Errorf("after it there are %q: %v", got, err)
	}
}

// A run that finds all root directories used says so, waits, and takes the first that gets free.
func TestLockRootWaits(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	free := map[string]func() error{}
	for range daemonRoots {
		root, unlock, err := lockFree(cache)
		if err != nil {
			t.Fatal(err)
		}
		free[root] = unlock
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said, log := io.Pipe()
	type locked struct {
		root   string
		unlock func() error
		err    error
	}
	got := make(chan locked, 1)
	wait := func(ctx context.Context) {
		root, unlock, err := lockRoot(ctx, Options{CacheDir: cache, Log: log})
		got <- locked{root, unlock, err}
	}
	lines := bufio.NewReader(said)
	go wait(ctx)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "seedpack: 16 private builders run already in "+cache+": waiting for one to end, ") {
		t.Errorf("%q, %v", line, err)
	}
	cancel()
	if l := <-got; !errors.Is(l.err, context.Canceled) {
		t.Errorf("%+v", l)
	}
	go wait(t.Context())
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(cache, "buildkit", "7")
	if err := free[root](); err != nil {
		t.Fatal(err)
	}
	l := <-got
	if l.err != nil || l.root != root {
		t.Fatalf("%+v", l)
	}
	delete(free, root)
	errs := []error{l.unlock()}
	for _, unlock := range free {
		errs = append(errs, unlock())
	}
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}
