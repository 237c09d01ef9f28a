package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	mobyclient "github.com/moby/moby/client"

	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// A classicStore is the image store of a Docker Engine that knows neither indexes nor pushes by digest.
type classicStore struct {
	docker *mobyclient.Client
	from   string // where the engine was found
}

// chooseStore returns the classic store of the engine if the request has to get along with it, else nil.
func chooseStore(ctx context.Context, e *engine.Engine, r *Request) (*classicStore, error) {
	if !r.needsStore() {
		return nil, nil
	}
	classic, err := e.Classic(ctx)
	if err != nil || !classic {
		return nil, err
	}
	s := &classicStore{docker: e.Docker(), from: e.From}
	return s, s.check(r)
}

// storedResult ends the build of an engine with a classic store, to which the image has been exported without a name.
func (b *build) storedResult(ctx context.Context, response *client.SolveResponse) (*Result, error) {
	// Engines that tell both digests tell the image's own first, which is what such a store has for a digest.
	id := response.ExporterResponse[exptypes.ExporterImageConfigDigestKey]
	if id == "" {
		id = response.ExporterResponse[exptypes.ExporterImageDigestKey]
	}
	if id == "" {
		return nil, errors.Join(errors.New("the engine stored the image but did not say its ID"), b.discard())
	}
	r := &Result{ImageID: id, Platforms: b.platforms}
	var err error
	if b.request.Repository != "" {
		r.Digest, err = b.store.push(ctx, id, b.request.Remote, b.request.Repository)
	}
	loads := false
	for _, o := range b.request.Outputs {
		if err == nil && b.store.loads(o) {
			loads = true
			b.outputs = append(b.outputs, b.store.pendingName(ctx, o, id))
		}
	}
	if !loads {
		err = errors.Join(err, b.store.forget(ctx, id))
	}
	if err != nil {
		return nil, errors.Join(err, b.discard())
	}
	r.Outputs = b.written()
	return r, nil
}

// stored tells whether the image goes into a classic store.
func (b *build) stored() bool {
	return b.store != nil && (b.request.Repository != "" || slices.ContainsFunc(b.request.Outputs, b.store.loads))
}

// loads tells whether an output is for the very engine that builds it.
func (s *classicStore) loads(o Output) bool {
	return o.Load != nil && o.LoadInto == s.docker.DaemonHost()
}

// pendingName is an image that the engine has, and that gets its name last.
func (s *classicStore) pendingName(ctx context.Context, o Output, id string) *pending {
	return &pending{Output: o,
		keep: func(ctx context.Context, _ string) error {
			_, err := s.docker.ImageTag(ctx, mobyclient.ImageTagOptions{Source: id, Target: o.Name})
			if err != nil {
				return fmt.Errorf("name the image in the Docker Engine: %w", err)
			}
			return nil
		},
		drop: func() error {
			err := s.forget(context.WithoutCancel(ctx), id)
			if errdefs.IsNotFound(err) {
				return nil
			}
			return err
		}}
}

// push writes an image that a classic store has into a repository, by digest and without a name, as an engine with
// the containerd store does itself. The engine's own push would show the name before all is verified.
func (s *classicStore) push(ctx context.Context, id string, to registry.Registry, repository string) (digest string, err error) {
	save := func(ctx context.Context, image string) (io.ReadCloser, error) {
		return s.docker.ImageSave(ctx, []string{image})
	}
	img, err := source.Open(ctx, source.Source{Kind: source.DockerDaemon, Name: id}, source.Options{Save: save})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, img.Close()) }()
	if got := img.Platforms[0].ImageID; got != id {
		return "", fmt.Errorf("the engine stored the image %s, but gives %s", id, got)
	}
	return to.Push(ctx, repository, img)
}

// forget removes what a push left in a classic store, unless somebody has given it a name or runs it.
func (s *classicStore) forget(ctx context.Context, id string) error {
	found, err := s.docker.ImageInspect(ctx, id)
	if err != nil || len(found.RepoTags) > 0 {
		return err
	}
	// Whoever uses it meanwhile keeps it: without force the engine refuses.
	_, err = s.docker.ImageRemove(ctx, id, mobyclient.ImageRemoveOptions{PruneChildren: true})
	if errdefs.IsConflict(err) {
		return nil
	}
	return err
}
