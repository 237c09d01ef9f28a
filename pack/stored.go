package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	mobyclient "github.com/moby/moby/client"

	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// A store is how an engine keeps images. It decides how an image gets from the engine to its places.
type store interface {
	// loads reports whether the store itself is the place of an output. Then nothing is written for it.
	loads(o Output) bool
	// export adds the exporter of the image, if the request needs one in addition to those of its outputs.
	export(opt *client.SolveOpt, r *Request)
	// result returns the digests of the image, and the outputs that are in the store. It pushes the image if the engine
	// has not done so.
	result(ctx context.Context, r *Request, response *client.SolveResponse) (*Result, outputs, error)
}

// chooseStore returns the store of the engine. It returns an error if that is a classic one which cannot hold or push
// what is requested. It asks the engine only if the answer matters to the request.
func chooseStore(ctx context.Context, e *engine.Engine, r *Request) (store, error) {
	if !r.needsStore() {
		return pushingStore{}, nil
	}
	classic, err := e.Classic(ctx)
	if err != nil || !classic {
		return pushingStore{}, err
	}
	s := classicStore{docker: e.Docker(), from: e.From}
	return s, s.check(r)
}

// needsStore reports whether the kind of store matters to the request.
func (r *Request) needsStore() bool {
	return r.Repository != "" || len(r.Outputs) > 0 || len(r.Platforms) > 1 || len(r.Annotations) > 0 ||
		len(r.Options.Attest) > 0 || len(r.Options.CacheTo) > 0
}

// A pushingStore is a store from which the engine itself pushes by digest.
type pushingStore struct{}

func (pushingStore) loads(Output) bool { return false }

func (pushingStore) export(opt *client.SolveOpt, r *Request) {
	if r.Repository == "" {
		return
	}
	attrs := map[string]string{"name": r.Repository, "push": "true", "push-by-digest": "true", "oci-mediatypes": "true"}
	if r.Insecure {
		attrs["registry.insecure"] = "true"
	}
	date(attrs, r.Epoch)
	opt.Exports = append(opt.Exports, client.ExportEntry{Type: client.ExporterImage, Attrs: attrs})
}

func (pushingStore) result(_ context.Context, r *Request, response *client.SolveResponse) (*Result, outputs, error) {
	result := exported(response)
	if r.Repository != "" && result.Digest == "" {
		return nil, nil, errors.New("the engine pushed the image but did not say its digest")
	}
	return result, nil, nil
}

// exported returns what the engine reports about an exported image.
func exported(response *client.SolveResponse) *Result {
	return &Result{
		Digest:  response.ExporterResponse[exptypes.ExporterImageDigestKey],
		ImageID: response.ExporterResponse[exptypes.ExporterImageConfigDigestKey],
	}
}

// A classicStore is that of a Docker Engine without support for indexes and for pushes by digest. Images are exported
// to it without a name.
type classicStore struct {
	docker *mobyclient.Client
	from   string // where the engine was found
}

// check returns an error, before the build, if a classic store cannot hold or push what is requested.
func (s classicStore) check(r *Request) error {
	refuse := func(format string, args ...any) error {
		return &InabilityError{s.from, "keeps images in the classic store, which " + fmt.Sprintf(format, args...)}
	}
	switch {
	case len(r.Platforms) > 1:
		return refuse("holds images of one platform, not of %s together", strings.Join(r.Platforms, ", "))
	case len(r.Options.Attest) > 0:
		return refuse("cannot hold attestations (--provenance, --sbom)")
	case len(r.Annotations) > 0:
		return refuse("cannot hold annotations (--annotation)")
	}
	for _, o := range r.Outputs {
		if o.image() && !s.loads(o) {
			return refuse("cannot write type=%s: only the files of the image, as type=tar or type=local", o.Type)
		}
	}
	caches, err := cacheEntries(r.Options.CacheTo)
	if err != nil {
		return err
	}
	for _, c := range caches {
		if c.Type != "inline" {
			return refuse("cannot write a cache of type %s (--cache-to)", c.Type)
		}
	}
	return nil
}

// loads reports whether an output is for the engine that builds the image.
func (s classicStore) loads(o Output) bool {
	return o.Load != nil && o.LoadInto == s.docker.DaemonHost()
}

// holds reports whether the image is exported to the store.
func (s classicStore) holds(r *Request) bool {
	return r.Repository != "" || slices.ContainsFunc(r.Outputs, s.loads)
}

func (s classicStore) export(opt *client.SolveOpt, r *Request) {
	if s.holds(r) {
		opt.Exports = append(opt.Exports, client.ExportEntry{Type: "moby", Attrs: map[string]string{}})
	}
}

func (s classicStore) result(ctx context.Context, r *Request, response *client.SolveResponse) (*Result, outputs, error) {
	result := exported(response)
	if !s.holds(r) {
		return result, nil, nil
	}
	// Engines that report both digests report the ID first. A classic store uses the ID as its digest.
	id := result.ImageID
	if id == "" {
		id = result.Digest
	}
	if id == "" {
		return nil, nil, errors.New("the engine stored the image but did not say its ID")
	}
	result = &Result{ImageID: id}
	var err error
	if r.Repository != "" {
		result.Digest, err = s.push(ctx, id, r.Remote, r.Repository)
	}
	var named outputs
	for _, o := range r.Outputs {
		if err == nil && s.loads(o) {
			named = append(named, s.pendingName(ctx, o, id))
		}
	}
	if len(named) == 0 {
		err = errors.Join(err, s.forget(ctx, id))
	}
	return result, named, err
}

// pendingName returns an output that is an image in the store. It gets its name when it is kept.
func (s classicStore) pendingName(ctx context.Context, o Output, id string) *pending {
	return &pending{Output: o,
		keep: func(ctx context.Context) error {
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

// push writes an image of the store to a repository, by digest and without a tag. Engines with the containerd store do
// the same. The engine's own push would show the name before the verification.
func (s classicStore) push(ctx context.Context, id string, to registry.Registry, repository string) (digest string, err error) {
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

// forget removes an image from the store, unless it has a name or a container uses it.
func (s classicStore) forget(ctx context.Context, id string) error {
	found, err := s.docker.ImageInspect(ctx, id)
	if err != nil || len(found.RepoTags) > 0 {
		return err
	}
	// Without force the engine refuses to remove an image that a container uses.
	_, err = s.docker.ImageRemove(ctx, id, mobyclient.ImageRemoveOptions{PruneChildren: true})
	if errdefs.IsConflict(err) {
		return nil
	}
	return err
}
