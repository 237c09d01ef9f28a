// Package beside runs a command beside a server that is gone with the command: nothing is left running, and nothing is kept.
package beside

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// Main runs the command in os.Args with the environment that serve gives it, calls stop, and exits as the command does.
// Serve gets a directory that is removed at the end.
func Main(name string, serve func(ctx context.Context, dir string) (env []string, stop func() error, err error)) {
	// A server gets a signal when the thread that started it ends, so that thread must be the last one.
	runtime.LockOSThread()
	if len(os.Args) < 2 {
		fmt.Fprintf(os.Stderr, "usage: %s COMMAND [ARGUMENT...]\n", name)
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	err := run(ctx, name, serve)
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Exited() {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name string, serve func(context.Context, string) ([]string, func() error, error)) (err error) {
	dir, err := os.MkdirTemp("", "seedpack-"+name+"-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	env, stop, err := serve(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()

	cmd := exec.CommandContext(ctx, os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	// A terminal interrupts the whole group: the command has heard of it, and gets time to clean up after itself.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	return cmd.Run()
}

// patience is how long a command or a server may take to end.
const patience = 30 * time.Second

// A Process is a server.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts a server in a process group of its own, and returns when it answers. The log is quoted where it does not
// within the limit.
func Start(ctx context.Context, cmd *exec.Cmd, log string, limit time.Duration, answers func() bool) (*Process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ends after TERM says nothing
		close(p.ended)
	}()
	if err := p.ready(ctx, limit, answers); err != nil {
		said, _ := os.ReadFile(log)
		return nil, errors.Join(fmt.Errorf("%s %w\n%s", cmd.Path, err, said), p.Stop())
	}
	return p, nil
}

func (p *Process) ready(ctx context.Context, limit time.Duration, answers func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errors.New("does not answer"))
	defer cancel()
	for !answers() {
		select {
		case <-p.ended:
			return errors.New("ended before it answered")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// Stop ends the server by its own process id, and waits for it: it ends what it started. One that takes longer is killed
// with its group, which is an error.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-p.ended
	return fmt.Errorf("%s did not end and was killed", p.cmd.Path)
}
