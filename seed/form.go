package seed

import "strings"

// A Form is one of the published forms of the manifest, from JobPack to Seed 1.0.0. The empty Form is none of them.
type Form string

// The forms, in the order of their publication. Up to Seed 0.0.1 they are told by shape, since their versions do not
// differ: the schema that was published with JobPackB still is that of JobPackA.
const (
	JobPackA     Form = "jobpack-a"  // June 3rd, 2016: the root is an array of jobs, members are in snake_case
	JobPackB     Form = "jobpack-b"  // June 7th, 2016: inputData and outputData are arrays
	JobPackC     Form = "jobpack-c"  // June 13th, 2016: they are objects with files and json
	Seed001      Form = "seed-0.0.1" // as JobPackC, but in a file or label of Seed
	Seed003      Form = "seed-0.0.3" // one job, and settings
	Seed004      Form = "seed-0.0.4"
	Seed005      Form = "seed-0.0.5" // the image has an ENTRYPOINT, and cmd is what comes after it
	Seed006      Form = "seed-0.0.6" // variables are normalised, resources are scalars
	Seed010      Form = "seed-0.1.0"
	Seed100      Form = "seed-1.0.0"
	SeedSnapshot Form = "seed-1.0.0-snapshot"
)

// Forms lists all forms, the oldest first.
var Forms = []Form{JobPackA, JobPackB, JobPackC, Seed001, Seed003, Seed004, Seed005, Seed006, Seed010, SeedSnapshot, Seed100}

// Before reports whether a form was published before another. Both must be forms.
func (f Form) Before(other Form) bool { return f.rank() < other.rank() }

func (f Form) rank() int {
	for i, known := range Forms {
		if known == f {
			return i
		}
	}
	return len(Forms)
}

// Old reports whether the form is older than 1.0.0, so that a manifest of it has to be migrated.
func (f Form) Old() bool { return f != "" && f.Before(SeedSnapshot) }

// String returns how people call the form: "JobPack" or "Seed 0.0.5".
func (f Form) String() string {
	if version, ok := strings.CutPrefix(string(f), "seed-"); ok {
		return "Seed " + version
	}
	if f == "" {
		return "no known form"
	}
	return "JobPack"
}

// JobPackFile and OldManifestFile are names that the manifest had before ManifestFile.
const (
	JobPackFile     = "jobpack.json"
	OldManifestFile = "seed.json"
)

// JobPackLabel is the image label that held the manifest in JobPack, before Label.
const JobPackLabel = "com.jobpack.manifest"

// saysSeed reports whether the name of a file or label is one of Seed.
func saysSeed(name string) bool {
	return name == Label || name == ManifestFile || name == OldManifestFile
}

// Form returns the form of a document. Name is the name of the file without its directory, or the key of the label that
// holds it; it tells JobPackC from Seed001. The result is empty if the document has no form that was published: it has
// no job, no version, or an unknown one.
func (s *Source) Form(name string) Form {
	switch s.Kind("") {
	case "array":
		return s.arrayForm()
	case "object":
	default:
		return ""
	}
	if s.Has(AtJob) || !s.Has(atJobs) {
		return s.jobForm()
	}
	switch {
	case s.Kind(atJobs) != "array":
		return ""
	case s.hasDataArray():
		return JobPackB
	case saysSeed(name) || s.Has(atSeedVersion):
		return Seed001
	}
	return JobPackC
}

const (
	atSeedVersion Pointer = "/seedVersion"
	atJobs        Pointer = "/jobs"
)

// manifestVersions are the spellings of JobPack's version.
var manifestVersions = []Pointer{"/manifestVersion", "/manifest_version"}

// arrayForm returns JobPackA for an array of jobs. An array of Seed manifests is none.
func (s *Source) arrayForm() Form {
	if s.Kind("/0") != "object" || s.Has("/0/seedVersion") || s.Has("/0/job") || !s.Has("/0/name") && !s.Has("/0/interface") {
		return ""
	}
	return JobPackA
}

// jobForm returns the form of a document with one job.
func (s *Source) jobForm() Form {
	if s.Kind(AtJob) != "object" {
		return ""
	}
	if s.Has(atSeedVersion) {
		n, _ := s.find(atSeedVersion)
		for _, f := range Forms {
			// The patterns of old schemas had no anchors: they took 0.0.45 for 0.0.4.
			if n.kind == kindString && !f.Before(Seed003) && string(f) == "seed-"+n.text {
				return f
			}
		}
		return ""
	}
	for _, at := range manifestVersions {
		if s.Has(at) && !s.saysCurrent(at) {
			return Seed003
		}
	}
	return ""
}

// saysCurrent reports whether the version of a manifest is that of Seed 1.0.0, and its job has a member that is new in it, so that only
// the name of the version is old.
func (s *Source) saysCurrent(version Pointer) bool {
	n, _ := s.find(version)
	return n.kind == kindString && "seed-"+n.text == string(Seed100) && s.Has(AtJob.Member("jobVersion"))
}

// hasDataArray reports whether a job has its inputs or outputs in an array.
func (s *Source) hasDataArray() bool {
	jobs, ok := s.find(atJobs)
	if !ok {
		return false
	}
	for _, job := range jobs.children {
		i := job.child("interface")
		if i == nil {
			continue
		}
		for _, name := range []string{"inputData", "outputData", "input_data", "output_data"} {
			if c := i.child(name); c != nil && c.kind == kindArray {
				return true
			}
		}
	}
	return false
}

// FormAt returns the place of the member that tells the form: the version, or else the jobs. It is the whole document
// if there is neither.
func (s *Source) FormAt() Pointer {
	at := manifestVersions
	if s.Has(AtJob) || !s.Has(atJobs) {
		at = append([]Pointer{atSeedVersion}, at...)
	}
	for _, at := range append(at[:len(at):len(at)], atJobs) {
		if s.Has(at) {
			return at
		}
	}
	return ""
}
