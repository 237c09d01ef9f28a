//go:build !linux

package engine

import (
	"context"
	"errors"
	"os/exec"
)

func checkDaemonSupport() error {
	return errors.New("a private buildkitd runs on Linux only; point --builder or BUILDKIT_HOST at a BuildKit")
}

func startBound(*exec.Cmd) (<-chan struct{}, error) { return nil, checkDaemonSupport() }

func lockFile(string) (func() error, error) { return nil, checkDaemonSupport() }

func freeBytes(string) uint64 { return 0 }

func isDaemonOf(int, string) bool { return false }

func endContainers(context.Context, string, string, string) error { return nil }

func unmountBelow(string) error { return nil }
