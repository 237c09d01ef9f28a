package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// reportPatience is how long a report may take after the timeout and the grace.
const reportPatience = 10 * time.Second

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

// LostWith is the error of a run whose supervisor ended with an exit status other than 0, after the job began.
func LostWith(status string) *LostError {
	return &LostError{"ended the program that runs it, which left no report (exit status " + status + ")"}
}

// clocks end the runs of a build from outside. A job that runs as root shares its container with the supervisor, and can stop
// it. The clock of a run goes from the moment when the job begins until its last process has ended: what comes before and after
// is the engine's work and the supervisor's. The supervisor says both in its output.
type clocks struct {
	mu      sync.Mutex
	running map[string]*clock // by nonce
}

type clock struct {
	limit  time.Duration // 0: none
	cancel context.CancelCauseFunc
	begun  bool
	timer  *time.Timer // nil until then
}

// start returns a context that ends if the run of a process takes longer than it can, or when stop is called.
func (c *clocks) start(ctx context.Context, nonce string, p *Process) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	k := &clock{cancel: cancel, limit: p.Limit()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = map[string]*clock{}
	}
	c.running[nonce] = k
	return ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.running, nonce)
		k.settle()
		cancel(nil)
	}
}

// settle stops the clock. The caller holds the lock.
func (k *clock) settle() {
	if k.timer != nil {
		k.timer.Stop()
	}
}

// begin starts the clock. The caller holds the lock.
func (k *clock) begin() {
	if k.begun {
		return
	}
	k.begun = true
	if k.limit > 0 {
		k.timer = time.AfterFunc(k.limit, func() {
			k.cancel(LostAfter(k.limit))
		})
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
			if begun := []byte(wire.Begun(nonce)); bytes.Contains(l.Data, begun) {
				k.begin()
				l.Data = bytes.ReplaceAll(l.Data, begun, nil)
			}
			if settled := []byte(wire.Settled(nonce)); bytes.Contains(l.Data, settled) {
				k.settle()
				l.Data = bytes.ReplaceAll(l.Data, settled, nil)
			}
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

// lost returns a *LostError if the run of a process failed because its supervisor was stopped or has ended. A supervisor that
// works ends with status 0, whatever the job does. It returns nil for other errors.
func (c *clocks) lost(ctx context.Context, nonce string, err error) error {
	if err == nil {
		return nil
	}
	if lost := new(LostError); errors.As(context.Cause(ctx), &lost) {
		return lost
	}
	c.mu.Lock()
	k := c.running[nonce]
	begun := k != nil && k.begun
	c.mu.Unlock()
	status := exitStatus(err)
	if ctx.Err() != nil || !begun || status == "" {
		return nil
	}
	return LostWith(status)
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
