package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/source"
)

// picks reports whether an output takes one of several platforms. The exporter then writes a layout with all of them.
func (o *Output) picks(r *Request) bool { return o.Runs != nil && (r.part || len(r.Platforms) > 1) }

// checkLoad refuses an output that is an engine if nothing is built for that engine.
func checkLoad(ctx context.Context, outputs []Output, built []string) error {
	for _, o := range outputs {
		if o.Runs == nil || len(built) < 2 {
			continue
		}
		own, err := o.Runs(ctx)
		if err != nil {
			return err
		}
		if !engine.Has(built, own) {
			return fmt.Errorf("%s runs %s, which is not built: only %s is\nadd --platform %s, or leave --load out", o.Dest, own, strings.Join(built, ", "), own)
		}
	}
	return nil
}

// loadOwn hands an engine the image of its own platform. The file is an archive of a layout.
func (p *pending) loadOwn(ctx context.Context) (err error) {
	own, err := p.Runs(ctx)
	if err != nil {
		return err
	}
	img, err := source.Open(ctx, source.Source{Kind: source.LayoutArchive, Path: filepath.Join(p.dir.Name(), p.temp)}, source.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, img.Close()) }()
	tag, err := name.NewTag(p.Name)
	if err != nil {
		return err
	}
	for _, platform := range img.Platforms {
		if !engine.Has([]string{own}, platform.Name) {
			continue
		}
		r, w := io.Pipe()
		go func() { w.CloseWithError(tarball.Write(tag, platform.Image, w)) }() // never fails; nil ends the stream
		return errors.Join(p.Load(ctx, r), r.Close())
	}
	return fmt.Errorf("%s runs %s: the image is for %v", p.Dest, own, imagePlatforms(img))
}
