package pack

import (
	"slices"
	"strings"
	"time"

	"github.com/seedpack/seedpack/pack/supervisor/bin"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// The result of a run; see package wire for the members.
type (
	Outcome = wire.Outcome
	Usage   = wire.Usage
	Excerpt = wire.Excerpt
	File    = wire.File
)

// A Process is one run of a candidate.
type Process struct {
	Name string // shown in progress: one line that is safe to print
	// Args is the whole command line, including ENTRYPOINT (see Candidate.Config).
	Args []string
	// Env are further variables, KEY=VALUE, which replace those of the image. Unset are variables of the image to
	// remove.
	Env   []string
	Unset []string
	// Secrets are variables whose values never get into the cache, the log or the report. Their values need not be in
	// Request.Options.
	Secrets map[string]string
	User    string // default: the user of the image
	Mounts  []RunMount
	// OutputDir is the path at which an empty output directory of mode 0777 is mounted.
	OutputDir string
	Network   bool    // the network of the engine; default: none
	SharedMem int64   // bytes of /dev/shm; 0: the engine's default
	Memory    int64   // limit in bytes, if the engine supports one; 0: none
	CPUs      float64 // limit of processors, if the engine supports one; 0: none. BuildKit supports none
	Timeout   time.Duration
	Grace     time.Duration // between TERM and KILL
	// Collect are globs relative to OutputDir. The content of these files is returned in Outcome.Files, at most 16 MiB
	// each.
	Collect []string
	// Sum are globs relative to OutputDir. The sums of these files are returned in Outcome.Files.
	Sum []string
	// Archive are directories of the container, OutputDir or Mounts. They are returned completely in Outcome.Archive,
	// at most 64 GiB.
	Archive []string
}

// A RunMount is a directory that is mounted at an absolute path of the container.
type RunMount struct {
	Path string
	// From is a directory of Request.Inputs. If it is empty, an empty directory is mounted.
	From string
	// Image is mounted instead of From, for the candidate's platform. It is a reference as ParseImage returns it.
	Image    string
	Writable bool // changes are discarded after the run
}

// A Tree is a set of files that runs may get: content by relative path with slashes. Each run gets them read-only or as
// a copy. The files of the host are never changed.
type Tree map[string]Entry

// An Entry is one file of a Tree. Its content is that of Host if Host is set, else Content. Dir makes an empty
// directory, or with Host a copy of that directory.
type Entry struct {
	Host     string
	Content  []byte
	Dir      bool
	Writable bool // with Dir: all users may write in it and below, if it is mounted writable

	program *bin.Program // the supervisor, instead of Content
}

// Config is the part of an image's configuration that decides how it runs.
type Config struct {
	Env        []string
	Entrypoint []string
	Cmd        []string
	WorkingDir string
	User       string
	Labels     map[string]string
}

const (
	collectMax = 16 << 20 // bytes of a file whose content is collected
	archiveMax = 64 << 30 // bytes that are returned in an archive; a file with holes may claim any size
)

// Spec returns what the supervisor is told of a run in an image with this configuration. It is the same for all engines.
func (p *Process) Spec(cfg Config) wire.Spec {
	s := wire.Spec{
		Args: p.Args, Env: mergeEnv(cfg.Env, p.Env, p.Unset), SecretFiles: map[string]string{},
		Dir: cfg.WorkingDir, User: p.User, Timeout: p.Timeout, Grace: p.Grace, OutputDir: p.OutputDir,
		Collect: p.Collect, CollectMax: collectMax, Sum: p.Sum, Archive: p.Archive, ArchiveMax: archiveMax,
	}
	if s.Dir == "" {
		s.Dir = "/"
	}
	if s.User == "" {
		s.User = cfg.User
	}
	for name := range p.Secrets {
		s.SecretFiles[name] = wire.SecretFile(name)
	}
	return s
}

// mergeEnv returns the image's variables without the unset ones, and then the run's own. Each name occurs once.
func mergeEnv(image, run, unset []string) []string {
	gone := map[string]bool{}
	for _, name := range unset {
		gone[name] = true
	}
	for _, kv := range run {
		name, _, _ := strings.Cut(kv, "=")
		gone[name] = true
	}
	kept := slices.DeleteFunc(slices.Clone(image), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return gone[name]
	})
	return append(kept, run...)
}
