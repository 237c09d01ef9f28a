package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/moby/api/pkg/stdcopy"
	mobyclient "github.com/moby/moby/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// dialDocker connects to the BuildKit in a Docker Engine, through the engine's API.
func dialDocker(ctx context.Context, d DockerHost, name string) (*Engine, error) {
	api, address, err := d.connect(ctx, name)
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

// dialContainer connects to the BuildKit that buildx runs in a container. It starts a stopped container.
func dialContainer(ctx context.Context, d DockerHost, n buildxNode) (*Engine, error) {
	api, _, err := d.connect(ctx, n.Endpoint)
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

// startContainer starts a container if it is stopped. It returns when the container was started, or zero if that is
// unknown.
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

// dialStarted dials again as long as a BuildKit that was just started does not listen yet.
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

// execContainer runs a command in a container. The connection is the command's standard input and output.
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
		w.CloseWithError(err) // never fails; nil ends the stream
	}()
	return &execConn{attached.Conn, r}, nil
}

// An execConn is a connection that reads the standard output of a command.
type execConn struct {
	net.Conn
	stdout *io.PipeReader
}

func (c *execConn) Read(b []byte) (int, error) { return c.stdout.Read(b) }

func (c *execConn) Close() error { return errors.Join(c.Conn.Close(), c.stdout.Close()) }
