package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
)

// A Finished is a job that came to its end.
type Finished struct {
	Result *Result
	Err    error
	Took   time.Duration
}

// Each runs do, which is Pack, Try or Plan, for all tasks, as many at a time as Options.Parallel says. It yields what came
// of them in the order of the tasks. It ends early if ctx does, and waits for what it has started.
func (p *Pipeline) Each(ctx context.Context, do func(context.Context, Task) (*Result, error)) iter.Seq[Finished] {
	return func(yield func(Finished) bool) {
		ctx, cancel := context.WithCancel(ctx)
		done, wait := p.start(ctx, do)
		defer func() {
			cancel()
			wait()
		}()
		for _, ended := range done {
			f := <-ended
			if f.Result == nil || !yield(f) {
				return
			}
		}
	}
}

// start begins with the tasks. It returns a channel for each, on which it ends, and a function that returns when all have.
func (p *Pipeline) start(ctx context.Context, do func(context.Context, Task) (*Result, error)) (done []chan Finished, wait func()) {
	for range p.tasks {
		done = append(done, make(chan Finished, 1))
	}
	var group errgroup.Group
	group.SetLimit(max(1, p.opt.Parallel))
	started := make(chan struct{})
	go func() {
		defer close(started)
		for i, t := range p.tasks {
			group.Go(func() error {
				done[i] <- p.one(ctx, t, do)
				return nil
			})
		}
	}()
	return done, func() {
		<-started
		_ = group.Wait() // it has no errors: they are in what ended
	}
}

// one runs a task. Its result is nil if ctx ended before.
func (p *Pipeline) one(ctx context.Context, t Task, do func(context.Context, Task) (*Result, error)) Finished {
	if ctx.Err() != nil {
		return Finished{}
	}
	start := time.Now()
	r, err := do(ctx, t)
	r.secrets = p.host.Secrets
	r.settle()
	return Finished{r, err, time.Since(start)}
}

// checkParallel refuses jobs that cannot go side by side.
func (p *Pipeline) checkParallel() error {
	if !p.sideBySide {
		return nil
	}
	if p.opt.Progress == "tty" {
		return exit.Usagef("--progress tty shows one job at a time: leave it out, or --parallel")
	}
	paths := map[string]string{} // by name
	for _, t := range p.tasks {
		if t.Manifest == nil {
			continue // its label is reported
		}
		name, err := pack.Name(t.Manifest, p.opt.Registry)
		if err != nil {
			continue // lint reports it
		}
		if other, ok := paths[name]; ok {
			return exit.Usagef("%s and %s are both called %s: pack them one at a time", other, t.Path, name)
		}
		paths[name] = t.Path
	}
	return nil
}

// progressWriter returns where the build of a job is shown. If jobs go side by side, each line begins with its job.
func (p *Pipeline) progressWriter(j *job.Job) io.Writer {
	if !p.sideBySide {
		return p.host.Log
	}
	return &prefixWriter{mu: &p.progress, next: p.host.Log, prefix: "[" + report.Escape(filepath.Dir(j.Path)) + "] "}
}

// A prefixWriter writes whole lines, each behind a prefix. It keeps what has no line end yet.
type prefixWriter struct {
	mu     *sync.Mutex // of all that share next
	next   io.Writer
	prefix string
	rest   []byte
}

func (w *prefixWriter) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	if end == 0 {
		return len(b), nil
	}
	var out bytes.Buffer
	for line := range bytes.Lines(w.rest[:end]) {
		fmt.Fprintf(&out, "%s%s", w.prefix, line)
	}
	w.rest = append(w.rest[:0], w.rest[end:]...)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.next.Write(out.Bytes())
	return len(b), err
}
