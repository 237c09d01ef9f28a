package pipeline

import (
	"errors"
	"fmt"

	"github.com/seedpack/seedpack/exit"
)

// end ends a job: it lets go of what its stages have opened, and discards outputs that were not kept.
func (p *Pipeline) end(r *Result, err error) error {
	err = p.undone(r, err)
	if err == nil {
		p.explainUnattested(r)
	}
	r.release()
	r.discard()
	return err
}

// undone adds to an error of a publication what was done and what was not. Errors of the stages verify and tag say it
// themselves: they know what the registry holds.
func (p *Pipeline) undone(r *Result, err error) error {
	if err == nil || p.opt.Publish == nil || errors.Is(err, exit.Findings) || exit.IsUsage(err) {
		return err
	}
	name := r.Name
	if name == "" {
		name = r.Path
	}
	switch r.Stages.Last {
	case StageVerify:
		return err
	case StageTag:
		if r.Published != nil && len(r.Published.Tags) == 1+len(p.opt.Publish.Aliases) {
			return fmt.Errorf("%w\n%s is published; what could not be written is missing", err, name)
		}
		return err
	case StagePush:
		return fmt.Errorf("%w\n%s is not published: nothing is named; the registry may hold parts of the image, without a tag", err, name)
	}
	return fmt.Errorf("%w\n%s is not published: nothing was pushed", err, name)
}
