package migrate

import (
	"slices"

	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/seed"
)

// A Dockerfile is what the Dockerfile of an old job says.
type Dockerfile struct {
	Start *Start
	// Key and Value are the label with the manifest; Key is empty if there is none.
	Key, Value string
	// Emptied are the variables in Value that a build replaces by nothing. It is not nil if there is a label.
	Emptied []string
	Line    int
}

// ReadDockerfile reads a Dockerfile. Name is how messages call it. Of two labels with a manifest, Seed's counts.
func ReadDockerfile(name string, text []byte) (*Dockerfile, error) {
	image, err := dockerfile.Read(text)
	if err != nil {
		return nil, err
	}
	d := &Dockerfile{Start: &Start{Entrypoint: image.Entrypoint, Shell: image.Shell, From: name}}
	for _, key := range []string{seed.JobPackLabel, seed.Label} {
		i := slices.IndexFunc(image.Labels, func(l dockerfile.Label) bool { return l.Key == key })
		if i >= 0 && image.Labels[i].Value != "" {
			l := image.Labels[i]
			d.Key, d.Value, d.Emptied, d.Line = l.Key, l.Value, append([]string{}, l.Unescaped...), l.Line
		}
	}
	return d, nil
}

// ImageStart returns how an image starts, from the ENTRYPOINT of its configuration.
func ImageStart(entrypoint []string) *Start {
	if len(entrypoint) == 3 && entrypoint[1] == "-c" && slices.Contains([]string{"/bin/sh", "/bin/bash", "sh", "bash"}, entrypoint[0]) {
		return &Start{Entrypoint: entrypoint[2:], Shell: true, From: "the image"}
	}
	return &Start{Entrypoint: entrypoint, From: "the image"}
}
