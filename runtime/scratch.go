package runtime

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// architecture is that of the programs of this machine.
const architecture = goruntime.GOARCH

// newName returns the name of a new container.
func newName() string { return "seedpack-run-" + strings.ToLower(rand.Text()[:16]) }

// A scratch is a temporary directory of one run, which only this user may enter. It has all that the supervisor needs.
type scratch struct {
	top     string
	dir     *os.Root
	release func() error
}

func newScratch() (*scratch, error) {
	top, release, err := disk.TempDir("", "seedpack-run-")
	if err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(top)
	if err != nil {
		return nil, errors.Join(err, os.Remove(top), release())
	}
	return &scratch{top, dir, release}, nil
}

func (s *scratch) path(name string) string { return filepath.Join(s.top, filepath.FromSlash(name)) }

func (s *scratch) write(name string, content []byte) error {
	return s.dir.WriteFile(name, content, 0o600)
}

// openDir makes a directory in which every user may write.
func (s *scratch) openDir(name string) error {
	if err := s.dir.MkdirAll(name, 0o777); err != nil {
		return err
	}
	return s.dir.Chmod(name, 0o777) // whatever the umask is
}

func (s *scratch) bindSupervisor() bind {
	return bind{s.path("bin"), filepath.ToSlash(filepath.Dir(wire.Program)), false}
}

// remove removes the directory. What a container has left there may be another user's.
func (s *scratch) remove(ctx context.Context, e *Engine, image string) error {
	return errors.Join(s.dir.Close(), e.removeAll(context.WithoutCancel(ctx), s.top, image), s.release())
}

// cleanPatience is how long it may take to end a container, or to remove what it has left.
const cleanPatience = 30 * time.Second

// removeAll removes a directory of this machine. Files that only a container's root may remove are removed by a container.
func (e *Engine) removeAll(ctx context.Context, path, image string) error {
	err := os.RemoveAll(path)
	if !errors.Is(err, fs.ErrPermission) || image == "" {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cleanPatience, fmt.Errorf("no answer within %s", cleanPatience))
	defer cancel()
	s, err := newScratch()
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(s.dir.Close(), os.RemoveAll(s.top), s.release()) }() // it is ours alone
	if err := s.supervisor(e.supervisor); err != nil {
		return err
	}
	args, env := e.command(&container{name: newName(), image: image, args: []string{wire.CleanArgument, "0:0"},
		binds: []bind{s.bindSupervisor(), {path, wire.ProbeDir, true}}})
	cmd := exec.CommandContext(ctx, e.program, args...)
	ownGroup(cmd)
	cmd.Env = append(os.Environ(), env...)
	var complaint tail
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("remove %s: %w", path, e.explain(ctx, err, complaint.lines()))
	}
	return os.RemoveAll(path)
}

// end ends and removes a container, and says how to do it if that fails. A container that is gone is no error.
func (e *Engine) end(ctx context.Context, name string) error {
	if e.apptainer() {
		return nil // its processes end with the client
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cleanPatience, fmt.Errorf("no answer within %s", cleanPatience))
	defer cancel()
	_, err := e.output(ctx, nil, e.remove(name)...)
	if err != nil && !strings.Contains(strings.ToLower(err.Error()), "no such container") && !strings.Contains(err.Error(), "already in progress") {
		return fmt.Errorf("a container may be left: %w\nremove it: %s", err, e.byHand(name))
	}
	return nil
}
