package pack

import (
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/bin"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// What a run left behind; see package wire for the members.
type (
	Outcome = wire.Outcome
	Usage   = wire.Usage
	Excerpt = wire.Excerpt
	File    = wire.File
)

// A Process is one run of a candidate.
type Process struct {
	Name string // shown in progress: one line, already safe to print
	// Args is the whole command line, ENTRYPOINT included (see Candidate.Config).
	Args []string
	// Env are further KEY=VALUE; they win over the image's own. Unset takes away variables of the image.
	Env   []string
	Unset []string
	// Secrets are variables whose values reach neither cache, log nor report. They are named in Request.Secrets too.
	Secrets map[string]string
	User    string // default: the image's own
	Mounts  []RunMount
	// OutputDir is where the empty output directory, mode 0777, is mounted.
	OutputDir string
	Network   bool  // the engine's own; default: none
	SharedMem int64 // bytes of /dev/shm; 0: the engine's default
	Memory    int64 // limit in bytes, applied where the engine can; 0: none
	Timeout   time.Duration
	Grace     time.Duration // between TERM and KILL
	// Collect are globs relative to OutputDir: files whose content comes back in Outcome.Files, at most 16 MiB each.
	Collect []string
	// Archive are directories of the container, OutputDir or Mounts, that come back whole in Outcome.Archive, at most 64 GiB.
	Archive []string
}

// A RunMount is a directory at an absolute path of the container.
type RunMount struct {
	Path string
	// From is a directory of Request.Inputs; empty mounts an empty one.
	From string
	// Image is mounted in place of From: a reference as ParseImage gives it, of the candidate's platform.
	Image    string
	Writable bool // what is written there is thrown away
}

// A Tree is a set of files that runs may be given: slash-separated relative path to content. Every run sees them
// read-only or as a copy; the host's own are never touched.
type Tree map[string]Entry

// An Entry is one file of a Tree: Host's content where Host is not empty, else Content. Dir makes an empty directory,
// or with Host the whole directory of the host.
type Entry struct {
	Host     string
	Content  []byte
	Dir      bool
	Writable bool // with Dir: by everybody, and all below it; matters where the directory is mounted so

	program *bin.Program // in place of Content: the supervisor
}

// Config is what of an image's configuration decides how it runs.
type Config struct {
	Env        []string
	Entrypoint []string
	Cmd        []string
	WorkingDir string
	User       string
	Labels     map[string]string
}
