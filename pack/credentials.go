package pack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	authutil "github.com/containerd/containerd/v2/core/remotes/docker/auth"
	remoteserrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/auth/authprovider"
	"google.golang.org/grpc"

	"github.com/seedpack/seedpack/pack/registry"
)

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

// A tokenSession answers the engine's questions about credentials as BuildKit does, except that it asks for tokens through
// our own transport: BuildKit's client would carry credentials to hosts that a token service redirects to.
type tokenSession struct {
	auth.AuthServer // BuildKit's
	remote          registry.Registry
	credentials     authprovider.AuthConfigProvider
	mu              sync.Mutex // some credential helpers hang if two run at once
}

// newTokenSession returns what answers the engine.
func newTokenSession(c *configfile.ConfigFile, remote registry.Registry) (session.Attachable, error) {
	s := &tokenSession{remote: remote}
	find := sessionAuth(c)
	s.credentials = func(ctx context.Context, host string, scopes []string, expired authprovider.ExpireCachedAuthCheck) (types.AuthConfig, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return find(ctx, host, scopes, expired)
	}
	inner, ok := authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{AuthConfigProvider: s.credentials}).(auth.AuthServer)
	if !ok {
		return nil, errors.New("BuildKit's client does not answer questions about credentials")
	}
	s.AuthServer = inner
	return s, nil
}

// Register adds the service to a session.
func (s *tokenSession) Register(server *grpc.Server) { auth.RegisterAuthServer(server, s) }

// tokenClientID is how token services know clients of BuildKit.
const tokenClientID = "buildkit-client"

// FetchToken asks the token service that the engine's registry has named.
func (s *tokenSession) FetchToken(ctx context.Context, r *auth.FetchTokenRequest) (*auth.FetchTokenResponse, error) {
	found, err := s.credentials(ctx, r.Host, r.Scopes, credentialsExpired)
	if err != nil {
		return nil, err
	}
	if found.RegistryToken != "" {
		return tokenResponse(found.RegistryToken, time.Time{}, 0), nil
	}
	client, err := s.remote.TokenClient(r.Host, r.Realm)
	if err != nil {
		return nil, err
	}
	options := authutil.TokenOptions{Realm: r.Realm, Service: r.Service, Scopes: r.Scopes, Username: found.Username, Secret: found.Password}
	if found.IdentityToken != "" {
		options.Username, options.Secret = "", found.IdentityToken
	}
	response, err := fetchToken(ctx, client, options)
	if err != nil {
		return nil, fmt.Errorf("ask for a token for %s: %w", r.Host, err)
	}
	return response, nil
}

// fetchToken asks in the newer way if there are credentials, and in the older way if the service does not know it.
func fetchToken(ctx context.Context, client *http.Client, options authutil.TokenOptions) (*auth.FetchTokenResponse, error) {
	if options.Secret != "" {
		response, err := authutil.FetchTokenWithOAuth(ctx, client, nil, tokenClientID, options)
		if err == nil {
			return tokenResponse(response.AccessToken, response.IssuedAt, response.ExpiresInSeconds), nil
		}
		if !lacksOAuth(err, options) {
			return nil, err
		}
	}
	response, err := authutil.FetchToken(ctx, client, nil, options)
	if err != nil {
		return nil, err
	}
	return tokenResponse(response.Token, response.IssuedAt, response.ExpiresInSeconds), nil
}

// lacksOAuth reports whether a token service may know only the older way: that of Google answers 404, and Artifactory's 401.
func lacksOAuth(err error, options authutil.TokenOptions) bool {
	var status remoteserrors.ErrUnexpectedStatus
	if !errors.As(err, &status) {
		return false
	}
	switch status.StatusCode {
	case http.StatusNotFound, http.StatusUnauthorized:
		return true
	case http.StatusMethodNotAllowed:
		return options.Username != ""
	}
	return false
}

// credentialsExpired reports whether credentials are read again. Some helpers give ones that last for five minutes.
func credentialsExpired(since time.Time, _ string) bool {
	return time.Since(since) > 4*time.Minute+50*time.Second
}

// tokenResponse assumes the time that the specification sets, if the service does not say how long a token lasts.
func tokenResponse(token string, issued time.Time, seconds int) *auth.FetchTokenResponse {
	if seconds == 0 {
		seconds = 60
	}
	response := &auth.FetchTokenResponse{Token: token, ExpiresIn: int64(seconds)}
	if !issued.IsZero() {
		response.IssuedAt = issued.Unix()
	}
	return response
}
