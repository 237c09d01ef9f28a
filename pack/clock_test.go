package pack

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moby/buildkit/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// says passes on what a supervisor prints. It returns what is left to show.
func says(c *clocks, lines ...string) (shown string) {
	status := &client.SolveStatus{}
	for _, l := range lines {
		status.Logs = append(status.Logs, &client.VertexLog{Data: []byte(l)})
	}
	c.hear(status)
	for _, l := range status.Logs {
		shown += string(l.Data) + "|"
	}
	return shown
}

// The clock of a run goes from the beginning of the job to its end. Only then does it end the run.
func TestClocks(t *testing.T) {
	t.Parallel()
	const begun, settled, forged = "begun", "settled", "forged"
	for _, tt := range []struct {
		name string
		said map[time.Duration]string
		ends time.Duration // 0: never
	}{
		{"the job does not begin", nil, 0},
		{"the supervisor is stopped", map[time.Duration]string{time.Hour: begun}, time.Hour + 25*time.Second},
		{"the report takes long", map[time.Duration]string{time.Minute: begun, time.Minute + 24*time.Second: settled}, 0},
		{"it begins only once", map[time.Duration]string{time.Minute: begun, time.Minute + 9*time.Second: begun}, time.Minute + 25*time.Second},
		{"another's end", map[time.Duration]string{time.Minute: begun, time.Minute + time.Second: forged}, time.Minute + 25*time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c clocks
				start := time.Now()
				ctx, stop := c.start(t.Context(), "nonce", &Process{Timeout: 3 * time.Second, Grace: 2 * time.Second})
				defer stop()
				for at, what := range tt.said {
					time.AfterFunc(at, func() {
						says(&c, map[string]string{begun: wire.Begun("nonce"), settled: wire.Settled("nonce"), forged: wire.Settled("other")}[what])
					})
				}
				time.Sleep(0)
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Hour):
				}
				lost := new(LostError)
				switch ended := c.lost(ctx, "nonce", context.Canceled); {
				case tt.ends == 0 && (ctx.Err() != nil || ended != nil):
					t.Errorf("it ends after %v: %v", time.Since(start), ended)
				case tt.ends > 0 && (time.Since(start) != tt.ends || !errors.As(ended, &lost)):
					t.Errorf("after %v: %v", time.Since(start), ended)
				case tt.ends > 0 && !strings.HasPrefix(lost.Reason, "gave no report within 25s after it began: "):
					t.Error(lost.Reason)
				}
			})
		})
	}
}

// The time in which this process does not run does not count, since it hears nothing then. A job ends by the clock all the same.
func TestClockOfStoppedProcess(t *testing.T) {
	t.Parallel()
	for _, settles := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var overdue atomic.Int64 // a time
			begin := time.Now()
			k := Clock{Limit: 25 * time.Second, Overdue: func(error) { overdue.Store(int64(time.Since(begin))) }}
			k.Begin()
			time.Sleep(24500 * time.Millisecond)
			k.mu.Lock()
			k.timer.Stop()
			k.mu.Unlock()
			k.measured(clockStep, time.Hour) // as when the process is continued after that time
			time.Sleep(19 * time.Second)
			if at := overdue.Load(); at != 0 {
				t.Errorf("it ends the run after %v", time.Duration(at))
			}
			if settles {
				k.Settle()
			}
			time.Sleep(time.Hour)
			want := 44500 * time.Millisecond
			if settles {
				want = 0
			}
			if at := time.Duration(overdue.Load()); at != want {
				t.Errorf("settled: %v, it ends the run after %v, want %v", settles, at, want)
			}
		})
	}
}

// What supervisors say to clocks is not shown. Everything else is.
func TestClocksHide(t *testing.T) {
	t.Parallel()
	var c clocks
	_, stop := c.start(t.Context(), "a", &Process{})
	defer stop()
	for said, want := range map[string]string{
		wire.Begun("a"):                       "",
		"one" + wire.Begun("a") + "two\n":     "onetwo\n|",
		wire.Settled("a") + wire.Settled("a"): "",
		wire.Settled("b"):                     wire.Settled("b") + "|",
		"\x1ea begun":                         "\x1ea begun|",
		"":                                    "",
		"x" + wire.FailedMark("a") + "disk full\ny": "xy|",
	} {
		if got := says(&c, said); got != want {
			t.Errorf("%q shows %q, not %q", said, got, want)
		}
	}
}

// A supervisor that ends without a report was ended by its job, once the job has begun. Other failures are not the job's.
func TestLost(t *testing.T) {
	t.Parallel()
	killed, typed := errors.New("process \"/.seedpack/bin/supervisor\" did not complete successfully: exit code: 137"), &gwpb.ExitError{ExitCode: 2}
	for _, tt := range []struct {
		name  string
		begun bool
		err   error
		want  string
	}{
		{"killed", true, killed, "(exit status 137)"},
		{"failed", true, typed, "(exit status 2)"},
		{"its machine failed", true, &gwpb.ExitError{ExitCode: wire.StatusMachine}, "write: disk full\nthis is about the machine that runs the job, and not about the job: is there room on its disk?"},
		{"before it began", false, killed, ""},
		{"the connection is lost", true, errors.New("rpc error: code = Unavailable desc = closing transport"), ""},
		{"the runtime failed", true, &gwpb.ExitError{ExitCode: gwpb.UnknownExitStatus, Err: errors.New("runc")}, ""},
		{"nothing failed", true, nil, ""},
	} {
		var c clocks
		ctx, stop := c.start(t.Context(), "n", &Process{Timeout: time.Hour})
		if tt.begun {
			says(&c, wire.Begun("n"), wire.FailedMark("n")+"write: disk full\n")
		}
		err := c.lost(ctx, "n", tt.err)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if lost := new(LostError); errors.As(err, &lost) != strings.Contains(tt.want, "exit status") {
			t.Errorf("%s: it is the job's fault: %v", tt.name, lost.Reason != "")
		}
		stop()
		if err := c.lost(ctx, "n", killed); err != nil {
			t.Errorf("%s, and the run is over: %v", tt.name, err)
		}
	}
}
