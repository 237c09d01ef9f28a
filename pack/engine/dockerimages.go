package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/platforms"
	"github.com/moby/moby/client"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Check returns an error if the engine does not answer, so that no time is lost on a build.
func (d DockerHost) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, fmt.Errorf("no answer within %s", connectTimeout))
	defer cancel()
	c, _, err := d.client("")
	if err == nil {
		_, err = c.Ping(ctx, client.PingOptions{})
		err = errors.Join(err, c.Close())
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("reach the Docker Engine: %w\nis it running? DOCKER_HOST says where it is; --output type=docker,dest=FILE needs none", err)
	}
	return nil
}

// Platform returns the platform of the engine's machine.
func (d DockerHost) Platform(ctx context.Context) (_ string, err error) {
	c, _, err := d.connect(ctx, "")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	v, err := c.ServerVersion(ctx, client.ServerVersionOptions{})
	return platforms.Format(platforms.Normalize(ocispecs.Platform{OS: v.Os, Architecture: v.Arch})), err
}

// Address returns the address of the engine, or "" if it is unknown.
func (d DockerHost) Address() string {
	e, err := d.endpoint("")
	if err != nil {
		return ""
	}
	return e.Host
}

// Load sends the engine an archive in the format of docker save.
func (d DockerHost) Load(ctx context.Context, archive io.Reader) (err error) {
	c, _, err := d.client("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	answer, err := c.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err == nil {
		err = errors.Join(loadAnswer(answer), answer.Close())
	}
	if err != nil {
		return fmt.Errorf("load the image into the Docker Engine: %w", err)
	}
	return nil
}

// maxLoadAnswer is larger than any response of an engine.
const maxLoadAnswer = 1 << 20

// loadAnswer returns the error in a response, if there is one. An engine that has begun to answer reports an error as
// one of its messages.
func loadAnswer(answer io.Reader) error {
	for messages := json.NewDecoder(io.LimitReader(answer, maxLoadAnswer)); ; {
		var message struct{ Error string }
		err := messages.Decode(&message)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case message.Error != "":
			return errors.New(message.Error)
		}
	}
}

// Save streams an image out of the engine, see registry.Registry.Save.
func (d DockerHost) Save(ctx context.Context, image string) (io.ReadCloser, error) {
	c, _, err := d.client("")
	if err != nil {
		return nil, err
	}
	stream, err := c.ImageSave(ctx, []string{image})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return savedImage{stream, c}, nil
}

// A savedImage is a stream that closes its connection with it.
type savedImage struct {
	io.ReadCloser
	client *client.Client
}

func (s savedImage) Close() error { return errors.Join(s.ReadCloser.Close(), s.client.Close()) }
