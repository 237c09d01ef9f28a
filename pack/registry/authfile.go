package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	dockercredentials "github.com/docker/cli/cli/config/credentials"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/seedpack/seedpack/disk"
)

// A CredentialsError says why credentials could not be read. Its second line says what to do.
type CredentialsError struct {
	Host string
	Err  error
	Do   string
}

// Error has the advice on a line of its own.
func (e *CredentialsError) Error() string {
	return fmt.Sprintf("credentials for %s: %v\n%s", e.Host, e.Err, e.Do)
}

// Unwrap returns the error without its advice.
func (e *CredentialsError) Unwrap() error { return e.Err }

// keysOf returns the keys under which a repository's credentials may be, the longest first: podman keeps some for namespaces.
func keysOf(target authn.Resource) (keys []string) {
	host := target.RegistryStr()
	for key := target.String(); strings.HasPrefix(key, host+"/"); key = key[:strings.LastIndexByte(key, '/')] {
		keys = append(keys, key)
	}
	return append(keys, keyOf(host))
}

// authFiles returns the files that may hold credentials, in their order. They need not exist.
func authFiles() []string {
	files := []string{dockerFile()}
	if path := os.Getenv("REGISTRY_AUTH_FILE"); path != "" {
		files = append(files, path)
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		files = append(files, filepath.Join(dir, "containers", "auth.json"))
	}
	dir := os.Getenv("XDG_CONFIG_HOME")
	if home := os.Getenv("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".config")
	}
	if dir != "" {
		files = append(files, filepath.Join(dir, "containers", "auth.json"))
	}
	return files
}

// dockerFile returns the file of the Docker configuration.
func dockerFile() string { return filepath.Join(config.Dir(), config.ConfigFileName) }

// keyOf returns the key of a registry in the files. That of Docker Hub is an address, for reasons of history.
func keyOf(host string) string {
	if host == name.DefaultRegistry || host == "docker.io" || host == "registry-1.docker.io" {
		return authn.DefaultAuthKey
	}
	return host
}

// inEntries looks for credentials in the entries of a configuration.
func inEntries(c *configfile.ConfigFile, target authn.Resource) types.AuthConfig {
	for _, key := range keysOf(target) {
		if auth, ok := c.AuthConfigs[key]; ok {
			auth.ServerAddress = ""
			return auth
		}
	}
	for key, auth := range c.AuthConfigs {
		if isOf(key, target.RegistryStr()) {
			auth.ServerAddress = ""
			return auth
		}
	}
	return types.AuthConfig{}
}

// isOf reports whether a key is the registry's, by its name or, as older tools wrote it, by an address.
func isOf(key, host string) bool {
	return key == host || strings.Contains(key, "://") && dockercredentials.ConvertToHostname(key) == dockercredentials.ConvertToHostname(host)
}

// readAuthFile reads a configuration. One that is not there is empty.
func readAuthFile(path, host string) (*configfile.ConfigFile, error) {
	text, err := disk.ReadFile(path, disk.MaxSettings)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return configfile.New(path), nil
	case err != nil:
		return nil, brokenFile(host, err)
	}
	return parseAuth(path, text, host)
}

func brokenFile(host string, err error) error {
	return &CredentialsError{host, err, "fix it, or move it away and log in again: seedpack login " + host}
}

// parseAuth reads the text of a configuration.
func parseAuth(path string, text []byte, host string) (*configfile.ConfigFile, error) {
	c := configfile.New(path)
	broken := func(err error) error { return brokenFile(host, err) }
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch err := c.LoadFromReader(strings.NewReader(string(text))); {
	case errors.As(err, &syntax):
		return nil, broken(fmt.Errorf("%s is not JSON: %w", placeIn(path, text, syntax.Offset), err))
	case errors.As(err, &kind):
		return nil, broken(fmt.Errorf("%s: %s is a %s, it should be a %s", placeIn(path, text, kind.Offset), kind.Field, kind.Value, kind.Type))
	case err != nil && strings.Contains(err.Error(), "unexpected EOF"):
		return nil, broken(fmt.Errorf("%s is not JSON: it ends too early", placeIn(path, text, int64(len(text)))))
	case err != nil:
		return nil, broken(fmt.Errorf("%s: the auth of %s is not NAME:PASSWORD in base64", path, brokenAuth(text)))
	}
	return c, nil
}

// placeIn returns PATH:LINE:COLUMN of a byte.
func placeIn(path string, text []byte, offset int64) string {
	before := string(text[:min(max(offset-1, 0), int64(len(text)))])
	return fmt.Sprintf("%s:%d:%d", path, 1+strings.Count(before, "\n"), 1+len([]rune(before[strings.LastIndexByte(before, '\n')+1:])))
}

// brokenAuth returns the registries whose entries cannot be decoded.
func brokenAuth(text []byte) string {
	var file struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	if json.Unmarshal(text, &file) != nil {
		return "a registry"
	}
	var wrong []string
	for host, entry := range file.Auths {
		one := fmt.Sprintf(`{"auths":{%q:%s}}`, host, entry)
		if configfile.New("").LoadFromReader(strings.NewReader(one)) != nil {
			wrong = append(wrong, host)
		}
	}
	slices.Sort(wrong)
	return strings.Join(wrong, ", ")
}
