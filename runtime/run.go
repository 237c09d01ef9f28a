package runtime

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A Runner runs processes in one image. It is what package verify calls a Runner. The caller closes it.
type Runner struct {
	Engine *Engine
	Image  string      // as the engine calls it
	Config pack.Config // of the image
	Inputs pack.Tree   // what Process.Mounts name
	// Stage is a directory of this user alone. What a run leaves is there until Close, so that it can be moved to a place on
	// the same file system.
	Stage    string
	Progress pack.Progress
}

// Close removes the stage, with what was not moved away.
func (r *Runner) Close() error { return r.Engine.removeAll(context.Background(), r.Stage, r.Image) }

// Run runs a process in the image, with the files of this machine bound in. A process that fails or cannot start is an outcome,
// not an error. If it stopped its supervisor, the error is a *pack.LostError. Outcome.Staged has the directories of
// Process.Archive. Nothing of the container is left when Run returns.
func (r *Runner) Run(ctx context.Context, p pack.Process) (_ *pack.Outcome, err error) {
	s, err := newScratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.remove(ctx, r.Engine, r.Image)) }()
	nonce := rand.Text()
	spec := p.Spec(r.Config)
	spec.Owner, spec.Lifeline = r.Engine.facts.Owner, true
	if err := s.prepare(r.Engine.supervisor, p.Secrets); err != nil {
		return nil, err
	}
	m := &mounter{runner: r, scratch: s, process: &p}
	if err := m.all(ctx); err != nil {
		return nil, err
	}
	spec.Archive, spec.Give = nil, m.given()
	if err := s.writeSpec(&spec); err != nil {
		return nil, err
	}
	c := &container{name: newName(), image: r.Image, nonce: nonce, lifeline: true, network: p.Network, shm: p.SharedMem, memory: p.Memory,
		cpus: p.CPUs, limited: r.Engine.facts.Unlimited == "", binds: append(s.binds(), m.binds...)}
	if err := r.contain(ctx, c, &p); err != nil {
		return nil, err
	}
	outcome, err := s.outcome(nonce)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", p.Name, err)
	}
	outcome.Staged = m.staged
	return outcome, nil
}

// prepare writes the supervisor and the secrets. The spec follows when the mounts are known.
func (s *scratch) prepare(program []byte, secrets map[string]string) error {
	err := errors.Join(s.supervisor(program), s.dir.Mkdir("spec", 0o700), s.dir.Mkdir("report", 0o700), s.dir.Mkdir("secrets", 0o700))
	for name, value := range secrets {
		err = errors.Join(err, s.write("secrets/"+filepath.Base(wire.SecretFile(name)), []byte(value)))
	}
	return err
}

func (s *scratch) writeSpec(spec *wire.Spec) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	return s.write("spec/"+filepath.Base(wire.SpecFile), text)
}

// binds are the directories of the supervisor.
func (s *scratch) binds() []bind {
	return []bind{s.bindSupervisor(), {s.path("spec"), filepath.ToSlash(filepath.Dir(wire.SpecFile)), false},
		{s.path("secrets"), wire.SecretDir, false}, {s.path("report"), wire.ReportDir, true}}
}

// outcome reads the report.
func (s *scratch) outcome(nonce string) (*pack.Outcome, error) {
	report, err := disk.ReadIn(s.dir, "report/"+wire.ReportFile, wire.MaxReport)
	if err != nil {
		return nil, fmt.Errorf("the supervisor left no report: %w", err)
	}
	return wire.ReadOutcome(nonce, report)
}

// engineStatus is the exit status of a client that failed itself. The supervisor never ends with it.
const engineStatus = 125

// contain runs the container to its end. It returns nil if the supervisor has left a report.
func (r *Runner) contain(ctx context.Context, c *container, p *pack.Process) error {
	timed, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &watcher{nonce: c.nonce, clock: pack.Clock{Limit: p.Limit(), Overdue: cancel}, show: r.shower()}
	defer w.clock.Settle()
	args, env := r.Engine.command(c)
	cmd := exec.Command(r.Engine.program, args...)
	ownGroup(cmd)
	var complaint tail
	cmd.Env, cmd.WaitDelay = append(os.Environ(), env...), 5*time.Second
	stdout, stderr := &lines{watcher: w}, &lines{watcher: w, tail: &complaint}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// It ends with this process, however that ends. The supervisor then ends the job, and the engine removes the container.
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer lifeline.Close()
	err = r.Engine.wait(timed, cmd, c.name)
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // the client ended well, and only the end of its output was not read in time: the report says how the run went
	}
	stdout.end()
	stderr.end()
	if cause := context.Cause(timed); cause != nil {
		if errors.Is(err, cause) { // it also says if something is left
			return err
		}
		return cause
	}
	status := exitStatus(err)
	switch {
	case err == nil:
		return nil
	case w.clock.Begun() && status > 0 && status != engineStatus:
		err := w.clock.Ended(strconv.Itoa(status))
		if lost := new(pack.LostError); errors.As(err, &lost) {
			return err
		}
		return fmt.Errorf("run %s: %w", p.Name, err)
	case !w.clock.Begun():
		r.Engine.forget()
	}
	return fmt.Errorf("run %s: %w", p.Name, r.Engine.explain(ctx, err, complaint.lines()))
}

// exitStatus returns that of a program that has ended, or -1.
func exitStatus(err error) int {
	if ended := new(exec.ExitError); errors.As(err, &ended) {
		return ended.ExitCode()
	}
	return -1
}

// wait runs the client of an engine to its end. If the context ends before, the container is ended, and then the client ends. A
// client may just be making the container when it is ended for the first time, so that is tried again until the client has ended.
func (e *Engine) wait(ctx context.Context, cmd *exec.Cmd, container string) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	over := time.After(cleanPatience)
	for {
		if e.apptainer() {
			killGroup(cmd)
		}
		err := e.end(context.WithoutCancel(ctx), container)
		select {
		case <-ended:
			// What was made after the last attempt is removed now: the client makes nothing more.
			return errors.Join(context.Cause(ctx), e.end(context.WithoutCancel(ctx), container))
		case <-over:
			killGroup(cmd)
			<-ended
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
