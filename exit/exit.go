// Package exit has the exit statuses of the program and the errors that lead to them. It prints nothing.
package exit

import (
	"context"
	"errors"
	"fmt"
)

// Exit statuses. Scripts rely on them.
const (
	StatusClean       = 0
	StatusFindings    = 1   // the job is wrong
	StatusUsage       = 2   // the command line is wrong, or names no job
	StatusFailure     = 3   // something could not be checked or done
	StatusInterrupted = 130 // what a shell reports after SIGINT
)

// Findings ends a command whose reports have said everything. It is never printed.
//
//lint:ignore ST1012 "return exit.Findings" names the status, as Usagef does; it is no failure
var Findings = errors.New("findings")

// A usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage marks an error as a mistake in the command line. It returns nil for nil.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// Usagef returns a mistake in the command line, formatted as fmt.Errorf does.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// IsUsage reports whether an error is a mistake in the command line.
func IsUsage(err error) bool {
	var usage usageError
	return errors.As(err, &usage)
}

// Status returns the exit status for an error. Once ctx has ended, any error counts as an interruption.
func Status(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return StatusClean
	case ctx.Err() != nil:
		return StatusInterrupted
	case IsUsage(err):
		return StatusUsage
	case errors.Is(err, Findings):
		return StatusFindings
	}
	return StatusFailure
}

// Worse returns the error with the higher status, and a if they are equal.
func Worse(ctx context.Context, a, b error) error {
	if Status(ctx, b) > Status(ctx, a) {
		return b
	}
	return a
}
