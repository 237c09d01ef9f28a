package pack

import (
	"context"
	"io"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/moby/buildkit/session/auth/authprovider"

	"github.com/seedpack/seedpack/pack/registry"
)

// ProxyArgs returns the build arguments for proxies, in upper and lower case. Those of the Docker configuration, which
// are meant for containers, replace those of the environment.
func ProxyArgs(getenv func(string) string) map[string]string {
	args := map[string]string{}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FTP_PROXY", "ALL_PROXY"} {
		lower := strings.ToLower(name)
		upperValue, lowerValue := getenv(name), getenv(lower)
		if upperValue == "" {
			upperValue = lowerValue
		}
		if lowerValue == "" {
			lowerValue = upperValue
		}
		if upperValue != "" {
			args[name], args[lower] = upperValue, lowerValue
		}
	}
	for name, value := range config.LoadDefaultConfigFile(io.Discard).ParseProxyConfig(getenv("DOCKER_HOST"), nil) {
		args[name] = *value
	}
	return args
}

// sessionAuth gives the engine the credentials that it asks for. They are those of the Docker configuration, or else
// those of podman and skopeo, as for our own requests.
func sessionAuth(c *configfile.ConfigFile) authprovider.AuthConfigProvider {
	docker := authprovider.LoadAuthConfig(c)
	return func(ctx context.Context, host string, scopes []string, expired authprovider.ExpireCachedAuthCheck) (types.AuthConfig, error) {
		found, err := docker(ctx, host, scopes, expired)
		if err != nil || found != (types.AuthConfig{ServerAddress: found.ServerAddress}) {
			return found, err
		}
		registry, err := name.NewRegistry(host)
		if err != nil {
			return found, nil // the engine then uses none
		}
		other, err := authn.Resolve(ctx, authn.DefaultKeychain, registry)
		if err != nil {
			return found, err
		}
		auth, err := authn.Authorization(ctx, other)
		if err != nil {
			return found, err
		}
		found.Username, found.Password, found.Auth = auth.Username, auth.Password, auth.Auth
		found.IdentityToken, found.RegistryToken = auth.IdentityToken, auth.RegistryToken
		return found, nil
	}
}

// tokenTrust returns the certificates for services that issue tokens. The session asks those services, not the engine.
func tokenTrust(t registry.Trust, repository string) map[string]*authprovider.AuthTLSConfig {
	host, _, _ := strings.Cut(repository, "/")
	if t.File == "" || host == "" {
		return nil
	}
	return map[string]*authprovider.AuthTLSConfig{host: {RootCAs: []string{t.File}}}
}
