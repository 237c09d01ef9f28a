package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/seedpack/seedpack/internal/lazy"

	"github.com/moby/buildkit/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A LostError says that a run has no report, because the job stopped or ended the supervisor that runs it. Its text is about the
// job.
type LostError struct{ Reason string }

func (e *LostError) Error() string { return e.Reason }

// reportPatience is how long a report may take after the timeout and the grace. The supervisor itself gives up after half of that on
// processes that the kernel cannot end.
const reportPatience = 20 * time.Second

// Limit returns how long the run may take, from the moment when the job begins until its last process has ended. A longer one
// has lost its supervisor. 0: without end.
func (p *Process) Limit() time.Duration {
	if p.Timeout <= 0 {
		return 0
	}
	return p.Timeout + p.Grace + reportPatience
}

// LostAfter is the error of a run that took longer than its Limit.
func LostAfter(limit time.Duration) *LostError {
	return &LostError{fmt.Sprintf("gave no report within %v after it began: its timeout and the grace were over %v before", limit, reportPatience)}
}

// machineError returns the error of a run whose supervisor was failed by its machine.
func machineError(reason string) error {
	if reason == "" {
		reason = "its supervisor ended without a report"
	}
	return fmt.Errorf("%s\nthis is about the machine that runs the job, and not about the job: is there room on its disk?", reason)
}

// LostWith is the error of a run whose supervisor ended with an exit status other than 0, after the job began.
func LostWith(status string) *LostError {
	return &LostError{"ended the program that runs it, which left no report (exit status " + status + ")"}
}

// clocks end the runs of a build from outside. A job that runs as root shares its container with the supervisor, and can stop
// it. The clock of a run goes from the moment when the job begins until its last process has ended: what comes before and after
// is the engine's work and the supervisor's. The supervisor says both in its output.
type clocks struct {
	mu      sync.Mutex
	running map[string]*Clock // by nonce
}

// A Clock measures how long a run takes. It is for the output of one supervisor, whose words begin and settle it. Its methods may be
// called at the same time.
type Clock struct {
	Limit   time.Duration // 0: none
	Overdue func(error)   // called once, with a *LostError, unless the clock is settled before

	mu      sync.Mutex
	begun   bool
	settled bool
	reason  string
	left    time.Duration
	timer   *time.Timer // nil until there is one
}

// clockStep is how much a clock measures at a time.
const clockStep = time.Second

// Begin starts the clock, unless it has begun.
func (k *Clock) Begin() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.begun {
		return
	}
	k.begun, k.left = true, k.Limit
	k.next()
}

// Begun reports whether the job has begun.
func (k *Clock) Begun() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.begun
}

// Hear takes what a supervisor with the nonce says out of its output, and returns the rest. Each mark and its line end must be in one
// piece of the output.
func (k *Clock) Hear(nonce string, output []byte) []byte {
	if !bytes.Contains(output, []byte(wire.MarkStart+nonce)) {
		return output
	}
	for mark, do := range map[string]func(){wire.Begun(nonce): k.Begin, wire.Settled(nonce): k.Settle} {
		if bytes.Contains(output, []byte(mark)) {
			do()
			output = bytes.ReplaceAll(output, []byte(mark), nil)
		}
	}
	if before, after, ok := bytes.Cut(output, []byte(wire.FailedMark(nonce))); ok {
		reason, rest, _ := bytes.Cut(after, []byte("\n"))
		k.mu.Lock()
		k.reason = string(reason)
		k.mu.Unlock()
		output = slices.Concat(before, rest)
	}
	return output
}

// Ended returns the error of a run whose supervisor ended with an exit status other than 0. It is a *LostError if the job ended it.
func (k *Clock) Ended(status string) error {
	if status != strconv.Itoa(wire.StatusMachine) {
		return LostWith(status)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return machineError(k.reason)
}

// Settle stops the clock for good.
func (k *Clock) Settle() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.settled = true
	if k.timer != nil {
		k.timer.Stop()
	}
}

// next measures the next step. The caller holds the lock.
func (k *Clock) next() {
	if k.left <= 0 || k.settled {
		return
	}
	step, set := min(k.left, clockStep), time.Now()
	k.timer = time.AfterFunc(step, func() { k.measured(step, time.Since(set)) })
}

// measured takes a step from what is left of the limit. A step that took much longer says that this process did not run for a while,
// such as a terminal's stopped job, or one on a busy machine. What the supervisor said meanwhile is then still to be read.
func (k *Clock) measured(step, took time.Duration) {
	k.mu.Lock()
	k.left -= step
	if took > step+clockStep {
		k.left = max(k.left, reportPatience)
	}
	overdue := k.left <= 0 && !k.settled
	k.next()
	k.mu.Unlock()
	if overdue {
		k.Overdue(LostAfter(k.Limit))
	}
}

// start returns a context that ends if the run of a process takes longer than it can, or when stop is called.
func (c *clocks) start(ctx context.Context, nonce string, p *Process) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	k := &Clock{Limit: p.Limit(), Overdue: cancel}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = map[string]*Clock{}
	}
	c.running[nonce] = k
	return ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.running, nonce)
		k.Settle()
		cancel(nil)
	}
}

// hear starts and stops clocks, and removes from the output what the supervisors say to them.
func (c *clocks) hear(status *client.SolveStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range status.Logs {
		if !bytes.Contains(l.Data, []byte(wire.MarkStart)) {
			continue
		}
		for nonce, k := range c.running {
			l.Data = k.Hear(nonce, l.Data)
		}
	}
	status.Logs = withoutEmpty(status.Logs)
}

func withoutEmpty(logs []*client.VertexLog) []*client.VertexLog {
	kept := logs[:0]
	for _, l := range logs {
		if len(l.Data) > 0 {
			kept = append(kept, l)
		}
	}
	return kept
}

// lost returns an error if the run of a process failed because its supervisor was stopped or has ended: a *LostError, unless the
// machine failed the supervisor. A supervisor that works ends with status 0, whatever the job does. It returns nil for other errors.
func (c *clocks) lost(ctx context.Context, nonce string, err error) error {
	if err == nil {
		return nil
	}
	if lost := new(LostError); errors.As(context.Cause(ctx), &lost) {
		return lost
	}
	c.mu.Lock()
	k := c.running[nonce]
	begun := k != nil && k.Begun()
	c.mu.Unlock()
	status := exitStatus(err)
	if ctx.Err() != nil || !begun || status == "" {
		return nil
	}
	return k.Ended(status)
}

// exitText is how engines that send no exit status as such write it.
var exitText = lazy.Regexp(`exit code: (\d+)`)

// exitStatus returns the exit status of a process in a container that failed. It is empty for other errors.
func exitStatus(err error) string {
	if ended := new(gwpb.ExitError); errors.As(err, &ended) && ended.ExitCode != gwpb.UnknownExitStatus {
		return fmt.Sprint(ended.ExitCode)
	}
	if m := exitText().FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}
