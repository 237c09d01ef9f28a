// Seedpack takes a Seed job from its manifest to its published image: lint → name → build → smoke → push → verify → tag.
//
// This file is the process: garbage collector, streams, exit status. Read pipeline/pipeline.go next: it is the way of a job.
// Package cli is what a person types, and package github what a step of GitHub Actions is given.
package main

import (
	"os"
	"runtime/debug"

	"github.com/seedpack/seedpack/cli"
)

// version is set by the linker in releases.
var version string

func main() {
	if os.Getenv("GOGC") == "" {
		// Little of what a run makes stays, and most runs end within milliseconds. To collect it all the time would take a
		// tenth of them.
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		// A hostile file must not take the memory of the machine. Beyond this, the collector works as hard as it can.
		debug.SetMemoryLimit(128 << 20)
	}
	os.Exit(cli.Main(os.Args[1:], cli.Process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Version: version}))
}
