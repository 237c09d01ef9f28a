package registry

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/seedpack/seedpack/secret"
)

// answerLimit is how long a credential helper or a token service is waited for, in all.
const answerLimit = 30 * time.Second

// patienceVariable gives helpers and token services longer, as in 2m.
const patienceVariable = "SEEDPACK_HELPER_TIMEOUT"

// A Keychain finds credentials for registries: in DOCKER_AUTH_CONFIG, in the Docker configuration, in the file of
// REGISTRY_AUTH_FILE, and in podman's files. The first that has some counts. A file may name credential helpers. What did not
// answer in time is not asked again. The zero value can be used, also by several goroutines. It must not be copied.
type Keychain struct {
	// Warn gets what helpers write on standard error, each text once. Nil: it is dropped.
	Warn func(text string)
	// Secrets gets the credentials that are found, and what is sent of them. It may be nil.
	Secrets *secret.Set

	helper sync.Mutex // some helpers hang if two run at once
	limit  time.Duration

	mu     sync.Mutex
	said   map[string]bool
	silent map[string]error // by helper or token service
	joined map[string]bool  // registries with several challenges in one header line
	tokens int              // that Secrets got
}

// keychain returns one that remembers nothing if none is set.
func (r Registry) keychain() *Keychain {
	if r.Keychain == nil {
		return &Keychain{}
	}
	return r.Keychain
}

// FindCredentials returns the credentials for a host; an empty value if there are none.
func (r Registry) FindCredentials(ctx context.Context, host string) (types.AuthConfig, error) {
	return r.keychain().Find(ctx, host)
}

// A contextKeychain is a keychain for functions that take no context.
type contextKeychain struct {
	ctx context.Context
	*Keychain
}

func (k contextKeychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(k.ctx, target)
}

func (k contextKeychain) ResolveContext(_ context.Context, target authn.Resource) (authn.Authenticator, error) {
	return k.Keychain.ResolveContext(k.ctx, target)
}

// Resolve is ResolveContext without a context.
func (k *Keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext returns the credentials for a repository, or else those for its registry. It returns authn.Anonymous if there
// are none.
func (k *Keychain) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	found, _, err := k.lookUp(ctx, target)
	if err != nil {
		return nil, err
	}
	if found == (types.AuthConfig{}) {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: found.Username, Password: found.Password, Auth: found.Auth,
		IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken}), nil
}

// Find returns the credentials for a host; an empty value if there are none. Docker Hub may have the name of its API.
func (k *Keychain) Find(ctx context.Context, host string) (types.AuthConfig, error) {
	if host == dockerHubAPI {
		host = name.DefaultRegistry
	}
	registry, err := name.NewRegistry(host)
	if err != nil {
		return types.AuthConfig{}, nil // the engine then uses none
	}
	found, _, err := k.lookUp(ctx, registry)
	return found, err
}

const dockerHubAPI = "registry-1.docker.io"

// lookUp looks for credentials, and says where they are: in a file, in DOCKER_AUTH_CONFIG, or in a helper. A helper stands in
// place of its file.
func (k *Keychain) lookUp(ctx context.Context, target authn.Resource) (found types.AuthConfig, place string, err error) {
	defer func() { k.Secrets.Add(secretsOf(found)...) }()
	if file := k.environment(); file != nil {
		if found = inEntries(file, target); found != (types.AuthConfig{}) {
			return found, configfile.DockerEnvConfigKey, nil
		}
	}
	for _, path := range authFiles() {
		file, err := readAuthFile(path, target.RegistryStr())
		if err != nil {
			return types.AuthConfig{}, "", err
		}
		key := keyOf(target.RegistryStr())
		if place = path; helperFor(file, key) != "" {
			place = "docker-credential-" + helperFor(file, key)
			found, err = k.ask(ctx, helperFor(file, key), key)
		} else {
			found = inEntries(file, target)
		}
		if err != nil || found != (types.AuthConfig{}) {
			return found, place, err
		}
	}
	return types.AuthConfig{}, "", nil
}

// helperFor returns the name of the helper for a key; empty if there is none.
func helperFor(file *configfile.ConfigFile, key string) string {
	if helper, ok := file.CredentialHelpers[key]; ok {
		return helper
	}
	if key == authn.DefaultAuthKey {
		for _, hub := range []string{name.DefaultRegistry, "docker.io"} {
			if helper, ok := file.CredentialHelpers[hub]; ok {
				return helper
			}
		}
	}
	return file.CredentialsStore
}

// secretsOf returns the values that must not be shown.
func secretsOf(a types.AuthConfig) (all []string) {
	for _, value := range []string{a.Password, a.Auth, a.IdentityToken, a.RegistryToken} {
		if value != "" {
			all = append(all, value)
		}
	}
	return all
}

// environment returns what DOCKER_AUTH_CONFIG holds; nil if that is nothing.
func (k *Keychain) environment() *configfile.ConfigFile {
	text := os.Getenv(configfile.DockerEnvConfigKey)
	if text == "" {
		return nil
	}
	file, err := config.LoadFromReader(strings.NewReader(text))
	if err != nil {
		k.say(fmt.Sprintf("%s is not used, since it cannot be read: %v", configfile.DockerEnvConfigKey, err))
		return nil
	}
	return file
}

// say passes a text to the user, once.
func (k *Keychain) say(text string) {
	k.mu.Lock()
	if k.said == nil {
		k.said = map[string]bool{}
	}
	known := k.said[text]
	k.said[text] = true
	k.mu.Unlock()
	if !known && k.Warn != nil {
		k.Warn(text)
	}
}

// patience returns how long something is waited for that is to answer.
func (k *Keychain) patience() time.Duration {
	if k.limit != 0 {
		return k.limit
	}
	if given, err := time.ParseDuration(os.Getenv(patienceVariable)); err == nil && given > 0 {
		return given
	}
	return answerLimit
}

// gaveUp returns the error of what did not answer before; nil if nothing is known against it.
func (k *Keychain) gaveUp(on string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.silent[on]
}

// giveUp remembers that something does not answer.
func (k *Keychain) giveUp(on string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.silent == nil {
		k.silent = map[string]error{}
	}
	k.silent[on] = err
}

// maxTokens is how many tokens are redacted. Listing a registry takes one for each repository, and each makes redacting slower.
const maxTokens = 32

// noteSent makes a secret of what a header proves who asks with. A registry may say it again in its answers.
func (k *Keychain) noteSent(header string) {
	if k.Secrets == nil || header == "" {
		return
	}
	k.mu.Lock()
	k.tokens++
	many := k.tokens > maxTokens
	k.mu.Unlock()
	if !many {
		k.Secrets.Add(credentialsIn(header)...)
	}
}

// credentialsIn returns the secrets in the value of an Authorization header, or in that of another header that proves who asks.
func credentialsIn(value string) []string {
	scheme, secret, ok := strings.Cut(value, " ")
	switch {
	case !ok:
		return []string{value}
	case !strings.EqualFold(scheme, "Basic"):
		return []string{secret}
	}
	all := []string{secret}
	if text, err := base64.StdEncoding.DecodeString(secret); err == nil {
		if _, password, ok := strings.Cut(string(text), ":"); ok && password != "" {
			all = append(all, password)
		}
	}
	return all
}
