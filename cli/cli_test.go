package cli

import (
	"errors"
	"fmt"
	"testing"

	"github.com/seedpack/seedpack/exit"
)

// What has been printed is not printed again, and nothing that comes with it is lost.
func TestUntold(t *testing.T) {
	t.Parallel()
	closing := errors.New("close cache: disk full")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, "<nil>"},
		{exit.Findings, "<nil>"},
		{toldError{closing}, "<nil>"},
		{closing, "close cache: disk full"},
		{fmt.Errorf("list: %w", toldError{closing}), "list: close cache: disk full"},
		{errors.Join(toldError{errors.New("told")}, closing), "close cache: disk full"},
		{errors.Join(exit.Findings, closing), "close cache: disk full"},
		{errors.Join(errors.Join(toldError{errors.New("told")}, nil), errors.Join(exit.Findings, closing)), "close cache: disk full"},
		{errors.Join(exit.Findings, toldError{closing}), "<nil>"},
	} {
		if got := fmt.Sprint(untold(tt.err)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}
