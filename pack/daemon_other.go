//go:build !linux

package pack

import (
	"errors"
	"os/exec"
)

func daemonPossible() error {
	return errors.New("a private buildkitd runs on Linux only; point --builder or BUILDKIT_HOST at a BuildKit")
}

func startBound(*exec.Cmd) (<-chan struct{}, error) { return nil, daemonPossible() }

func lockFile(string) (func() error, error) { return nil, daemonPossible() }

func freeBytes(string) uint64 { return 0 }
