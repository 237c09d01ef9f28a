package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/distribution/reference"

	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
)

// checkOutputs refuses outputs that do not fit the number of jobs, or the options of the build.
func checkOutputs(opt *Options, tasks []Task) error {
	for _, o := range opt.Outputs {
		// A layout has room for many images.
		if jobs := len(tasks); jobs > 1 && o.Load == nil && (!o.Dir || o.Type == "local") {
			return exit.Usagef("--output %s would be overwritten by each of the %d jobs: pack one at a time, or write type=oci,dest=DIR,tar=false, "+
				"which has room for all", o.Dest, jobs)
		}
	}
	platforms := len(opt.Build.Platforms)
	for i := range tasks {
		if b := tasks[i].Build; b != nil {
			platforms = max(platforms, len(b.Platforms))
		}
	}
	return exit.Usage(pack.CheckOutputs(opt.Outputs, platforms, len(opt.Build.Options.Attest) > 0))
}

// keep puts the outputs in their places, once all is verified, and measures what was written.
func (r *Result) keep(ctx context.Context, outputs []pack.Output) error {
	for _, o := range r.Built.Outputs {
		if err := o.Keep(ctx); err != nil {
			return err
		}
	}
	return r.measureWritten(ctx, outputs)
}

// measureWritten reads from a written file what the registry would have told of an image that was pushed.
func (r *Result) measureWritten(ctx context.Context, outputs []pack.Output) error {
	i := slices.IndexFunc(outputs, func(o pack.Output) bool { return o.Type == "oci" && (o.Dir || job.IsFile(o.Dest)) })
	if r.Manifests != nil || i < 0 {
		return nil
	}
	from := source.Source{Kind: source.LayoutArchive, Path: outputs[i].Dest}
	if outputs[i].Dir {
		from.Kind, from.Name = source.Layout, layoutName(r.Name)
	}
	image, err := source.Open(ctx, from, source.Options{})
	if err != nil {
		return fmt.Errorf("read back what was written: %w", err)
	}
	r.Manifests, err = platformImages(image)
	return errors.Join(err, image.Close())
}

// layoutName returns what a layout calls the image: the name as Docker writes it, with the registry that a bare name means.
func layoutName(name string) string {
	if full, err := reference.ParseNormalizedNamed(name); err == nil {
		return full.String()
	}
	return name
}
