package cli

import (
	"errors"
	"strings"

	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pipeline"
)

// An interruption is the error of a call that was interrupted. It says what was published all the same.
type interruption struct {
	error              // why the last job ended
	published []string // references with digests, of jobs that ended before
	unsettled []string // what is known of names that were being given
}

// note remembers what became of a job.
func (i *interruption) note(f pipeline.Finished) {
	if p := f.Result.Published; p != nil {
		i.published = append(i.published, p.Reference)
	}
	var unsettled *registry.Unsettled
	if errors.As(f.Err, &unsettled) {
		i.unsettled = append(i.unsettled, unsettled.State())
	}
}

// Error says which names were given, and which may have been.
func (i *interruption) Error() string {
	said := i.unsettled
	switch before := strings.Join(i.published, ", "); {
	case before != "" && len(said) == 0:
		said = []string{"published before, and nothing else: " + before}
	case before != "":
		said = append([]string{"published before: " + before}, said...)
	case len(said) == 0:
		said = []string{"nothing was published under a name"}
	}
	return "interrupted: " + strings.Join(said, "\n")
}

func (i *interruption) Unwrap() error { return i.error }
