package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seedpack/seedpack/disk"
)

// A RefusedLogin is the error for credentials that a registry does not take.
type RefusedLogin struct {
	Host, Username string
	Status         int
}

// Error says who refused whom.
func (e *RefusedLogin) Error() string {
	return fmt.Sprintf("%s refused the name %q with this password: it answered %d %s", e.Host, e.Username, e.Status, http.StatusText(e.Status))
}

// Try asks a registry whether it takes credentials, at /v2/. It reports open if the registry asks nobody for credentials, so
// that they could not be tried.
func (r Registry) Try(ctx context.Context, host string, login Login) (open bool, err error) {
	registry, err := name.NewRegistry(host, r.nameOptions()...)
	if err != nil {
		return false, err
	}
	next := transport.NewUserAgent(r.transport(), r.UserAgent)
	challenge, err := transport.Ping(ctx, registry, next)
	if err != nil {
		return false, fmt.Errorf("ask %s for its API: %w", host, err)
	}
	if challenge.Scheme == "" {
		return true, nil
	}
	auth := &authn.Basic{Username: login.Username, Password: login.Password}
	way, err := authorized(ctx, registry, auth, next, challenge)
	if err == nil {
		scheme := "https"
		if challenge.Insecure {
			scheme = "http"
		}
		err = askV2(ctx, way, scheme+"://"+registry.RegistryStr()+"/v2/")
	}
	var te *transport.Error
	if errors.As(err, &te) && (te.StatusCode == http.StatusUnauthorized || te.StatusCode == http.StatusForbidden || te.StatusCode == http.StatusBadRequest && isBearer(challenge)) {
		return false, &RefusedLogin{host, login.Username, te.StatusCode}
	}
	if err != nil {
		return false, fmt.Errorf("try the credentials at %s: %w", host, err)
	}
	return false, nil
}

func isBearer(c *transport.Challenge) bool { return strings.EqualFold(c.Scheme, "bearer") }

// authorized returns the way to a registry with credentials. It gets a token, if the registry wants one.
func authorized(ctx context.Context, registry name.Registry, auth authn.Authenticator, next http.RoundTripper, c *transport.Challenge) (http.RoundTripper, error) {
	if !isBearer(c) {
		return transport.FromToken(registry, auth, next, c, nil)
	}
	token, err := transport.Exchange(ctx, registry, auth, next, nil, c)
	if err != nil {
		return nil, err
	}
	return transport.FromToken(registry, auth, next, c, token)
}

// askV2 asks for a document, and returns a *transport.Error if it is refused.
func askV2(ctx context.Context, way http.RoundTripper, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: way, CheckRedirect: followGuarded}).Do(request)
	if err != nil {
		return err
	}
	return errors.Join(transport.CheckError(response, http.StatusOK), response.Body.Close())
}

// Store keeps credentials in the Docker configuration: in the helper that it names for the registry, or else in the file. It
// returns where they are.
func (k *Keychain) Store(ctx context.Context, host string, login Login) (place string, err error) {
	path := dockerFile()
	c, err := readAuthFile(path, host)
	if err != nil {
		return "", err
	}
	key := keyOf(host)
	if helper := helperFor(c, key); helper != "" {
		input, err := json.Marshal(credentials.Credentials{ServerURL: key, Username: login.Username, Secret: login.Password})
		if err != nil {
			return "", err
		}
		return helperProgram(helper), k.tell(ctx, helper, credentials.ActionStore, key, string(input))
	}
	auth, err := json.Marshal(map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(login.Username + ":" + login.Password))})
	if err != nil {
		return "", err
	}
	return path, editAuths(path, func(auths map[string]json.RawMessage) { auths[key] = auth })
}

// Erase removes credentials from the Docker configuration, and from the helper that it names for the registry. It returns
// where they were; empty if there were none. Others lists the further files that still have some.
func (k *Keychain) Erase(ctx context.Context, host string) (place string, others []string, err error) {
	path := dockerFile()
	c, err := readAuthFile(path, host)
	if err != nil {
		return "", nil, err
	}
	key := keyOf(host)
	if helper := helperFor(c, key); helper != "" {
		found, err := k.ask(ctx, helper, key)
		if err != nil {
			return "", nil, err
		}
		if found != (types.AuthConfig{}) {
			place = helperProgram(helper)
			if err := k.tell(ctx, helper, credentials.ActionErase, key, key); err != nil {
				return "", nil, err
			}
		}
	}
	if hasAuth(c, key) {
		err := editAuths(path, func(auths map[string]json.RawMessage) {
			maps.DeleteFunc(auths, func(of string, _ json.RawMessage) bool { return isOf(of, key) })
		})
		if err != nil {
			return "", nil, err
		}
		if place == "" {
			place = path
		}
	}
	for _, file := range authFiles()[1:] {
		if c, err := readAuthFile(file, host); err == nil && hasAuth(c, key) && !slices.Contains(others, file) {
			others = append(others, file)
		}
	}
	return place, others, nil
}

func hasAuth(c *configfile.ConfigFile, key string) bool {
	for of := range c.AuthConfigs {
		if isOf(of, key) {
			return true
		}
	}
	return false
}

func helperProgram(helper string) string { return "docker-credential-" + helper }

// tell has a helper store or erase credentials.
func (k *Keychain) tell(ctx context.Context, helper, action, key, input string) error {
	k.helper.Lock()
	defer k.helper.Unlock()
	program, host := helperProgram(helper), strings.TrimSuffix(strings.TrimPrefix(key, "https://"), "/v1/")
	ctx, cancel := context.WithTimeoutCause(ctx, k.patience(), fmt.Errorf("did not answer within %s", k.patience()))
	defer cancel()
	if _, _, err := callHelper(ctx, program, action, input); err != nil {
		return &HelperError{program, host, err}
	}
	return nil
}

// editAuths changes the member auths of a configuration, and keeps all others. Only its owner may read it afterwards.
func editAuths(path string, edit func(map[string]json.RawMessage)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	members, auths := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	text, err := disk.ReadFile(path, disk.MaxSettings)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(strings.TrimSpace(string(text))) > 0 {
		if err := json.Unmarshal(text, &members); err != nil {
			return err
		}
	}
	if old, ok := members["auths"]; ok {
		if err := json.Unmarshal(old, &auths); err != nil {
			return err
		}
	}
	if auths == nil {
		auths = map[string]json.RawMessage{} // it was null
	}
	edit(auths)
	if members["auths"], err = json.Marshal(auths); err != nil {
		return err
	}
	if text, err = json.MarshalIndent(members, "", "\t"); err != nil {
		return err
	}
	return disk.Roots(nil).WriteFile(path, 0o600, func(f *os.File) error {
		_, err := f.Write(append(text, '\n'))
		return errors.Join(err, f.Sync())
	})
}
