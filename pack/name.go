package pack

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"

	"github.com/seedpack/seedpack/seed"
)

// Name returns the reference under which a job is published, [<registry>/]<name>-<jobVersion>-seed:<packageVersion>
// (section 1.1). Registry is HOST[/NAMESPACE], as CheckRegistry accepts it, or empty for the image name alone. If a
// reference cannot hold a member, that is an error. The linter says which member, and how to fix it.
func Name(m *seed.Manifest, registry string) (string, error) {
	full := m.ImageName()
	if registry != "" {
		full = registry + "/" + full
	}
	ref, err := reference.Parse(full)
	if err != nil {
		return "", fmt.Errorf("image name %q: %w", full, err)
	}
	if _, ok := ref.(reference.NamedTagged); !ok {
		return "", fmt.Errorf("image name %q: not a repository and a tag", full)
	}
	return full, nil
}

// CheckRegistry returns an error if HOST[/NAMESPACE] is wrong, and says how to write it. The host must have a dot or a
// port, or be localhost. Other tools take a single word for a namespace of Docker Hub.
func CheckRegistry(registry string) error {
	if registry == "" {
		return nil
	}
	host, namespace, _ := strings.Cut(registry, "/")
	switch {
	case strings.Contains(registry, "://"):
		return fmt.Errorf("registry %q: leave out the scheme: %q", registry, registry[strings.Index(registry, "://")+3:])
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		return fmt.Errorf("registry %q has no host: for Docker Hub write %q", registry, "docker.io/"+registry)
	case strings.HasSuffix(registry, "/"):
		return fmt.Errorf("registry %q ends in a slash: write %q", registry, strings.TrimRight(registry, "/"))
	}
	const name = "/x-seed:1"
	probe := registry + name
	if lower := host + strings.ToLower(strings.TrimPrefix(registry, host)); lower != registry {
		if _, err := reference.Parse(lower + name); err == nil {
			return fmt.Errorf("registry %q must be in lower case behind the host: write %q", registry, lower)
		}
	}
	if _, err := reference.Parse(probe); err != nil {
		return fmt.Errorf("registry %q: host %q or namespace %q cannot be part of an image reference: %w", registry, host, namespace, err)
	}
	return nil
}
