package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seedpack/seedpack/disk"
)

// Git waits for ever for a named pipe in the place of one of its files. To look at all files of a repository before each call
// would take longer than most calls. So they are looked at when git has not answered for some time.
const (
	patience = 3 * time.Second
	longest  = 10 * time.Minute // for one answer
)

// maxAnswer is more than git says about the largest repositories, and maxContent more than all files have that are read from a
// commit at once.
const (
	maxAnswer  = 256 << 20
	maxContent = 64 << 20
)

// A stuckError says why git did not answer. It is the answer to everything else, too.
type stuckError struct{ said string }

func (e *stuckError) Error() string { return e.said }

// stuck returns why git did not answer, if that is what the error says.
func stuck(err error) error {
	var e *stuckError
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// A waiter ends calls of git that wait for a file which never gives an end. All calls for one repository share one.
type waiter struct {
	patience, longest time.Duration

	mu    sync.Mutex
	found error // of an earlier call
}

func newWaiter() *waiter { return &waiter{patience: patience, longest: longest} }

// known returns why an earlier call did not end.
func (w *waiter) known() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.found
}

// watch returns a context that ends if git waits for a file in or above a directory. The cause is a stuckError.
func (w *waiter) watch(ctx context.Context, dir string) (context.Context, context.CancelFunc) {
	ctx, end := context.WithTimeoutCause(ctx, w.longest, &stuckError{fmt.Sprintf("git did not answer within %s", w.longest)})
	ctx, cancel := context.WithCancelCause(ctx)
	look := time.AfterFunc(w.patience, func() {
		if path := pipeOf(ctx, dir); path != "" {
			err := &stuckError{fmt.Sprintf("git waits for %q: it is a named pipe or a device, a regular file is needed", path)}
			w.mu.Lock()
			w.found = err
			w.mu.Unlock()
			cancel(err)
		}
	})
	return ctx, func() { look.Stop(); cancel(nil); end() }
}

// pipeOf returns the path of a file that git would wait for, in the metadata of a repository or in its work tree. It returns ""
// if there is none.
func pipeOf(ctx context.Context, dir string) string {
	top, err := filepath.Abs(dir)
	for err == nil {
		if _, err := os.Lstat(filepath.Join(top, ".git")); err == nil {
			break
		}
		if top == filepath.Dir(top) {
			return ""
		}
		top = filepath.Dir(top)
	}
	s := &search{ctx: ctx, seen: map[string]bool{}}
	for _, metadata := range metadataOf(top) {
		s.all(metadata, func(string) bool { return true })
	}
	s.all(top, func(name string) bool { return slices.Contains(read, name) })
	return s.found
}

// metadataOf returns the directories in which git keeps what it knows of a work tree.
func metadataOf(top string) []string {
	own := filepath.Join(top, ".git")
	if text, err := disk.ReadFile(own, disk.MaxText); err == nil { // of a linked work tree, or of a submodule
		if to, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir:"); ok {
			own = from(top, strings.TrimSpace(to))
		}
	}
	all := []string{own}
	if text, err := disk.ReadFile(filepath.Join(own, "commondir"), disk.MaxText); err == nil {
		all = append(all, from(own, strings.TrimSpace(string(text))))
	}
	for _, dir := range slices.Clone(all) {
		text, err := disk.ReadFile(filepath.Join(dir, "objects", "info", "alternates"), disk.MaxText)
		if err != nil {
			continue
		}
		for _, objects := range strings.Split(string(text), "\n") {
			if objects != "" {
				all = append(all, from(filepath.Join(dir, "objects"), objects))
			}
		}
	}
	return all
}

// from returns a path that may be relative to a directory.
func from(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// A search looks for a pipe or a device.
type search struct {
	ctx   context.Context
	seen  map[string]bool // directories, without links
	found string
}

// all looks at a directory, at those below it, and where links lead. Only names that are wanted count.
func (s *search) all(dir string, wanted func(name string) bool) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || s.seen[real] {
		return
	}
	s.seen[real] = true
	_ = filepath.WalkDir(real, func(path string, e fs.DirEntry, err error) error {
		switch {
		case s.ctx.Err() != nil || s.found != "":
			return fs.SkipAll
		case err != nil || e.IsDir() || !wanted(e.Name()):
			return nil // what cannot be read is nothing that git waits for
		}
		mode := e.Type()
		if mode&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				return nil
			}
			if mode = info.Mode().Type(); mode.IsDir() {
				s.all(path, wanted)
			}
		}
		if mode&(fs.ModeNamedPipe|fs.ModeDevice) != 0 {
			s.found = path
		}
		return nil
	})
}

// An answer holds what git prints, up to a limit.
type answer struct {
	text     bytes.Buffer
	limit    int
	exceeded bool
}

// Write returns an error beyond the limit, by which git ends.
func (a *answer) Write(b []byte) (int, error) {
	if a.text.Len()+len(b) > a.limit {
		a.exceeded = true
		return 0, fmt.Errorf("git prints more than %d bytes", a.limit)
	}
	return a.text.Write(b)
}
