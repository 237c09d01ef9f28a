package catalogue

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/seedpack/seedpack/pack/source"
)

// mediaTypes are those of image manifests and indexes. A registry answers 404 if the one that it has is not among them. The
// last two are Docker's first form, in which labels are in the history.
var mediaTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1",
	"application/vnd.docker.distribution.manifest.v1+json;q=0.1",
}

// An imageManifest is an image manifest or an index, in any form that registries hold.
type imageManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"` // of an index
	Annotations   map[string]string `json:"annotations"`
	// History is that of Docker's first form, the newest entry first.
	History []struct {
		V1Compatibility string `json:"v1Compatibility"`
	} `json:"history"`
}

type descriptor struct {
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	Platform     *platform         `json:"platform"`
	Annotations  map[string]string `json:"annotations"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

// An imageConfig is the part of an image configuration that a catalogue needs.
type imageConfig struct {
	platform
	Created string `json:"created"`
	Config  struct {
		Labels map[string]string `json:"Labels"`
	} `json:"config"`
}

// platformForm is what a platform may consist of. It is printed and becomes part of commands.
var platformForm = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?$`)

// IsPlatform reports whether a text is os/arch or os/arch/variant.
func IsPlatform(s string) bool { return platformForm.MatchString(s) }

// String returns os/arch[/variant], or "unknown". It omits the variant v8 of arm64, as other tools do.
func (p *platform) String() string {
	if p == nil {
		return "unknown"
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" && (p.Architecture != "arm64" || p.Variant != "v8") {
		s += "/" + p.Variant
	}
	const longest = 64
	if len(s) > longest || !platformForm.MatchString(s) {
		return "unknown"
	}
	return s
}

func (m *imageManifest) isIndex() bool {
	return m.Manifests != nil || strings.HasSuffix(m.MediaType, "index.v1+json") || strings.HasSuffix(m.MediaType, "manifest.list.v2+json")
}

// Annotations by which BuildKit marks what is attached to an image inside its index.
const (
	attestationOf = "vnd.docker.reference.digest"
	predicateType = source.PredicateType
)

func (d descriptor) isIndex() bool { return (&imageManifest{MediaType: d.MediaType}).isIndex() }

// images returns the entries of an index that are images for a platform or indexes of such, and those that are about images.
func (m *imageManifest) images() (images, attestations []descriptor) {
	for _, d := range m.Manifests {
		switch {
		case d.Annotations[attestationOf] != "" || d.Platform != nil && d.Platform.OS == "unknown":
			attestations = append(attestations, d)
		case d.isIndex():
			images = append(images, d)
		case d.MediaType == "" || strings.HasSuffix(d.MediaType, "manifest.v1+json") || strings.HasSuffix(d.MediaType, "manifest.v2+json"):
			if (descriptor{MediaType: d.ArtifactType}).isConfig() {
				images = append(images, d)
			}
		}
	}
	return images, attestations
}

const defaultPlatform = "linux/amd64"

// choose returns the image at the platform that is asked for, else at linux/amd64, else the first.
func choose(images []descriptor, want string) descriptor {
	for _, name := range []string{normal(want), defaultPlatform} {
		for _, d := range images {
			if name != "" && d.Platform != nil && d.Platform.String() == name {
				return d
			}
		}
	}
	return images[0]
}

// normal returns os/arch[/variant] as String writes it.
func normal(text string) string {
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return text
	}
	return (&platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}).String()
}

// size returns the bytes of configuration and layers. Sizes are what the manifest says; a wrong one counts as 0.
func (m *imageManifest) size() (total int64) {
	for _, d := range append([]descriptor{m.Config}, m.Layers...) {
		const most = 1 << 50
		if d.Size > 0 && d.Size < most && total < most {
			total += d.Size
		}
	}
	return total
}

// isConfig reports whether the configuration is that of a container image.
func (d descriptor) isConfig() bool {
	switch d.MediaType {
	case "", "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json", "application/octet-stream":
		return true
	}
	return false
}

// legacyConfig returns the configuration of Docker's first form, which is in the newest entry of the history.
func (m *imageManifest) legacyConfig() (*imageConfig, error) {
	if len(m.History) == 0 {
		return nil, errors.New("the image manifest has no configuration")
	}
	config := &imageConfig{}
	if err := json.Unmarshal([]byte(m.History[0].V1Compatibility), config); err != nil {
		return nil, fmt.Errorf("the image manifest's history is no JSON: %w", err)
	}
	return config, nil
}

var digestForm = regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)

// digestOf returns the digest of content in the algorithm of another digest.
func digestOf(content []byte, like string) string {
	if strings.HasPrefix(like, "sha512:") {
		return fmt.Sprintf("sha512:%x", sha512.Sum512(content))
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}

// A DigestError is the error for content that is not what was asked for.
type DigestError struct{ Want, Got string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("the registry was asked for %s and gives what has the digest %s", e.Want, e.Got)
}

func checkDigest(content []byte, want string) error {
	if !digestForm.MatchString(want) {
		return fmt.Errorf("%q is no digest", want)
	}
	if got := digestOf(content, want); got != want {
		return &DigestError{want, got}
	}
	return nil
}
