package catalogue

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
)

// Suffixes of repositories, which discovery narrows its search by (section 4).
const (
	suffix        = "-seed"
	jobPackSuffix = "-jobpack"
)

// Reasons why an image is skipped.
const (
	isJobPack   = `it has a JobPack label; "seedpack migrate" makes a Seed manifest of it`
	hasNoLabel  = "it has no label " + seed.Label
	hasNoImage  = "the index has no image"
	hasNoSuffix = "its repository does not end in " + suffix + ", as a Seed image's does"
	isGone      = "the registry lists the tag and does not have the image"
)

// readLabel fills in the manifest from the labels of an image, or the reason why there is none.
func (f *facts) readLabel(labels map[string]string) {
	value, ok := labels[seed.Label]
	if !ok {
		f.skip = hasNoLabel
		if _, ok := labels[seed.JobPackLabel]; ok {
			f.skip = isJobPack
		}
		return
	}
	text, _, err := pack.DecodeLabel(value)
	if err != nil {
		f.skip = err.Error()
		return
	}
	if len(text) > seed.MaxSize {
		f.skip = fmt.Sprintf("the manifest in its label has %d bytes, more than %d", len(text), seed.MaxSize)
		return
	}
	m := seed.Parse(text)
	if kind := m.Source.Kind("/job"); kind != "object" || strings.TrimSpace(m.Job.Name) == "" {
		f.skip = fmt.Sprintf("the label %s holds no Seed manifest: it names no job", seed.Label)
		if form := m.Source.Form(seed.Label); form.Old() {
			f.skip = fmt.Sprintf(`its manifest has the form of %s; "seedpack migrate" makes a Seed manifest of it`, form)
		}
		return
	}
	f.manifest, f.weight = text, weight(text)
	report := lint.Manifest("", m, lint.Options{})
	f.lint = Lint{Errors: report.Count(diag.Error), Warnings: report.Count(diag.Warning)}
	f.parsed = withoutPlaces(m)
}

// withoutPlaces returns the values of a manifest without the places of its members, which take several times the room.
func withoutPlaces(m *seed.Manifest) *seed.Manifest {
	values := *m
	values.Source = nil
	return &values
}
