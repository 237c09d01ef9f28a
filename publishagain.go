package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
)

// pushPauses are between the pushes of an image whose connection breaks, each with up to half as much again. BuildKit has
// tried several times within each of them.
var pushPauses = [...]time.Duration{2 * time.Second, 6 * time.Second}

// build builds, tries and pushes. Where the push breaks off it does so again, and what was built before comes from the
// cache. The gate is asked again, too: only what was tried in the session that pushes it is known to be what was tried.
func (r *packRun) build(ctx context.Context, e *engine.Engine, request pack.Request, result *packed, gate func(context.Context, []*pack.Candidate) error) (*pack.Result, error) {
	before := *result
	for try := 0; ; try++ {
		built, err := pack.Build(ctx, e, request, gate)
		var broken *pack.PushError
		if !errors.As(err, &broken) || !broken.Passing || try == len(pushPauses) {
			return built, err
		}
		// What the engine says of a refusal may hold no more than the registry's own words.
		if refused := r.remote.Preflight(ctx, request.Repository); registry.IsRefused(refused) {
			return built, refused
		}
		pause := pushPauses[try] + rand.N(pushPauses[try]/2)
		r.warn("%v: trying again in %s", err, pause.Round(time.Second))
		if err := wait(ctx, pause); err != nil {
			return built, err
		}
		result.reports, result.smokes, result.Cases = before.reports, before.smokes, before.Cases
		r.begin(result, "build")
	}
}

// verifyAndTag reads back what the registry holds, and only then names it.
func (r *packRun) verifyAndTag(ctx context.Context, result *packed, reference string, built *pack.Result) error {
	r.begin(result, "verify")
	found, err := r.published(ctx, result, reference, built)
	switch {
	case registry.IsNotFound(err):
		return &registry.Vanished{Reference: reference, Digest: built.Digest}
	case err != nil:
		return fmt.Errorf("%w\n%s is not named: the registry holds %s without a tag", err, reference, built.Digest)
	}
	result.add(found)
	if r.fails(result) {
		return exit.Findings
	}
	r.begin(result, "tag")
	return r.tagAll(ctx, result, reference)
}

func vanished(err error) bool {
	var v *registry.Vanished
	return errors.As(err, &v)
}

// pushAgain pushes an image once more that the registry does not hold any more. It has passed the gate: only the very
// same one is worth having, and files have been written already.
func (r *packRun) pushAgain(ctx context.Context, e *engine.Engine, request pack.Request, reference string, built *pack.Result) error {
	r.warn("%s is not in the registry any more, before it has its name: pushing it again", built.Digest)
	request.Outputs = nil
	again, err := pack.Build(ctx, e, request, nil)
	if err != nil {
		return err
	}
	if again.Digest != built.Digest {
		return fmt.Errorf("%w\npushed again, it was another image, %s, which was not tried", &registry.Vanished{Reference: reference, Digest: built.Digest}, again.Digest)
	}
	return nil
}

// warn says on standard error what is not wrong yet.
func (r *packRun) warn(format string, args ...any) {
	fmt.Fprintln(r.program.stderr, "seedpack: "+escapeLines(fmt.Sprintf(format, args...)))
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
