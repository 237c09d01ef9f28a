// Package needs is what tests need of a machine. A test that lacks something is skipped. With SEEDPACK_STRICT, which make test
// sets, it fails: a test that never runs proves nothing.
package needs

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lacks(t, name+" is missing: make test installs it")
	}
	return path
}

// Variable returns the value of an environment variable that make test sets.
func Variable(t testing.TB, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		Lacks(t, name+" is not set: make test sets it")
	}
	return value
}

// Lacks ends a test for the reason that it gives.
func Lacks(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("SEEDPACK_STRICT") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
