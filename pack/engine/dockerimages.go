package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/moby/moby/client"
)

// Check asks whether the engine answers, so that a build is not done in vain.
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

// Address is where the engine is; empty where that cannot be told.
func (d DockerHost) Address() string {
	e, err := d.endpoint("")
	if err != nil {
		return ""
	}
	return e.Host
}

// Load gives the engine an archive as docker save writes it.
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

// maxLoadAnswer is more than an engine has to say.
const maxLoadAnswer = 1 << 20

// loadAnswer finds what went wrong: an engine that has begun to answer says so in one of its messages.
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
