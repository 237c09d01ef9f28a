package seed

import "strings"

// File names that the standard fixes.
const (
	ManifestFile  = "seed.manifest.json"
	OutputsFile   = "seed.outputs.json" // at the root of OUTPUT_DIR (section 2.1.1.3.2)
	SideCarSuffix = ".metadata.json"    // of a file's full name (section 3.1.3)
)

// Label is the image label that holds the manifest (section 1.1).
const Label = "com.ngageoint.seed.manifest"

// Repository is the last component of the image's repository, <name>-<jobVersion>-seed (section 1.1). It is put
// together from the members as they stand and need not be a possible name: see package lint's image-name rules.
func (m *Manifest) Repository() string {
	return m.Job.Name + "-" + m.Job.JobVersion + "-seed"
}

// ImageName is <name>-<jobVersion>-seed:<packageVersion> (section 1.1), possible or not.
func (m *Manifest) ImageName() string {
	return m.Repository() + ":" + m.Job.PackageVersion
}

// Variable is the environment variable that carries the member of the given name: letters become capitals, dashes
// underscores (section 3.1.1.1). Names hold nothing else that the standard allows; other bytes are left out.
func Variable(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		case r == '-':
			return '_'
		}
		return -1
	}, name)
}

// OutputDir is the variable that holds the output directory (section 3.1.1.2).
const OutputDir = "OUTPUT_DIR"

// AllocatedPrefix stands before the normalised name of every scalar resource (section 3.1.1.2).
const AllocatedPrefix = "ALLOCATED_"
