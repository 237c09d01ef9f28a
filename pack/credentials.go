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
	"github.com/docker/cli/cli/config/types"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/auth/authprovider"
	"google.golang.org/grpc"

	"github.com/seedpack/seedpack/pack/registry"
)

// A finder finds the credentials for a host; an empty value if there are none.
type finder func(ctx context.Context, host string) (types.AuthConfig, error)

// remembered returns a finder that asks another one once for each host, until the credentials may have expired. An engine asks
// for each step of a push.
func remembered(find finder) authprovider.AuthConfigProvider {
	type entry struct {
		found types.AuthConfig
		since time.Time
	}
	var mu sync.Mutex // some credential helpers hang if two run at once
	known := map[string]entry{}
	return func(ctx context.Context, host string, _ []string, expired authprovider.ExpireCachedAuthCheck) (types.AuthConfig, error) {
		mu.Lock()
		defer mu.Unlock()
		if e, ok := known[host]; ok && !expired(e.since, host) {
			return e.found, nil
		}
		found, err := find(ctx, host)
		if err == nil {
			known[host] = entry{found, time.Now()}
		}
		return found, err
	}
}

// A tokenSession answers the engine's questions about credentials as BuildKit does, except that it asks for tokens through
// our own transport: BuildKit's client would carry credentials to hosts that a token service redirects to.
type tokenSession struct {
	auth.AuthServer // BuildKit's
	remote          registry.Registry
	credentials     authprovider.AuthConfigProvider
}

// newTokenSession returns what answers the engine.
func newTokenSession(find finder, remote registry.Registry) (session.Attachable, error) {
	s := &tokenSession{remote: remote, credentials: remembered(find)}
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
