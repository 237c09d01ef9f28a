package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/moby/moby/client"
)

// A DockerHost says which Docker Engine is meant, as docker's own command line has it: the host, or else the context, or
// else the current context of the Docker configuration.
type DockerHost struct {
	Host    string // DOCKER_HOST
	Context string // DOCKER_CONTEXT
}

// client makes no connection yet.
func (h DockerHost) client() (*client.Client, error) {
	if h.Host != "" {
		return clientOf(h.Host)
	}
	name := h.Context
	if name == "" {
		name = config.LoadDefaultConfigFile(io.Discard).CurrentContext
	}
	if name == "" || name == "default" {
		return client.New(client.FromEnv)
	}
	contexts := store.New(config.ContextStoreDir(), store.NewConfig(func() any { return &map[string]any{} },
		store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} })))
	metadata, err := contexts.GetMetadata(name)
	if err != nil {
		return nil, fmt.Errorf("docker context %q: %w", name, err)
	}
	meta, err := docker.EndpointFromContext(metadata)
	if err != nil {
		return nil, fmt.Errorf("docker context %q: %w", name, err)
	}
	endpoint, err := docker.WithTLSData(contexts, name, meta)
	if err != nil {
		return nil, fmt.Errorf("docker context %q: %w", name, err)
	}
	options, err := endpoint.ClientOpts()
	if err != nil {
		return nil, fmt.Errorf("docker context %q: %w", name, err)
	}
	return client.New(options...)
}

// clientOf reaches hosts over ssh with ssh's own program, and others with the TLS material that the environment names.
func clientOf(host string) (*client.Client, error) {
	if !strings.HasPrefix(host, "ssh://") {
		return client.New(client.FromEnv, client.WithHost(host))
	}
	options, err := (&docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: host}}).ClientOpts()
	if err != nil {
		return nil, fmt.Errorf("docker host %q: %w", host, err)
	}
	return client.New(options...)
}

// save streams an image out of the engine (source.Options.Save).
func (h DockerHost) save(ctx context.Context, image string) (io.ReadCloser, error) {
	c, err := h.client()
	if err != nil {
		return nil, err
	}
	stream, err := c.ImageSave(ctx, []string{image})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return saved{stream, c}, nil
}

// A saved stream hangs up when it is closed.
type saved struct {
	io.ReadCloser
	client *client.Client
}

func (s saved) Close() error { return errors.Join(s.ReadCloser.Close(), s.client.Close()) }
