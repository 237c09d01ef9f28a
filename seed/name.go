package seed

import (
	"strconv"
	"strings"
)

// File names that the standard fixes.
const (
	ManifestFile  = "seed.manifest.json"
	OutputsFile   = "seed.outputs.json" // at the root of OUTPUT_DIR (section 2.1.1.3.2)
	SideCarSuffix = ".metadata.json"    // appended to the full name of a file (section 3.1.3)
)

// Label is the image label that holds the manifest (section 1.1).
const Label = "com.ngageoint.seed.manifest"

// Labels of Seedpack, with which an image is found again for the files that it was built from. The standard knows neither.
const (
	// SourceLabel holds the digest of all that an image was built from.
	SourceLabel = "io.seedpack.source"
	// FilesLabel holds the digest of the Dockerfile and the files alone. Only an image that is built from the Dockerfile and
	// the directory of its job has it. So it can be compared without knowing how the image was built.
	FilesLabel = "io.seedpack.source.files"
)

// Repository returns the last component of the image's repository, <name>-<jobVersion>-seed (section 1.1). It does not
// check the result: the image-name rules of package lint do.
func (m *Manifest) Repository() string {
	return m.Job.Name + "-" + m.Job.JobVersion + "-seed"
}

// ImageName returns <name>-<jobVersion>-seed:<packageVersion> (section 1.1). It does not check the result.
func (m *Manifest) ImageName() string {
	return m.Repository() + ":" + m.Job.PackageVersion
}

// Variable returns the environment variable for a member of this name: capital letters, underscores for dashes (section
// 3.1.1.1). Other bytes, which the standard does not allow, are left out.
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

// AllocatedPrefix comes before the normalised name of a scalar resource (section 3.1.1.2).
const AllocatedPrefix = "ALLOCATED_"

// Allocated returns the text of an ALLOCATED variable: the shortest exact decimal, always with a fraction, such as 4.0 or 0.25
// (section 3.1.1.2).
func Allocated(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
