// Package export writes a job for other systems: its parameters, what it needs of a host, the launcher that runs its image
// there, and what is lost on the way.
//
// It knows no flags, files or streams. A target is a package of its own below this one, such as export/slurm. It turns a Job
// into the text of files.
package export

import (
	"github.com/seedpack/seedpack/seed"
)

// A Target is a system that jobs can be exported to.
type Target struct {
	Name    string // as in --to
	Summary string // one line: what the system is, and what is written
	Export  func(*Job) *Package
}

// A Package is what a target makes of a job.
type Package struct {
	Files []File
	// Losses are what the manifest says and the target cannot, in the manifest's order.
	Losses []Note
	// Refused are what makes an export impossible. Files are then not to be written.
	Refused []Note
	// Run returns the command that runs the job, given the directory that the files are in. It may have several lines.
	Run func(dir string) string
}

// A File is one file of a package.
type File struct {
	Name string // relative, with slashes
	Text string
	Mode uint32
}

// A Note says something about one member of the manifest.
type Note struct {
	Pointer seed.Pointer `json:"pointer"`
	Message string       `json:"message"`
}

// An Image is what is known of a job's image.
type Image struct {
	Reference string
	Platforms []string // OS/ARCH; empty: unknown
	// Start is how the image starts; nil: unknown.
	Start *Start
}

// A Start is what an image says about its process.
type Start struct {
	Entrypoint, Cmd  []string
	User, WorkingDir string
	Configured       bool // User and WorkingDir are known
}

// Options change what is written. The zero value is the default.
type Options struct {
	Runtime    string // of containers: auto, docker, podman or apptainer; empty: auto
	Entrypoint string // of cwl: keep or explicit; empty: what the target's platforms need
	Network    bool   // the job may use the network
}

// A Job is a manifest, prepared for all targets.
type Job struct {
	*seed.Manifest
	Image        Image
	Options      Options
	Parameters   []Parameter
	Requirements Requirements

	losses, refused []Note
}

// New prepares a job. The manifest should have no errors of package lint. What no target can express is found again in each
// Package.
func New(m *seed.Manifest, image Image, opt Options) *Job {
	if opt.Runtime == "" {
		opt.Runtime = Auto
	}
	j := &Job{Manifest: m, Image: image, Options: opt}
	j.addParameters()
	j.addRequirements()
	j.checkPaths()
	return j
}

// Package begins the package of a target, with what is lost or refused everywhere.
func (j *Job) Package() *Package {
	return &Package{Losses: append([]Note(nil), j.losses...), Refused: append([]Note(nil), j.refused...)}
}

// Lose adds a loss.
func (p *Package) Lose(at seed.Pointer, message string) {
	p.Losses = append(p.Losses, Note{at, message})
}

// Refuse adds a reason why there can be no export.
func (p *Package) Refuse(at seed.Pointer, message string) {
	p.Refused = append(p.Refused, Note{at, message})
}
