package lint

import (
	"errors"
	"strings"
	"unicode"

	"github.com/distribution/reference"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

const (
	tagLongest  = 128 // distribution spec, pulling manifests
	nameLongest = reference.RepositoryNameTotalLengthMax
)

var imageNameLowercase = &Rule{
	Rule: diag.Rule{
		ID:       "image-name-lowercase",
		Severity: diag.Error,
		Summary:  "job name and version must be in lower case, as repository names are",
		Spec:     "1.1 S-1.1-01 T-05",
	},
	Check: func(p *Pass) {
		for _, name := range []string{"name", "jobVersion"} {
			at, value := p.nameMember(name)
			if strings.ContainsFunc(value, unicode.IsUpper) {
				d := p.Reportf(at, "%s %q has upper-case letters, which the repository name %q cannot have", name, value, p.Manifest.Repository())
				if name == "name" {
					p.rewrite(d, "Write it in lower case", strings.ToLower(value)) // the schema allows A-Z only
				}
			}
		}
	},
}

var imageNameSuffix = &Rule{
	Rule: diag.Rule{
		ID:       "image-name-suffix",
		Severity: diag.Notice,
		Summary:  "a job name may do without -seed at its end, which the image's name gets anyway",
		Spec:     "1.1 S-1.1-01 S-4-01",
	},
	Check: func(p *Pass) {
		if at, name := p.nameMember("name"); strings.HasSuffix(strings.ToLower(name), "-seed") {
			p.Reportf(at, "name %q ends with -seed, so that the repository is called %q: leave it out", name, p.Manifest.Repository())
		}
	},
}

// nameMember returns the place and the value of a member of the image name. The value is "" if the schema refuses it.
func (p *Pass) nameMember(name string) (seed.Pointer, string) {
	at := seed.AtJob.Member(name)
	if !p.valid(at) {
		return at, ""
	}
	switch name {
	case "name":
		return at, p.Job.Name
	case "jobVersion":
		return at, p.Job.JobVersion
	}
	return at, p.Job.PackageVersion
}

var imageNamePlus = &Rule{
	Rule: diag.Rule{
		ID:       "image-name-plus",
		Severity: diag.Error,
		Summary:  "versions must have no build metadata, since no image reference holds a plus",
		Spec:     "1.1 S-1.1-01 T-05",
	},
	Check: func(p *Pass) {
		for _, name := range []string{"jobVersion", "packageVersion"} {
			at, value := p.nameMember(name)
			if i := strings.IndexByte(value, '+'); i >= 0 {
				d := p.reportPart(at, i, len(value), "%s %q has a +, which the image name %q cannot have", name, value, p.Manifest.ImageName())
				d.Hint = "leave the build metadata out, or make it a pre-release with a dash"
			}
		}
	},
}

var imageNameDash = &Rule{
	Rule: diag.Rule{
		ID:       "image-name-dash",
		Severity: diag.Error,
		Summary:  "a job name must begin with a letter or digit",
		Spec:     "1.1 S-1.1-01 T-05",
	},
	Check: func(p *Pass) {
		at, name := p.nameMember("name")
		if rest := strings.TrimLeft(name, "-"); rest != name {
			d := p.Reportf(at, "name %q begins with a dash, which the repository name %q cannot: begin with a letter or digit", name, p.Manifest.Repository())
			if rest != "" {
				p.replace(d, "Remove the dash", rest)
			}
		}
	},
}

var imageNameForm = &Rule{
	Rule: diag.Rule{
		ID:       "image-name-form",
		Severity: diag.Error,
		Summary:  "name and versions must make a possible image reference",
		Spec:     "1.1 S-1.1-01 T-05",
	},
	Check: func(p *Pass) {
		at, version := p.nameMember("jobVersion")
		name := strings.ToLower(strings.TrimLeft(p.Job.Name, "-"))
		version, _, _ = strings.Cut(version, "+")
		if !p.valid(seed.AtJob.Member("name")) || name == "" || version == "" {
			return
		}
		// Other rules report leading dashes and capital letters, so they are removed before this check.
		repository := name + "-" + strings.ToLower(version) + "-seed"
		if _, err := reference.WithName("x/" + repository); err != nil && !errors.Is(err, reference.ErrNameTooLong) {
			d := p.Reportf(at, "jobVersion %q makes the repository name %q, which is not a possible one", p.Job.JobVersion, p.Manifest.Repository())
			d.Hint = "let letters or digits stand on both sides of each dot and dash"
		}
	},
}

var imageNameLength = &Rule{
	Rule: diag.Rule{
		ID:       "image-name-length",
		Severity: diag.Error,
		Summary:  "the image's name and tag must not be longer than a reference allows",
		Spec:     "1.1 S-1.1-01 T-05",
	},
	Check: func(p *Pass) {
		at, tag := p.nameMember("packageVersion")
		if len(tag) > tagLongest {
			p.Reportf(at, "packageVersion has %d characters, but a tag has %d at most", len(tag), tagLongest)
		}
		if !p.valid(seed.AtJob.Member("name")) || !p.valid(seed.AtJob.Member("jobVersion")) {
			return
		}
		repository := p.Manifest.Repository()
		if p.Registry != "" {
			repository = p.Registry + "/" + repository
		}
		if len(repository) > nameLongest {
			p.Reportf(seed.AtJob.Member("name"), "the repository name %q has %d characters, but %d is the most", repository, len(repository), nameLongest)
		}
	},
}
