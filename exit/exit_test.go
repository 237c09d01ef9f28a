package exit

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	live, ended := t.Context(), cancelled()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"nothing", live, nil, StatusClean},
		{"nothing, interrupted late", ended, nil, StatusClean},
		{"findings", live, Findings, StatusFindings},
		{"findings beside a failed close", live, errors.Join(Findings, errors.New("close")), StatusFindings},
		{"usage", live, Usagef("no %s", "flag"), StatusUsage},
		{"usage, wrapped", live, fmt.Errorf("read: %w", Usage(errors.New("bad"))), StatusUsage},
		{"usage wins over findings", live, errors.Join(Findings, Usagef("bad")), StatusUsage},
		{"failure", live, errors.New("network"), StatusFailure},
		{"interrupted", ended, Findings, StatusInterrupted},
	} {
		if got := Status(tt.ctx, tt.err); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
	if Usage(nil) != nil {
		t.Error("no error became a mistake in the command line")
	}
}

func TestWorse(t *testing.T) {
	t.Parallel()
	failure, usage := errors.New("network"), Usagef("bad")
	for _, tt := range []struct{ a, b, want error }{
		{nil, Findings, Findings}, {Findings, nil, Findings}, {Findings, failure, failure}, {failure, usage, failure}, {usage, Findings, usage},
	} {
		if got := Worse(t.Context(), tt.a, tt.b); !errors.Is(got, tt.want) {
			t.Errorf("of %v and %v: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
