package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seedpack/seedpack/exit"
)

// How long a command may take to end after a signal. One that uses an engine stops its build, and perhaps a daemon.
const (
	patience       = 2 * time.Second
	enginePatience = 45 * time.Second
)

// errClosed ends a command whose output nobody reads any more.
var errClosed = errors.New("the output is closed")

// Main is main without the process: it runs the command that the arguments name, and returns the exit status. The signals INT,
// TERM and HUP end the command in order, and so does a reader that closes standard output or standard error, as head does. What
// the command has begun is undone. A wait that no signal can end, such as for a pipe, does not keep the process.
func Main(args []string, p Process) int {
	ctx, stop := signal.NotifyContext(context.Background(), endSignals()...)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.closed = func() bool { return isClosed(p.Stdout) || isClosed(p.Stderr) }
	p.engines = new(atomic.Int32)
	// With a handler, a write to a closed pipe is an error and does not end the process. SIG_IGN would be inherited by programs
	// that are started. Sockets give the signal, too.
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	defer signal.Stop(pipes)
	go func() {
		for range pipes {
			if p.closed() {
				cancel(errClosed)
			}
		}
	}()
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, args, p) }()
	select {
	case status := <-ended:
		return status
	case <-ctx.Done():
	}
	return p.awaitEnd(ended)
}

// awaitEnd waits until a command has ended after a signal.
func (p *Process) awaitEnd(ended <-chan int) int {
	begin := time.Now()
	for {
		select {
		case status := <-ended:
			return status
		case <-time.After(100 * time.Millisecond):
		}
		waited := time.Since(begin)
		if engines := p.engines.Load(); engines > 0 && waited > enginePatience || engines == 0 && waited > patience {
			fmt.Fprintf(p.Stderr, "seedpack: interrupted; something still waits after %s, and is given up\n", waited.Round(time.Second))
			return exit.StatusInterrupted
		}
	}
}

// useEngine counts the engines in use. Until they are closed, the process waits longer after a signal.
func (p *Process) useEngine(n int32) {
	if p.engines != nil {
		p.engines.Add(n)
	}
}

// endSignals are the signals that end a command. A process that was started to outlive its terminal, with nohup, does so.
func endSignals() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// An interruptible is a reader whose Read returns when the context ends. The read goes on and is lost.
type interruptible struct {
	ctx  context.Context // of the command, which this reader does not outlive
	next io.Reader
}

func (r *interruptible) Read(b []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	type result struct {
		n   int
		err error
	}
	own, done := make([]byte, len(b)), make(chan result, 1)
	go func() {
		n, err := r.next.Read(own)
		done <- result{n, err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, fmt.Errorf("interrupted: %w", context.Cause(r.ctx))
	case read := <-done:
		return copy(b, own[:read.n]), read.err
	}
}
