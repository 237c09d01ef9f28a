//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// runJob runs the job to its end. It sets everything in the outcome except the files. An error is about the machine.
func (at place) runJob(spec *wire.Spec, hidden *secrets) (*wire.Outcome, error) {
	o := &wire.Outcome{Nonce: spec.Nonce, Exit: -1}
	who, err := accounts{"/etc/passwd", "/etc/group"}.find(runnable(spec.User))
	if err != nil {
		notStarted(o, err)
		return o, nil
	}
	o.UID, o.GID = who.uid, who.gid
	stdout, outWriter, err1 := newCapture(who, hidden.redactor)
	stderr, errWriter, err2 := newCapture(who, hidden.redactor)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("start the job: %w", err)
	}
	adopt()
	warmThreads()
	during := at.begin()
	meter := newMeter()
	sayBegun(os.Stdout, spec.Nonce)
	pid, err := start(spec, who, hidden.values, outWriter, errWriter)
	outWriter.Close()
	errWriter.Close()
	if err != nil {
		saySettled(os.Stdout, spec.Nonce)
		if isMachineFault(err, startFaults...) {
			return nil, fmt.Errorf("start the job: %w", err)
		}
		notStarted(o, err)
		return o, nil
	}
	o.Started = true
	go stdout.run(os.Stdout)
	go stderr.run(os.Stderr)
	meter.begin()
	wait(spec, pid, o)
	saySettled(os.Stdout, spec.Nonce)
	meter.end(o)
	o.Stdout, o.Stderr = stdout.finish(5*time.Second), stderr.finish(5*time.Second)
	for _, s := range []struct {
		name string
		*capture
	}{{"stdout", stdout}, {"stderr", stderr}} {
		for _, i := range s.hiding.Found() {
			addLeak(o, hidden.names[i], s.name, false)
		}
	}
	o.Elsewhere = at.elsewhere(during.end(at))
	return o, nil
}

// notStarted says why there is no job, and how to change that.
func notStarted(o *wire.Outcome, err error) {
	o.StartError = err.Error()
	if known := new(misfit); errors.As(err, &known) {
		o.StartFix = known.fix
	}
}

func addLeak(o *wire.Outcome, variable, where string, file bool) {
	if len(o.Leaks) < wire.MaxSome {
		o.Leaks = append(o.Leaks, wire.Leak{Variable: variable, Where: []byte(where), File: file})
	}
}
