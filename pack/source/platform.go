package source

import (
	"fmt"
	"regexp"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
)

// A Platform is one image of an index, or the only one.
type Platform struct {
	Name     string // os/arch[/variant], from the image's own configuration
	Declared string // from the index; empty if the index has none
	Digest   string // of the image manifest; empty if Image.Digest is
	ImageID  string // digest of the configuration
	Image    v1.Image
	Config   *v1.ConfigFile
	// Annotations are those of the image manifest. Annotations of its entry in the index are added, if the manifest
	// lacks them.
	Annotations map[string]string
}

// maxPlatforms is more than an index has.
const maxPlatforms = 64

func (i *Image) addIndex(index v1.ImageIndex) error {
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	i.Index, i.Annotations = index, manifest.Annotations
	var platforms []v1.Descriptor
	for _, d := range manifest.Manifests {
		switch {
		case isAttestation(d):
			i.attestations = append(i.attestations, d)
		case isPlatformImage(d):
			platforms = append(platforms, d)
		}
	}
	if len(platforms) > maxPlatforms {
		return fmt.Errorf("the index has %d images, more than %d", len(platforms), maxPlatforms)
	}
	for _, d := range platforms {
		img, err := index.Image(d.Digest)
		if err != nil {
			return err
		}
		if err := i.add(img, d); err != nil {
			return err
		}
	}
	return nil
}

func isAttestation(d v1.Descriptor) bool {
	return d.MediaType.IsImage() && (d.Annotations[attestationOf] != "" || d.Platform != nil && d.Platform.OS == "unknown")
}

func isPlatformImage(d v1.Descriptor) bool { return d.MediaType.IsImage() && !isAttestation(d) }

// Attested reports whether the index holds attestations. It does not ask a registry what refers to the image.
func (i *Image) Attested() bool { return len(i.attestations) > 0 }

// add reads the configuration of an image. The descriptor is that of its manifest, and is empty if there is none.
func (i *Image) add(img v1.Image, d v1.Descriptor) error {
	p := Platform{Image: img, Annotations: map[string]string{}}
	if d.Digest.Hex != "" {
		p.Digest = d.Digest.String()
		if err := p.readManifest(d); err != nil {
			return err
		}
		if i.Index == nil {
			i.Annotations = p.Annotations
		}
	}
	if d.Platform != nil {
		p.Declared = platformName(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant)
	}
	if !platformForm.MatchString(p.Declared) {
		return fmt.Errorf("the index says of %s that it is for %q, which is no platform", d.Digest, p.Declared)
	}
	id, err := configName(img, p.ImageID)
	if err != nil {
		return err
	}
	raw, err := img.RawConfigFile()
	if err == nil {
		err = CheckValues(raw)
	}
	if err != nil {
		return fmt.Errorf("read the image configuration %s: %w", id, err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return fmt.Errorf("read the image configuration %s: %w", id, err)
	}
	p.ImageID, p.Config = id, config
	p.Name = platformName(config.OS, config.Architecture, config.Variant)
	if !platformForm.MatchString(p.Name) {
		return fmt.Errorf("the image configuration %s is for %q, which is no platform", id, p.Name)
	}
	i.Platforms = append(i.Platforms, p)
	return nil
}

// configName returns the digest of the configuration. It is taken from the manifest, or without a manifest computed
// from the content.
func configName(img v1.Image, known string) (string, error) {
	if known != "" {
		return known, nil
	}
	id, err := partial.ConfigName(img)
	return id.String(), err
}

// readManifest returns an error, before the configuration is read, if it is too large or is not one.
func (p *Platform) readManifest(d v1.Descriptor) error {
	manifest, err := p.Image.Manifest()
	if err != nil {
		return err
	}
	if !manifest.Config.MediaType.IsConfig() {
		return fmt.Errorf("%s has a configuration of media type %q: that is no container image", d.Digest, manifest.Config.MediaType)
	}
	if manifest.Config.Size > maxConfig {
		return fmt.Errorf("the image configuration has %d bytes, more than %d", manifest.Config.Size, maxConfig)
	}
	for _, annotations := range []map[string]string{d.Annotations, manifest.Annotations} {
		for key, value := range annotations {
			p.Annotations[key] = value
		}
	}
	p.ImageID = manifest.Config.Digest.String()
	return nil
}

// Platforms are printed together with the image, also by engines. So they may contain only words. Parts may be missing.
var platformForm = regexp.MustCompile(`^[A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]*)*$`)

// platformName returns os/arch[/variant]. It omits the variant v8 of arm64, as other tools do. Some tools omit all
// parts.
func platformName(os, arch, variant string) string {
	if os == "" && arch == "" {
		return "unknown"
	}
	s := os + "/" + arch
	if variant != "" && (arch != "arm64" || variant != "v8") {
		s += "/" + variant
	}
	return s
}
