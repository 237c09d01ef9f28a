package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/cli/cli/config"
	dockercontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	mobyclient "github.com/moby/moby/client"

	"github.com/seedpack/seedpack/disk"
)

// A DockerHost finds Docker Engines as the docker command does: by DOCKER_HOST, DOCKER_CONTEXT and its configuration.
type DockerHost struct {
	Getenv func(string) string // default: an empty environment
}

func (o *Options) docker() DockerHost { return DockerHost{o.Getenv} }

func (d DockerHost) env(name string) string {
	if d.Getenv == nil {
		return ""
	}
	return d.Getenv(name)
}

// dir returns the directory of the docker configuration, or "" if there is none.
func (d DockerHost) dir() string {
	dir, home := d.env("DOCKER_CONFIG"), d.env("HOME")
	if dir == "" && home != "" {
		dir = filepath.Join(home, ".docker")
	}
	return dir
}

// CheckFiles refuses pipes and the like in the place of files of the Docker configuration, and of others that hold credentials.
// The libraries that read them would wait.
func (d DockerHost) CheckFiles() error {
	paths := []string{d.env("REGISTRY_AUTH_FILE")}
	if runtime := d.env("XDG_RUNTIME_DIR"); runtime != "" {
		paths = append(paths, filepath.Join(runtime, "containers", "auth.json"))
	}
	for _, dir := range []string{d.dir(), config.Dir()} {
		if dir == "" {
			continue
		}
		paths = append(paths, filepath.Join(dir, config.ConfigFileName))
		for _, pattern := range []string{"contexts/meta/*/meta.json", "contexts/tls/*/*/*"} {
			found, _ := fs.Glob(os.DirFS(dir), pattern) // the pattern is well-formed
			for _, name := range found {
				paths = append(paths, filepath.Join(dir, filepath.FromSlash(name)))
			}
		}
	}
	for _, dir := range []string{d.env("DOCKER_CERT_PATH"), d.dir()} {
		for _, name := range []string{"ca.pem", "cert.pem", "key.pem"} {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return disk.CheckSettings(paths...)
}

// defaultContext is the name of the context for DOCKER_HOST and the default socket.
const defaultContext = "default"

// context returns the name of the context that docker would use.
func (d DockerHost) context() string {
	if d.env("DOCKER_HOST") != "" {
		return defaultContext
	}
	if name := d.env("DOCKER_CONTEXT"); name != "" {
		return name
	}
	if d.dir() == "" {
		return defaultContext
	}
	if file, err := config.Load(d.dir()); err == nil && file.CurrentContext != "" {
		return file.CurrentContext
	}
	return defaultContext
}

// key returns the text by which buildx remembers the engine.
func (d DockerHost) key() string {
	if name := d.context(); name != defaultContext {
		return name
	}
	return d.defaultAddress()
}

func (d DockerHost) defaultAddress() string {
	if host := d.env("DOCKER_HOST"); host != "" {
		return host
	}
	return mobyclient.DefaultDockerHost
}

func (d DockerHost) store() *store.ContextStore {
	object := func() any { return &map[string]any{} }
	endpoint := store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} })
	return store.New(filepath.Join(d.dir(), "contexts"), store.NewConfig(object, endpoint))
}

// contexts returns the names of all contexts.
func (d DockerHost) contexts() []string {
	all := []string{defaultContext}
	if d.dir() == "" {
		return all
	}
	if found, err := store.Names(d.store()); err == nil {
		all = append(all, found...)
	}
	return all
}

// endpoint returns where an engine listens. The name is a context or an address. If it is empty, docker's own choice is
// used.
func (d DockerHost) endpoint(name string) (docker.Endpoint, error) {
	if name == "" {
		name = d.context()
	}
	if strings.Contains(name, "://") {
		return docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: name}}, nil
	}
	if name == defaultContext {
		return d.defaultEndpoint()
	}
	if !slices.Contains(d.contexts(), name) {
		return docker.Endpoint{}, fmt.Errorf("docker context %q is unknown: there are %s", name, strings.Join(d.contexts(), ", "))
	}
	metadata, err := d.store().GetMetadata(name)
	if err != nil {
		return docker.Endpoint{}, err
	}
	meta, err := docker.EndpointFromContext(metadata)
	if err != nil {
		return docker.Endpoint{}, fmt.Errorf("docker context %s: %w", name, err)
	}
	return docker.WithTLSData(d.store(), name, meta)
}

// defaultEndpoint takes certificates from the directories that docker uses: DOCKER_CERT_PATH, or the configuration if
// DOCKER_TLS_VERIFY is set.
func (d DockerHost) defaultEndpoint() (docker.Endpoint, error) {
	e := docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: d.defaultAddress()}}
	certs := d.env("DOCKER_CERT_PATH")
	if certs == "" && d.env("DOCKER_TLS_VERIFY") != "" {
		certs = d.dir()
	}
	if certs == "" {
		return e, nil
	}
	var files [3]string
	for i, name := range []string{"ca.pem", "cert.pem", "key.pem"} {
		path := filepath.Join(certs, name)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			files[i] = path
		}
	}
	var err error
	e.TLSData, err = dockercontext.TLSDataFromFiles(files[0], files[1], files[2])
	e.SkipTLSVerify = d.env("DOCKER_TLS_VERIFY") == ""
	return e, err
}

// client returns the API of an engine. The engine may not answer.
func (d DockerHost) client(name string) (api *mobyclient.Client, address string, err error) {
	e, err := d.endpoint(name)
	if err != nil {
		return nil, "", err
	}
	options, err := e.ClientOpts()
	if err != nil {
		return nil, "", fmt.Errorf("docker engine %s: %w", e.Host, err)
	}
	api, err = mobyclient.New(options...)
	if err != nil {
		return nil, "", fmt.Errorf("docker engine %s: %w", e.Host, err)
	}
	return api, e.Host, nil
}

// connect returns the API of an engine that answers.
func (d DockerHost) connect(ctx context.Context, name string) (*mobyclient.Client, string, error) {
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
