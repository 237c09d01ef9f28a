package pack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/moby/buildkit/session/auth/authprovider"
)

// A Trust is certificates that registries may show besides those that the system trusts. The zero value is none.
type Trust struct {
	File      string
	Transport http.RoundTripper // that trusts them; nil for the zero value
	PEM       []byte            // content of File
}

// ReadTrust reads certificates of authorities, one or more in PEM.
func ReadTrust(path string) (Trust, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Trust{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return Trust{}, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return Trust{}, fmt.Errorf("read the certificates of the system: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return Trust{}, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	transport, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		return Trust{}, errors.New("the registry client has no transport to add certificates to")
	}
	transport = transport.Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return Trust{path, transport, text}, nil
}

// systemCertificates are the directories where Go looks for them on Linux.
const systemCertificates = "/etc/ssl/certs:/etc/pki/tls/certs"

// daemonEnviron is that of a daemon that trusts what we trust. It is a Go program, too, which reads all files in directories
// of certificates besides the system's file or SSL_CERT_FILE.
func daemonEnviron(t Trust, dir string) ([]string, error) {
	environ := os.Environ()
	if t.File == "" {
		return environ, nil
	}
	own := filepath.Join(dir, "certificates")
	if err := os.Mkdir(own, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(own, "ca.pem"), t.PEM, 0o644); err != nil {
		return nil, err
	}
	dirs := systemCertificates
	for _, variable := range environ {
		if value, ok := strings.CutPrefix(variable, "SSL_CERT_DIR="); ok && value != "" {
			dirs = value
		}
	}
	return append(environ, "SSL_CERT_DIR="+dirs+":"+own), nil
}

// ProxyArgs are the build arguments for proxies, in both of their spellings: those of the Docker configuration, which
// are meant for containers, and else those of the environment.
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

// sessionAuth lets the engine ask for credentials: those of the Docker configuration, or else those that podman and
// skopeo keep, as for our own requests.
func sessionAuth(c *configfile.ConfigFile) authprovider.AuthConfigProvider {
	docker := authprovider.LoadAuthConfig(c)
	return func(ctx context.Context, host string, scopes []string, expired authprovider.ExpireCachedAuthCheck) (types.AuthConfig, error) {
		found, err := docker(ctx, host, scopes, expired)
		if err != nil || found != (types.AuthConfig{ServerAddress: found.ServerAddress}) {
			return found, err
		}
		registry, err := name.NewRegistry(host)
		if err != nil {
			return found, nil // the engine then goes without
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

// tokenTrust is for the services that hand out tokens, which the session asks and not the engine.
func tokenTrust(t Trust, repository string) map[string]*authprovider.AuthTLSConfig {
	host, _, _ := strings.Cut(repository, "/")
	if t.File == "" || host == "" {
		return nil
	}
	return map[string]*authprovider.AuthTLSConfig{host: {RootCAs: []string{t.File}}}
}
