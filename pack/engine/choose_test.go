package engine

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAwaitDaemon(t *testing.T) {
	refused := errors.New("refused")
	for _, c := range []struct {
		name   string
		fails  int   // dials before one that succeeds
		with   error // of those dials
		ended  bool  // the daemon has ended
		want   error
		dialed int
	}{
		{"answers", 0, nil, false, nil, 1},
		{"is slow", 3, errNoAnswer, false, nil, 4},
		{"never answers", 100, errNoAnswer, false, errNoAnswer, 8},
		{"has ended", 100, errNoAnswer, true, errNoAnswer, 1},
		{"refuses", 100, refused, false, refused, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				exited := make(chan struct{})
				if c.ended {
					close(exited)
				}
				var log bytes.Buffer
				dialed := 0
				_, err := awaitDaemon(t.Context(), exited, &log, func() (*Engine, error) {
					if dialed++; dialed > c.fails {
						return &Engine{}, nil
					}
					time.Sleep(connectTimeout)
					return nil, fmt.Errorf("reach it: %w", c.with)
				})
				if !errors.Is(err, c.want) || dialed != c.dialed {
					t.Errorf("error %v after %d dials, want %v after %d", err, dialed, c.want, c.dialed)
				}
				if lines := strings.Count(log.String(), "\n"); lines != dialed-1 {
					t.Errorf("%d lines for %d dials:\n%s", lines, dialed, log.String())
				}
			})
		})
	}
}
