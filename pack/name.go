package pack

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"

	"github.com/seedpack/seedpack/seed"
)

// Name is the reference a job is published under, [<registry>/]<name>-<jobVersion>-seed:<packageVersion> (section 1.1).
// Registry is HOST[/NAMESPACE] as CheckRegistry takes it, or empty for the bare image name. Members that no reference
// can hold are an error here; the linter says which and how to mend them.
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

// CheckRegistry says what is wrong with a HOST[/NAMESPACE], and how to write it. The host must look like one: with a
// dot, a port, or localhost, since a bare word would be taken for a namespace of Docker Hub by other tools.
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
	probe := registry + "/x-seed:1"
	if _, err := reference.Parse(probe); err != nil {
		return fmt.Errorf("registry %q: host %q or namespace %q cannot be part of an image reference: %w", registry, host, namespace, err)
	}
	return nil
}
