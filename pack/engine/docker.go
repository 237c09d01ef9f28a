package engine

import (
	"context"
	"errors"
	"io"

	"github.com/moby/moby/client"
)

// Save streams an image out of the engine (Registry.Save).
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

// A savedImage hangs up when it is closed.
type savedImage struct {
	io.ReadCloser
	client *client.Client
}

func (s savedImage) Close() error { return errors.Join(s.ReadCloser.Close(), s.client.Close()) }
