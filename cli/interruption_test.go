package cli

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pipeline"
)

// An interrupted call says what was published before it ended, and which names it does not know about.
func TestInterruption(t *testing.T) {
	t.Parallel()
	published := func(reference string) pipeline.Finished {
		return pipeline.Finished{Result: &pipeline.Result{Published: &pipeline.Published{Reference: reference}}}
	}
	ended := func(err error) pipeline.Finished { return pipeline.Finished{Result: &pipeline.Result{}, Err: err} }
	unsettled := &registry.Unsettled{Reference: "r/c:1", Digest: "sha256:c", Err: context.Canceled}
	for want, jobs := range map[string][]pipeline.Finished{
		"interrupted: nothing was published under a name":                                                                                     {ended(context.Canceled)},
		"interrupted: published before, and nothing else: r/a:1@sha256:a":                                                                     {published("r/a:1@sha256:a"), ended(context.Canceled)},
		"interrupted: published before, and nothing else: r/a:1@sha256:a, r/b:1@sha256:b":                                                     {published("r/a:1@sha256:a"), published("r/b:1@sha256:b")},
		"interrupted: whether r/c:1 names sha256:c now could not be found out: seedpack verify r/c:1 tells":                                   {ended(unsettled)},
		"interrupted: published before: r/a:1@sha256:a\nwhether r/c:1 names sha256:c now could not be found out: seedpack verify r/c:1 tells": {published("r/a:1@sha256:a"), ended(unsettled)},
	} {
		cut := interruption{error: context.Canceled}
		for _, f := range jobs {
			cut.note(f)
		}
		var stderr bytes.Buffer
		complain(&Process{Stderr: &stderr}, exit.StatusInterrupted, "", errors.Join(&cut))
		if got := stderr.String(); got != "seedpack: "+want+"\n" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
