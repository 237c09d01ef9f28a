package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
)

// finished is a job that came to its end.
type finished struct {
	result *packed // nil where an interruption came first
	err    error
	took   time.Duration
}

// packEach packs the jobs, as many at a time as were asked for, and prints what came of them in their order.
func (p *program) packEach(ctx context.Context, run *packRun, jobs []*task) (all []*packed, worst error) {
	within, cancel := context.WithCancel(ctx)
	done, wait := run.start(within, jobs)
	defer func() {
		cancel()
		wait()
	}()
	for _, ended := range done {
		f := <-ended
		if f.result == nil {
			break
		}
		all = append(all, f.result)
		if err := p.present(ctx, run, f, len(jobs) > 1); err != nil {
			return all, err
		}
		worst = exit.Worse(ctx, worst, f.err)
	}
	return all, worst
}

// start begins with the jobs and gives for each a channel on which it ends, and a function that returns when all have.
func (r *packRun) start(ctx context.Context, jobs []*task) (done []chan finished, wait func()) {
	for range jobs {
		done = append(done, make(chan finished, 1))
	}
	var group errgroup.Group
	group.SetLimit(max(1, r.parallel))
	started := make(chan struct{})
	go func() {
		defer close(started)
		for i, j := range jobs {
			group.Go(func() error {
				done[i] <- r.one(ctx, j)
				return nil
			})
		}
	}()
	return done, func() {
		<-started
		_ = group.Wait() // what a job has to say went the other way
	}
}

func (r *packRun) one(ctx context.Context, j *task) finished {
	if ctx.Err() != nil {
		return finished{}
	}
	start := time.Now()
	result, err := r.packJob(ctx, j)
	result.finish(err)
	return finished{result, err, time.Since(start)}
}

// present prints what came of a job: findings and the last line on standard output, an error and the times on standard
// error.
func (p *program) present(ctx context.Context, run *packRun, f finished, several bool) error {
	if f.err != nil && ctx.Err() == nil && !errors.Is(f.err, exit.Findings) {
		of := ""
		if several {
			of = f.result.job.Path + ": "
		}
		p.complain(exit.Status(ctx, f.err), of, f.err)
	}
	if run.format != "text" && run.format != "github" {
		return nil
	}
	if err := p.printPacked(run, f.result, f.err, f.took); err != nil {
		return err
	}
	if run.progress == "quiet" {
		return nil
	}
	_, err := fmt.Fprintf(p.stderr, "%s: %s\n", report.Escape(f.result.job.Path), f.result.times(f.took))
	return err
}

// total is the last line of standard error where several jobs were packed.
func (p *program) total(run *packRun, all []*packed, took time.Duration) {
	if len(all) < 2 || run.progress == "quiet" {
		return
	}
	stopped := 0
	for _, r := range all {
		if r.Stopped != "" && !r.Skipped {
			stopped++
		}
	}
	fmt.Fprintf(p.stderr, "%d jobs in %.2f s: %d packed, %d not\n", len(all), took.Seconds(), len(all)-stopped, stopped)
}

// times says how long a job took, and where.
func (p *packed) times(took time.Duration) string {
	line := fmt.Sprintf("%.2f s", took.Seconds())
	for i, stage := range stages {
		at, ok := p.Durations[stage]
		switch {
		case !ok:
			continue
		case i == 0:
			line += ":"
		default:
			line += ","
		}
		line += fmt.Sprintf(" %s %.2f", stage, at)
	}
	return line
}

// A toldError is one whose words were printed where it happened.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// checkParallel refuses what cannot go side by side.
func (r *packRun) checkParallel(jobs []*task) error {
	if r.parallel < 1 {
		return exit.Usagef("--parallel %d must be at least 1", r.parallel)
	}
	if r.parallel == 1 || len(jobs) == 1 {
		return nil
	}
	r.sideBySide = true
	if r.progress == "tty" {
		return exit.Usagef("--progress tty shows one job at a time: leave it out, or --parallel")
	}
	if r.progress == "auto" {
		r.progress = "plain"
	}
	names := map[string]string{}
	for _, j := range jobs {
		name, err := pack.Name(j.Manifest, r.registry)
		if err != nil || j.unlabelled != nil {
			continue // the job's own findings say so
		}
		if other, ok := names[name]; ok {
			return exit.Usagef("%s and %s are both called %s: pack them one at a time", other, j.Path, name)
		}
		names[name] = j.Path
	}
	return nil
}

// progressWriter is where the build of a job is shown: of several at a time, each line says which one it is about.
func (r *packRun) progressWriter(j *task) io.Writer {
	if !r.sideBySide {
		return r.program.stderr
	}
	return &prefixWriter{mu: &r.progressMu, next: r.program.stderr, prefix: "[" + report.Escape(filepath.Dir(j.Path)) + "] "}
}

// A prefixWriter writes whole lines, each behind a prefix. What has no line end stays with it.
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
