package pack

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/config"

	"github.com/seedpack/seedpack/disk"
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
	if disk.CheckSettings(filepath.Join(config.Dir(), config.ConfigFileName)) != nil {
		return args // what reads credentials there says why
	}
	for name, value := range config.LoadDefaultConfigFile(io.Discard).ParseProxyConfig(getenv("DOCKER_HOST"), nil) {
		args[name] = *value
	}
	return args
}
