package lint

import (
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// jobRules are about several manifests at once.
var jobRules = []*diag.Rule{&imageNameTaken, &imageRepositoryShared}

var imageNameTaken = diag.Rule{
	ID:       "image-name-taken",
	Severity: diag.Error,
	Summary:  "two jobs must not have the same name and versions",
	Spec:     "1.1 S-1.1-01 T-38",
}

var imageRepositoryShared = diag.Rule{
	ID:       "image-repository-shared",
	Severity: diag.Warning,
	Summary:  "two jobs should not have the same name and job version",
	Spec:     "1.1 S-2.1.1-18 S-2.1.1-19",
}

// A Named is what the names of a job's image are compared by.
type Named struct {
	Path              string
	Repository, Image string // empty if the manifest does not give them
}

// NameOf returns the names of a job's image. They are empty if the manifest cannot give them.
func NameOf(path string, m *seed.Manifest) Named {
	n := Named{Path: path}
	for _, name := range []string{"name", "jobVersion", "packageVersion"} {
		if at := seed.AtJob.Member(name); !m.Source.Readable(at) || m.Source.Kind(at) != "string" {
			return n
		}
	}
	n.Repository, n.Image = m.Repository(), m.ImageName()
	return n
}

// A Clash is a job whose image has a name that another job has.
type Clash struct {
	Of, With int // indices of the jobs
	Image    bool
}

// Clashes returns the jobs whose images have the same name, or the same repository. Each of several jobs is there, with the
// first of the others.
func Clashes(jobs []Named) (all []Clash) {
	images, repositories := group(jobs, func(n Named) string { return n.Image }), group(jobs, func(n Named) string { return n.Repository })
	for i, n := range jobs {
		if n.Repository == "" {
			continue
		}
		if other, ok := another(images[n.Image], i); ok {
			all = append(all, Clash{i, other, true})
		} else if other, ok := another(repositories[n.Repository], i); ok {
			all = append(all, Clash{i, other, false})
		}
	}
	return all
}

func group(jobs []Named, key func(Named) string) map[string][]int {
	groups := make(map[string][]int, len(jobs))
	for i, n := range jobs {
		groups[key(n)] = append(groups[key(n)], i)
	}
	return groups
}

func another(group []int, i int) (int, bool) {
	switch {
	case len(group) < 2:
		return 0, false
	case group[0] == i:
		return group[1], true
	}
	return group[0], true
}

// ReportClash adds a clash to the report of a job. The report has the source of the manifest.
func ReportClash(r *diag.Report, c Clash, m *seed.Manifest, other string) {
	d := diag.Diagnostic{Rule: &imageRepositoryShared, Pointer: seed.AtJob.Member("name")}
	d.Message = diag.Sprintf("the repository %q is also that of %s: two jobs write to it, so give each its own name", m.Repository(), other)
	if c.Image {
		d.Rule = &imageNameTaken
		d.Message = diag.Sprintf("the image %q is also that of %s: only one of the two can be published, so give each its own name", m.ImageName(), other)
	}
	r.Add(d)
}
