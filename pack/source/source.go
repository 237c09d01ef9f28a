// Package source reads container images that were built elsewhere: from a registry, an OCI layout or an archive of one,
// a Docker archive, or a Docker Engine. It does not know jobs. It does not trust what it reads: sizes are limited,
// digests are checked, and names inside an archive never become paths.
package source

import (
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
)

// A Kind is a kind of place for images, under skopeo's name for it.
type Kind string

// The kinds of sources.
const (
	Registry      Kind = "docker"
	Layout        Kind = "oci"
	LayoutArchive Kind = "oci-archive"
	DockerArchive Kind = "docker-archive"
	DockerDaemon  Kind = "docker-daemon"
)

// Forms says how sources are written, for help texts.
const Forms = "REF, oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:REF] or docker-daemon:NAME"

// A Source says where an image is.
type Source struct {
	Kind Kind
	Path string // of a layout or an archive
	// Name is the reference in a registry or a Docker Engine. In a layout or an archive it selects the image by tag,
	// reference or digest. It is empty if there is only one.
	Name string
}

// String returns the source as Parse reads it. A registry has no scheme.
func (s Source) String() string {
	switch {
	case s.Kind == Registry:
		return s.Name
	case s.Kind == DockerDaemon:
		return string(s.Kind) + ":" + s.Name
	case s.Name == "":
		return string(s.Kind) + ":" + s.Path
	case digestForm.MatchString(s.Name):
		return string(s.Kind) + ":" + s.Path + "@" + s.Name
	}
	return string(s.Kind) + ":" + s.Path + ":" + s.Name
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Parse reads a source as skopeo writes it, see Forms. Without a known prefix it is a reference in a registry.
func Parse(s string) (Source, error) {
	prefix, rest, _ := strings.Cut(s, ":")
	switch kind := Kind(prefix); kind {
	case Layout, LayoutArchive, DockerArchive:
		return parsePath(kind, rest)
	case DockerDaemon:
		return parseDaemon(rest)
	case "dir", "containers-storage", "ostree", "sif", "tarball", "docker-image":
		if !strings.HasPrefix(rest, "//") && kind != "containers-storage" {
			break // an image may have that name
		}
		return Source{}, fmt.Errorf("image source %q: images in %s are not read: write %s", s, kind, Forms)
	}
	return parseRegistry(s)
}

func parseRegistry(s string) (Source, error) {
	ref := strings.TrimPrefix(s, "docker://")
	switch {
	case ref == "":
		return Source{}, fmt.Errorf("image source %q is empty: write %s", s, Forms)
	case strings.Contains(ref, "://"):
		return Source{}, fmt.Errorf("image source %q: leave out the scheme: %q", s, ref[strings.Index(ref, "://")+3:])
	case strings.HasPrefix(ref, ".") || strings.HasPrefix(ref, "/") || strings.HasSuffix(ref, ".tar"):
		return Source{}, fmt.Errorf("image source %q is no reference: write oci-archive:%s or docker-archive:%s for a file, oci:%s for a directory", s, ref, ref, ref)
	}
	if _, err := name.ParseReference(ref); err != nil {
		return Source{}, fmt.Errorf("image source %q: %w", s, err)
	}
	return Source{Kind: Registry, Name: ref}, nil
}

// parsePath splits at the first colon, as skopeo does. Tags in layouts may be whole references.
func parsePath(kind Kind, rest string) (Source, error) {
	drive := ""
	if runtime.GOOS == "windows" {
		drive = filepath.VolumeName(rest)
	}
	path, tag, tagged := strings.Cut(rest[len(drive):], ":")
	if at := strings.LastIndex(path, "@"); at >= 0 && tagged && digestForm.MatchString(rest[len(drive)+at+1:]) {
		path, tag = path[:at], rest[len(drive)+at+1:]
	}
	s := Source{Kind: kind, Path: drive + path, Name: tag}
	switch {
	case s.Path == "":
		return s, fmt.Errorf("image source %q names no path: write %s:PATH", string(kind)+":"+rest, kind)
	case tagged && tag == "":
		return s, fmt.Errorf("image source %q ends in a colon: write the tag after it, or leave it out", string(kind)+":"+rest)
	}
	if kind != DockerArchive || tag == "" {
		return s, nil
	}
	if _, err := reference.ParseNormalizedNamed(tag); err != nil {
		return s, fmt.Errorf("image source %q: %q: %w", string(kind)+":"+rest, tag, err)
	}
	return s, nil
}

func parseDaemon(image string) (Source, error) {
	s := Source{Kind: DockerDaemon, Name: image}
	if digestForm.MatchString(image) {
		return s, nil
	}
	if _, err := reference.ParseNormalizedNamed(image); err != nil {
		return s, fmt.Errorf("image source %q: %w", string(DockerDaemon)+":"+image, err)
	}
	return s, nil
}
