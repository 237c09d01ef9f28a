package pack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/internal/lazy"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// An Annotation is one to set, as in docker buildx.
type Annotation struct {
	Level    string // manifest, index, manifest-descriptor or index-descriptor
	Platform string // os/arch[/variant], for the levels of one platform; empty: all platforms
	Key      string
	Value    string
}

var annotationLevel = lazy.Regexp(`^(manifest|index|manifest-descriptor|index-descriptor)(?:\[([A-Za-z0-9_/-]+)\])?$`)

// annotationKey matches keys that BuildKit can carry. It splits keys at brackets and ends them at blanks.
var annotationKey = lazy.Regexp(`^\S+$`)

// ParseAnnotation reads buildx's syntax, [LEVEL[,LEVEL...]:]KEY=VALUE. A level may name a platform:
// manifest[linux/arm64].
func ParseAnnotation(s string) ([]Annotation, error) {
	key, value, ok := strings.Cut(s, "=")
	levels, name, given := strings.Cut(key, ":")
	if !given {
		levels, name = exptypes.AnnotationManifest, key
	}
	if !ok || !annotationKey().MatchString(name) {
		return nil, fmt.Errorf("annotation %q must be [LEVEL:]KEY=VALUE", s)
	}
	var all []Annotation
	for _, level := range strings.Split(levels, ",") {
		m := annotationLevel().FindStringSubmatch(level)
		if m == nil || m[2] != "" && strings.HasPrefix(m[1], exptypes.AnnotationIndex) {
			return nil, fmt.Errorf("annotation %q: level %q must be manifest, index, manifest-descriptor or index-descriptor, "+
				"those of manifests with or without a platform: manifest[linux/arm64]", s, level)
		}
		a := Annotation{Level: m[1], Key: name, Value: value}
		if m[2] != "" {
			p, err := platforms.Parse(m[2])
			if err != nil {
				return nil, fmt.Errorf("annotation %q: %w", s, err)
			}
			a.Platform = platforms.Format(platforms.Normalize(p))
		}
		all = append(all, a)
	}
	return all, nil
}

// described is one platform of an image with its annotations.
type described struct {
	platform             ocispecs.Platform
	manifest, descriptor map[string]string
}

func newDescribed(p ocispecs.Platform, values map[string]string) described {
	return described{platform: p, manifest: maps.Clone(values), descriptor: map[string]string{}}
}

// annotate puts annotations where exporters look for them. Given ones replace those of the image. The index gets the
// annotations that all of its images share.
func annotate(metadata map[string][]byte, all []described, given []Annotation, index bool) error {
	onIndex, onDescriptor := sharedAnnotations(all), map[string]string{}
	for _, a := range given {
		switch {
		case strings.HasPrefix(a.Level, exptypes.AnnotationIndex) && !index:
			return fmt.Errorf("annotation %s: an image for one platform has no index to put it on", a.Key)
		case a.Level == exptypes.AnnotationIndex:
			onIndex[a.Key] = a.Value
		case a.Level == exptypes.AnnotationIndexDescriptor:
			onDescriptor[a.Key] = a.Value
		default:
			if err := a.addTo(all); err != nil {
				return err
			}
		}
	}
	for _, d := range all {
		platform := &d.platform
		if len(all) == 1 { // for a single image the exporter looks for a key without a platform
			platform = nil
		}
		putAnnotations(metadata, exptypes.AnnotationKey{Type: exptypes.AnnotationManifest, Platform: platform}, d.manifest)
		putAnnotations(metadata, exptypes.AnnotationKey{Type: exptypes.AnnotationManifestDescriptor, Platform: platform}, d.descriptor)
	}
	if index {
		putAnnotations(metadata, exptypes.AnnotationKey{Type: exptypes.AnnotationIndex}, onIndex)
		putAnnotations(metadata, exptypes.AnnotationKey{Type: exptypes.AnnotationIndexDescriptor}, onDescriptor)
	}
	return nil
}

func putAnnotations(metadata map[string][]byte, key exptypes.AnnotationKey, values map[string]string) {
	for name, value := range values {
		key.Key = name
		metadata[key.String()] = []byte(value)
	}
}

func (a Annotation) addTo(all []described) error {
	found := false
	var built []string
	for _, d := range all {
		platform := platforms.Format(platforms.Normalize(d.platform))
		built = append(built, platform)
		if a.Platform != "" && a.Platform != platform {
			continue
		}
		found = true
		if a.Level == exptypes.AnnotationManifest {
			d.manifest[a.Key] = a.Value
		} else {
			d.descriptor[a.Key] = a.Value
		}
	}
	if !found {
		return fmt.Errorf("annotation %s: %s is not built, only %s is", a.Key, a.Platform, strings.Join(slices.Sorted(slices.Values(built)), ", "))
	}
	return nil
}

// sharedAnnotations returns the annotations that all platforms have with the same value.
func sharedAnnotations(all []described) map[string]string {
	if len(all) == 0 {
		return map[string]string{}
	}
	same := maps.Clone(all[0].manifest)
	for _, d := range all[1:] {
		maps.DeleteFunc(same, func(key, value string) bool {
			other, ok := d.manifest[key]
			return !ok || other != value
		})
	}
	return same
}
