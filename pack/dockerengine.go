package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/moby/api/pkg/stdcopy"
	mobyclient "github.com/moby/moby/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seedpack/seedpack/pack/source"
)

// dialDocker connects to the BuildKit in a Docker Engine, through the engine's API.
func dialDocker(ctx context.Context, d DockerHost, name string) (*Engine, error) {
	api, address, err := d.answering(ctx, name)
	if err != nil {
		return nil, err
	}
	e, err := dialClient(ctx, "the Docker Engine at "+address, "",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return api.DialHijack(ctx, "/grpc", "h2c", nil) }),
		client.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return api.DialHijack(ctx, "/session", proto, meta)
		}))
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}
	e.docker, e.stop = api, api.Close
	return e, nil
}

// answering gives the API of an engine that answers.
func (d DockerHost) answering(ctx context.Context, name string) (*mobyclient.Client, string, error) {
	api, address, err := d.client(name)
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, fmt.Errorf("no answer within %s", connectTimeout))
	defer cancel()
	if _, err := api.Ping(ctx, mobyclient.PingOptions{NegotiateAPIVersion: true}); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, "", errors.Join(fmt.Errorf("reach the Docker Engine at %s: %w", address, err), api.Close())
	}
	return api, address, nil
}

// dialContainer connects to the BuildKit that buildx runs in a container of a node, and starts it where it is stopped.
func dialContainer(ctx context.Context, d DockerHost, n buildxNode) (*Engine, error) {
	api, _, err := d.answering(ctx, n.Endpoint)
	if err != nil {
		return nil, err
	}
	name := "buildx_buildkit_" + n.Name
	started, err := startContainer(ctx, api, name)
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}
	e, err := dialStarted(ctx, started, func() (*Engine, error) {
		return dialClient(ctx, "the BuildKit in the container "+name, "", client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return execContainer(ctx, api, name, "buildctl", "dial-stdio")
		}))
	})
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}
	e.stop = api.Close
	return e, nil
}

// startContainer starts a container that is stopped, and tells since when it runs; zero when it does not say.
func startContainer(ctx context.Context, api *mobyclient.Client, name string) (started time.Time, err error) {
	found, err := api.ContainerInspect(ctx, name, mobyclient.ContainerInspectOptions{})
	if err != nil {
		return started, fmt.Errorf("look for its container %s: %w\nmake it: docker buildx inspect --bootstrap", name, err)
	}
	if state := found.Container.State; state != nil && state.Running {
		started, _ = time.Parse(time.RFC3339Nano, state.StartedAt)
		return started, nil
	}
	if _, err := api.ContainerStart(ctx, name, mobyclient.ContainerStartOptions{}); err != nil {
		return started, fmt.Errorf("start its container %s: %w", name, err)
	}
	return time.Now(), nil
}

// dialStarted dials again while a BuildKit that was started a moment ago does not listen yet.
func dialStarted(ctx context.Context, started time.Time, dial func() (*Engine, error)) (*Engine, error) {
	for {
		e, err := dial()
		if status.Code(err) != codes.Unavailable || time.Since(started) > connectTimeout {
			return e, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// execContainer runs a command in a container; the connection is its standard input and output.
func execContainer(ctx context.Context, api *mobyclient.Client, name string, command ...string) (net.Conn, error) {
	made, err := api.ExecCreate(ctx, name, mobyclient.ExecCreateOptions{Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, err
	}
	attached, err := api.ExecAttach(ctx, made.ID, mobyclient.ExecAttachOptions{})
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(w, io.Discard, attached.Reader)
		w.CloseWithError(err) // never fails; nil is the end
	}()
	return &execConn{attached.Conn, r}, nil
}

// An execConn reads what the command writes.
type execConn struct {
	net.Conn
	stdout *io.PipeReader
}

func (c *execConn) Read(b []byte) (int, error) { return c.stdout.Read(b) }

func (c *execConn) Close() error { return errors.Join(c.Conn.Close(), c.stdout.Close()) }

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
		r, err = b.pushStored(ctx, id)
	}
	loads := false
	for _, o := range b.request.Outputs {
		if err == nil && b.engine.loads(o) {
			loads = true
			b.outputs = append(b.outputs, b.pendingName(ctx, o, id))
		}
	}
	if !loads {
		err = errors.Join(err, b.forgetStored(ctx, id))
	}
	if err != nil {
		return nil, errors.Join(err, b.discard())
	}
	r.Outputs = b.written()
	return r, nil
}

// stored tells whether the image goes into a classic store.
func (b *build) stored() bool {
	return b.engine.classic() && (b.request.Repository != "" || slices.ContainsFunc(b.request.Outputs, b.engine.loads))
}

// loads tells whether an output is for the very engine that builds it.
func (e *Engine) loads(o Output) bool {
	return o.Load != nil && e.docker != nil && o.LoadInto == e.docker.DaemonHost()
}

// pendingName is an image that the engine has, and that gets its name last.
func (b *build) pendingName(ctx context.Context, o Output, id string) *pending {
	return &pending{Output: o,
		keep: func(ctx context.Context, _ string) error {
			_, err := b.engine.docker.ImageTag(ctx, mobyclient.ImageTagOptions{Source: id, Target: o.Name})
			if err != nil {
				return fmt.Errorf("name the image in the Docker Engine: %w", err)
			}
			return nil
		},
		drop: func() error {
			err := b.forgetStored(context.WithoutCancel(ctx), id)
			if errdefs.IsNotFound(err) {
				return nil
			}
			return err
		}}
}

// pushStored writes an image that a classic store has into a repository, by digest and without a name, as an engine with
// the containerd store does itself. The engine's own push would show the name before all is verified.
func (b *build) pushStored(ctx context.Context, id string) (_ *Result, err error) {
	api := b.engine.docker
	save := func(ctx context.Context, image string) (io.ReadCloser, error) {
		return api.ImageSave(ctx, []string{image})
	}
	img, err := source.Open(ctx, source.Source{Kind: source.DockerDaemon, Name: id}, source.Options{Save: save})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, img.Close()) }()
	r := &Result{ImageID: img.Platforms[0].ImageID, Platforms: b.platforms}
	if r.ImageID != id {
		return nil, fmt.Errorf("the engine stored the image %s, but gives %s", id, r.ImageID)
	}
	r.Digest, err = b.request.Remote.Push(ctx, b.request.Repository, img)
	return r, err
}

// forgetStored removes what a push left in a classic store, unless somebody has given it a name or runs it.
func (b *build) forgetStored(ctx context.Context, id string) error {
	api := b.engine.docker
	found, err := api.ImageInspect(ctx, id)
	if err != nil || len(found.RepoTags) > 0 {
		return err
	}
	// Whoever uses it meanwhile keeps it: without force the engine refuses.
	_, err = api.ImageRemove(ctx, id, mobyclient.ImageRemoveOptions{PruneChildren: true})
	if errdefs.IsConflict(err) {
		return nil
	}
	return err
}
