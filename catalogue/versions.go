package catalogue

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/seed"
)

// A jobKey says which images are versions of one job: those of one name in one namespace of one registry.
type jobKey struct {
	host, namespace string
	name            string
	// other is set if the repository is not named after the manifest inside. Its name is then the repository's, so that no
	// image poses as the version of another job.
	other bool
}

func (i *Image) jobKey() jobKey {
	host, repository, _ := i.split()
	last := repository[strings.LastIndex(repository, "/")+1:]
	key := jobKey{host: host, namespace: i.namespace(), name: i.Seed().Job.Name}
	if i.Seed().Repository() != last {
		key.name, key.other = last, true
	}
	return key
}

// CompareVersions compares two versions as SemVer does. One that is no version comes before all that are.
func CompareVersions(a, b string) int {
	return cmp.Or(compare.Precedence(a, b), cmp.Compare(a, b))
}

// compareImages compares two images of one job by version, the older one first. The tag that is the packageVersion comes
// after others of the same version.
func compareImages(a, b *Image) int {
	ja, jb := &a.Seed().Job, &b.Seed().Job
	return cmp.Or(CompareVersions(ja.JobVersion, jb.JobVersion), CompareVersions(ja.PackageVersion, jb.PackageVersion),
		compareBools(a.ownTag(), b.ownTag()), cmp.Compare(b.Name, a.Name))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// ownTag reports whether the tag is the packageVersion, as the standard asks for.
func (i *Image) ownTag() bool {
	_, _, tag := i.split()
	return tag == i.Seed().Job.PackageVersion
}

// A Job is all that was found of one job.
type Job struct {
	Registry, Namespace string
	Name                string
	// Images are its versions, the newest first. Each digest is one image, under the tag that is the packageVersion if there
	// is one.
	Images []*Image

	key jobKey
	// aliases are the images of other tags, such as latest, by the image in Images that has their digest.
	aliases map[*Image][]*Image
}

// Tags returns the other tags of an image of the job.
func (j *Job) Tags(i *Image) (tags []string) {
	for _, alias := range j.aliases[i] {
		_, _, tag := alias.split()
		tags = append(tags, tag)
	}
	return tags
}

// fold makes tags of one digest one image. Images are sorted, the one to keep before its aliases.
func (j *Job) fold() {
	type version struct{ digest, job, pack string }
	kept := map[version]*Image{}
	j.aliases = map[*Image][]*Image{}
	j.Images = slices.DeleteFunc(j.Images, func(i *Image) bool {
		job := &i.Seed().Job
		key := version{i.Digest, job.JobVersion, job.PackageVersion}
		first := kept[key]
		switch {
		case i.Digest == "":
			return false
		case first == nil:
			kept[key] = i
			return false
		}
		j.aliases[first] = append(j.aliases[first], i)
		return true
	})
}

// Jobs groups the images by job. Jobs keep the order in which their images come.
func (c *Catalogue) Jobs() []*Job {
	byKey := map[jobKey]*Job{}
	var jobs []*Job
	for n := range c.Images {
		i := &c.Images[n]
		key := i.jobKey()
		job := byKey[key]
		if job == nil {
			job = &Job{Registry: key.host, Namespace: key.namespace, Name: key.name, key: key}
			byKey[key] = job
			jobs = append(jobs, job)
		}
		job.Images = append(job.Images, i)
	}
	for _, job := range jobs {
		slices.SortFunc(job.Images, func(a, b *Image) int { return compareImages(b, a) })
		job.fold()
	}
	return jobs
}

// Latest keeps of each job only the highest jobVersion, and of that the highest packageVersion.
func (c *Catalogue) Latest() {
	newest := map[*Image]bool{}
	for _, job := range c.Jobs() {
		newest[job.Images[0]] = true
	}
	var kept []Image
	for n := range c.Images {
		if newest[&c.Images[n]] {
			kept = append(kept, c.Images[n])
		}
	}
	c.Images = kept
}

// Bounds of comparing versions. A manifest beyond them says nothing of its changes.
const (
	maxCompared = 256 << 10 // bytes of a manifest
	maxChanges  = 100       // of one version
)

// link names the version before each image, if there is one, and says what changed since.
func (c *Catalogue) link() {
	for _, job := range c.Jobs() {
		for n, i := range job.Images {
			older := job.before(n)
			switch {
			case older == nil:
				i.Previous, i.Changes = "", nil
			case i.Previous != older.Name || i.Changes == nil:
				i.Previous, i.Changes = older.Name, changesSince(older, i)
			}
			for _, alias := range job.aliases[i] {
				alias.Previous, alias.Changes = i.Previous, i.Changes
			}
		}
	}
}

// changesSince compares the manifests of two versions.
func changesSince(older, newer *Image) []Change {
	if len(older.Manifest) > maxCompared || len(newer.Manifest) > maxCompared {
		return nil
	}
	changes := compare.Manifests(seed.Parse(older.Manifest), seed.Parse(newer.Manifest)).Changes
	all := make([]Change, 0, len(changes))
	for _, change := range changes[:min(len(changes), maxChanges)] {
		all = append(all, Change{change.Class.String(), change.Message})
	}
	return all
}

// before returns the newest image of an older version than that of an image, or nil.
func (j *Job) before(n int) *Image {
	for _, older := range j.Images[n+1:] {
		if sameVersion(older.Seed(), j.Images[n].Seed()) {
			continue
		}
		return older
	}
	return nil
}

func sameVersion(a, b *seed.Manifest) bool {
	return a.Job.JobVersion == b.Job.JobVersion && a.Job.PackageVersion == b.Job.PackageVersion
}
