package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/runtime"
)

// A containerFlags says in which container engine a job runs.
type containerFlags struct{ with string }

func (f *containerFlags) add(s *pflag.FlagSet) {
	s.StringVar(&f.with, "with", runtime.Auto, "what runs the job: docker, podman or apptainer, with your files bound in; buildkit, to which they are copied; auto: the first that works here")
	oneOf(s, "with", runtime.Names()...)
}

func (f *containerFlags) options(p *Process, quiet bool) (*lazyContainer, error) {
	if !slices.Contains(runtime.Names(), f.with) {
		return nil, exit.Usagef("--with %q must be one of %s", f.with, strings.Join(runtime.Names(), ", "))
	}
	return &lazyContainer{process: p, quiet: quiet, options: runtime.Options{With: f.with, CacheDir: CacheDir(p.Getenv), Getenv: p.Getenv}}, nil
}

// A lazyContainer looks for a container engine at its first use, so that a job that fails before needs none.
type lazyContainer struct {
	process *Process
	options runtime.Options
	quiet   bool

	mu     sync.Mutex
	asked  bool
	engine *runtime.Engine // nil: BuildKit
}

// find returns the engine for a job on one of these platforms, whose image has one of the IDs. It is nil if BuildKit runs the job.
func (l *lazyContainer) find(ctx context.Context, platforms, ids []string) (*runtime.Engine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked || l.options.With == runtime.BuildKit {
		return l.engine, nil
	}
	if l.options.With == runtime.Auto && len(platforms) > 0 && !slices.ContainsFunc(platforms, runtime.Native) {
		l.say("the job runs in BuildKit, to which files are copied: it is for " + strings.Join(platforms, ", ") + ", which is not this machine's platform")
		return nil, nil
	}
	l.process.useEngine(1)
	l.options.Images = ids
	engine, before, err := runtime.Find(ctx, l.options)
	if err != nil {
		l.process.useEngine(-1)
		return nil, err
	}
	l.asked, l.engine = true, engine
	l.tell(before)
	return engine, nil
}

// tell says what runs the job, and why nothing before it does.
func (l *lazyContainer) tell(before []runtime.Way) {
	line := "the job runs in BuildKit, to which files are copied"
	if l.engine != nil {
		line = "the job runs in " + l.engine.Name
	}
	for _, way := range before {
		line += fmt.Sprintf("; not in %s: %s", way.Name, way.Answer)
	}
	if l.options.With == runtime.Auto {
		l.say(line)
	}
	if l.engine != nil && l.engine.Unlimited() != "" {
		l.say(l.engine.Name + " cannot limit memory, processors and processes here: " + l.engine.Unlimited())
	}
}

func (l *lazyContainer) say(line string) {
	if !l.quiet {
		fmt.Fprintln(l.process.Stderr, "seedpack: "+report.EscapeLines(line))
	}
}

// close lets go of the engine, if one was asked for.
func (l *lazyContainer) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked {
		return nil
	}
	defer l.process.useEngine(-1)
	if l.engine == nil {
		return nil
	}
	return l.engine.Close()
}
