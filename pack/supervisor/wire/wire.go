// Package wire holds what the supervisor is told and what it tells: the two JSON documents that cross the wall of
// the container. It needs the standard library alone, so that the supervisor stays small.
package wire

import (
	"io/fs"
	"time"
)

// Where things stand inside the container. Nothing here holds a blank, so that a path may stand in a command.
const (
	Root       = "/.seedpack"
	Program    = Root + "/bin/supervisor"
	SpecFile   = Root + "/spec/spec.json" // a Spec, where SpecVariable is not set
	ReportDir  = Root + "/report"         // a directory of root's alone, mode 0700
	ReportFile = "report.json"            // in ReportDir: an Outcome without Files
	FilesFile  = "files.json"             // in ReportDir: one File a line, in the order of their names
)

// SpecVariable holds a Spec of up to MaxVariable bytes, as JSON: a file would be a step of its own in each run.
const (
	SpecVariable = "SEEDPACK_SPEC"
	MaxVariable  = 96 << 10 // the kernel takes 128 KiB a variable (execve(2))
)

// A Spec is what the supervisor is to run, and within which bounds.
type Spec struct {
	// Nonce comes back in the Outcome, so that a report that was there before, or that the job forged before it
	// knew, is told apart.
	Nonce string   `json:"nonce"`
	Args  []string `json:"args"` // the whole command line; Args[0] is looked up in PATH
	Env   []string `json:"env"`  // all of KEY=VALUE; HOME and PATH get defaults where missing
	// SecretFiles gives variables, and what SecretRef stands for, whose values stand in files of the container, so that no value is in a Spec.
	SecretFiles map[string]string `json:"secretFiles,omitempty"`
	Dir         string            `json:"dir"`     // working directory; made where missing
	User        string            `json:"user"`    // as USER in a Dockerfile: name or uid, optionally :group; empty is root
	Timeout     time.Duration     `json:"timeout"` // 0: none
	Grace       time.Duration     `json:"grace"`   // between TERM and KILL
	OutputDir   string            `json:"outputDir"`
	// Collect are globs, relative to OutputDir, of the regular files whose content is wanted, at most CollectMax bytes each.
	Collect    []string `json:"collect,omitempty"`
	CollectMax int64    `json:"collectMax,omitempty"`
	// Archive are directories that ArchiveFile shall hold whole, with at most ArchiveMax bytes of content.
	Archive    []string `json:"archive,omitempty"`
	ArchiveMax int64    `json:"archiveMax,omitempty"`
}

// MemoryReserve is what a container's memory limit should be above the job's own. The supervisor ends a job that takes
// more than the limit less the reserve, in bytes: at the limit itself the kernel has both of them wait for memory, and a
// job that forks on holds up the machine.
const MemoryReserve = 256 << 20

// MaxProcesses is how many a job may have at once. Executors bound them too, at 1,024 to 4,915 as they come; without a bound a
// job that forks on and on takes the engine's machine with it.
const MaxProcesses = 4096

// SecretRef stands in Args for the value of a secret. It holds no character that splits words or that a shell knows.
func SecretRef(name string) string { return "\x02seedpack-secret-" + name + "\x03" }

// An Outcome is what a run left behind.
type Outcome struct {
	Nonce string `json:"nonce"`
	// Started is false where the process could not be started at all; StartError then says why.
	Started     bool   `json:"started"`
	StartError  string `json:"startError,omitempty"`
	Exit        int    `json:"exit"`             // exit status; 128+n for signal n, as a shell has it; -1 when not started
	Signal      string `json:"signal,omitempty"` // "killed", "segmentation fault", …; empty when it exited
	TimedOut    bool   `json:"timedOut"`
	OutOfMemory bool   `json:"outOfMemory"`
	// Crowded is set where the job was ended for having more than MaxProcesses at once.
	Crowded bool `json:"crowded,omitempty"`
	// Leftover is the number of processes that still ran when the main one had ended, and LeftoverNames what a few of
	// them were called, as the kernel has it: at most 15 bytes.
	Leftover      int      `json:"leftover"`
	LeftoverNames []string `json:"leftoverNames,omitempty"`
	// Leaks are the places where the value of a secret turned up, except for values shorter than SecretMin.
	Leaks  []Leak  `json:"leaks,omitempty"`
	Usage  Usage   `json:"usage"`
	Stdout Excerpt `json:"stdout"`
	Stderr Excerpt `json:"stderr"`
	UID    int     `json:"uid"`
	GID    int     `json:"gid"`
	// Elsewhere is what the run wrote outside of OutputDir and of all mounts.
	Elsewhere Elsewhere `json:"elsewhere"`
	// Files is everything below OutputDir, directories included, in the order of their names.
	Files []File `json:"-"`
	// ReadTestError says why it could not be tried what others can read; ReadableByOther then says nothing.
	ReadTestError string `json:"readTestError,omitempty"`
	// FilesCut is the number of further files that were not listed.
	FilesCut int `json:"filesCut,omitempty"`
	// Archive is what Spec.Archive asked for, nil where it did not. It can be read while the candidate lives that was run.
	Archive *Archive `json:"-"`
}

// A Usage is what a run took.
type Usage struct {
	Wall time.Duration `json:"wall"` // from start to the end of the main process
	// Memory is the peak of anonymous and shared memory in bytes, sampled: page cache does not count.
	Memory int64         `json:"memory"`
	CPU    time.Duration `json:"cpu"`    // user and system, all processes
	Output int64         `json:"output"` // bytes of all regular files below OutputDir
	// SharedMem is the most that /dev/shm was seen to hold, and SharedMemSize what fits into it, in bytes.
	SharedMem     int64 `json:"sharedMem"`
	SharedMemSize int64 `json:"sharedMemSize"`
}

// A Leak is a secret that was printed or written.
type Leak struct {
	Variable string `json:"variable"`
	Where    []byte `json:"where"` // "stdout", "stderr", or the Name of a File, raw bytes
	File     bool   `json:"file"`  // Where is a File
}

// Elsewhere is what a run changed of the image's own file system. The search is bounded in time.
type Elsewhere struct {
	// Files are a few of the files, links and other things that are no directory; names are absolute. ReadableByOther
	// and Content are not filled in.
	Files []File `json:"files,omitempty"`
	Count int    `json:"count"`
	Bytes int64  `json:"bytes"`
	Cut   bool   `json:"cut,omitempty"` // not everything was looked at
}

// An Excerpt is the head and the tail of what a process printed.
type Excerpt struct {
	Head  []byte `json:"head,omitempty"`
	Tail  []byte `json:"tail,omitempty"` // what came last; empty while Head holds all
	Total int64  `json:"total"`          // bytes printed
}

// A File is one name below the output directory.
type File struct {
	Name string      // relative to OutputDir, slash-separated, raw bytes in any encoding
	Mode fs.FileMode // type and permissions
	UID  int
	GID  int
	Size int64  // bytes
	Link string // what a symbolic link points at, as it is written
	// ReadableByOther was tried, not guessed: a process of another user opened the file (a directory: listed and
	// entered it). False for links, devices, FIFOs and sockets, which are never opened.
	ReadableByOther bool
	// Content is that of the regular files that Spec.Collect asks for, up to its bound, and the first HeadSize bytes of
	// others while there are not too many of them.
	Content   []byte
	Collected bool // whether Content was asked for and holds the whole file
}
