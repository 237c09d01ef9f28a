// Package wire has the two JSON documents that pass between the supervisor and its caller: the Spec and the Outcome. It
// needs only the standard library, so that the supervisor stays small.
package wire

import (
	"io/fs"
	"time"
)

// Paths inside the container. None has a blank, so that it can be part of a command.
const (
	Root       = "/.seedpack"
	Program    = Root + "/bin/supervisor"
	SpecFile   = Root + "/spec/spec.json" // a Spec, if SpecVariable is not set
	SecretDir  = Root + "/secrets"        // the files of SecretFile
	ReportDir  = Root + "/report"         // a directory of root with mode 0700; made if missing
	ReportFile = "report.json"            // in ReportDir: an Outcome in the first line, then a File in each line, sorted by name
)

// SpecVariable holds a Spec of up to MaxVariable bytes as JSON. A file would need a step of its own in each run.
const (
	SpecVariable = "SEEDPACK_SPEC"
	MaxVariable  = 96 << 10 // the kernel allows 128 KiB for each variable (execve(2))
)

// NonceVariable holds Spec.Nonce, which is neither in SpecVariable nor in SpecFile: a job that runs as root can read the file.
// It cannot read the environment of the supervisor.
const NonceVariable = "SEEDPACK_NONCE"

// Begun is what the supervisor prints just before it starts the job. Settled is what it prints, again and again, when the job
// and all its processes have ended: from then on nothing can stop the supervisor. Job output has no such line, because the job
// does not know the nonce.
func Begun(nonce string) string   { return mark(nonce, "begun") }
func Settled(nonce string) string { return mark(nonce, "settled") }

func mark(nonce, word string) string { return MarkStart + nonce + " " + word + "\n" }

// StatusMachine is the exit status of a supervisor whose machine fails it, such as by a full disk. That says nothing about the job.
// Before that, the supervisor prints the reason: FailedMark, a line of text, and a line end.
const StatusMachine = 74 // EX_IOERR, sysexits(3)

// FailedMark begins the line with the reason.
func FailedMark(nonce string) string { return MarkStart + nonce + " failed " }

// MarkStart is the byte with which such a line begins: a record separator, which hardly any program prints.
const MarkStart = "\x1e"

// A Spec says what the supervisor runs, and within which limits.
type Spec struct {
	// Nonce is returned in the Outcome. It shows that the report is not an older one, and that the job has not forged
	// it.
	Nonce string   `json:"-"`
	Args  []string `json:"args"` // the whole command line; Args[0] is looked up in PATH
	Env   []string `json:"env"`  // all variables, KEY=VALUE; HOME and PATH have defaults
	// SecretFiles are files of the container with secrets, by name of the variable. SecretRef stands for their values
	// in Args. So no value is in a Spec.
	SecretFiles map[string]string `json:"secretFiles,omitempty"`
	Dir         string            `json:"dir"`     // working directory; made if missing
	User        string            `json:"user"`    // as USER in a Dockerfile: name or uid, optionally :group; empty is root
	Timeout     time.Duration     `json:"timeout"` // 0: none
	Grace       time.Duration     `json:"grace"`   // between TERM and KILL
	OutputDir   string            `json:"outputDir"`
	// Collect are globs relative to OutputDir. The content of these regular files is returned, at most CollectMax bytes
	// of each.
	Collect    []string `json:"collect,omitempty"`
	CollectMax int64    `json:"collectMax,omitempty"`
	// Sum are globs relative to OutputDir. Sums of these regular files are returned.
	Sum []string `json:"sum,omitempty"`
	// Archive are directories that ArchiveFile holds completely, with at most ArchiveMax bytes of content.
	Archive    []string `json:"archive,omitempty"`
	ArchiveMax int64    `json:"archiveMax,omitempty"`
	// Owner is UID:GID of the user who gets the directories of Give, ReportDir and all in them at the end, with the right
	// to read and write. It is for directories of the host. Empty: they stay as the run leaves them.
	Owner string `json:"owner,omitempty"`
	// Discard says that nobody reads OutputDir after the run. Large files in it are emptied at the end: the engine would else wait
	// until they are on the disk, and then remove them.
	Discard bool `json:"discard,omitempty"`
	// Lifeline says that standard input ends when the caller has ended. The run ends then, too.
	Lifeline bool     `json:"lifeline,omitempty"`
	Give     []string `json:"give,omitempty"`
}

// SecretFile returns the file of the container with the value of a secret variable.
func SecretFile(name string) string { return SecretDir + "/" + name }

// Arguments of the supervisor that make it do something else than run a job. Both work in ProbeDir.
const (
	// ProbeArgument is followed by UID:GID. It prints the content of ProbeSeen and makes ProbeOwn, which belongs to the
	// container's root, and ProbeGiven, which is given to that user.
	ProbeArgument = "probe"
	// CleanArgument removes everything in ProbeDir.
	CleanArgument = "clean"
)

// The directory for the probe of an engine, and files in it.
const (
	ProbeDir   = Root + "/probe"
	ProbeSeen  = "seen"
	ProbeOwn   = "own"
	ProbeGiven = "given"
)

// MemoryReserve is how many bytes the memory limit of a container should exceed that of the job. The supervisor ends a
// job that uses more than its own limit. At the container's limit the kernel makes both wait for memory, and a job that
// keeps forking then blocks the machine.
const MemoryReserve = 256 << 20

// MaxProcesses is how many processes a job may have at once. Executors limit them, too, by default to 1,024 to 4,915.
// Without a limit, a job that keeps forking blocks the engine's machine.
const MaxProcesses = 4096

// SecretRef returns what stands for the value of a secret in Args. It has no character that splits words or that a
// shell interprets.
func SecretRef(name string) string { return "\x02seedpack-secret-" + name + "\x03" }

// An Outcome is the result of a run.
type Outcome struct {
	Nonce string `json:"nonce"`
	// Started is false if the process could not be started. StartError then says why, and StartFix how to change that, if that
	// is known.
	Started     bool   `json:"started"`
	StartError  string `json:"startError,omitempty"`
	StartFix    string `json:"startFix,omitempty"`
	Exit        int    `json:"exit"`             // exit status; 128+n for signal n, as in a shell; -1 if not started
	Signal      string `json:"signal,omitempty"` // "killed", "segmentation fault", …; empty if it exited
	TimedOut    bool   `json:"timedOut"`
	OutOfMemory bool   `json:"outOfMemory"`
	// Crowded says that the job was ended because it had more than MaxProcesses processes.
	Crowded bool `json:"crowded,omitempty"`
	// Leftover is the number of processes that were running when the main one had ended. LeftoverNames are the names of
	// a few of them, as the kernel has them: at most 15 bytes.
	Leftover      int      `json:"leftover"`
	LeftoverNames []string `json:"leftoverNames,omitempty"`
	// Leaks are the places at which the value of a secret was found, however it is spelled there. Package secret says
	// which values are too short to look for.
	Leaks  []Leak  `json:"leaks,omitempty"`
	Usage  Usage   `json:"usage"`
	Stdout Excerpt `json:"stdout"`
	Stderr Excerpt `json:"stderr"`
	UID    int     `json:"uid"`
	GID    int     `json:"gid"`
	// Elsewhere is what the run has written outside of OutputDir and of all mounts.
	Elsewhere Elsewhere `json:"elsewhere"`
	// Directory is what the job has left of OutputDir itself.
	Directory Directory `json:"directory"`
	// Files are all files below OutputDir, including directories, sorted by name.
	Files []File `json:"-"`
	// ReadTestError says why the test of what others can read failed. ReadableByOther then has no meaning.
	ReadTestError string `json:"readTestError,omitempty"`
	// FilesCut is the number of files that are not listed.
	FilesCut int `json:"filesCut,omitempty"`
	// Archive is the content of Spec.Archive, or nil if that is empty. It can be read as long as the candidate is
	// valid.
	Archive *Archive `json:"-"`
	// Staged are directories of the host with the content of Spec.Archive, in place of Archive. Their files may be moved
	// away.
	Staged []string `json:"-"`
}

// A Usage is what resources a run has used.
type Usage struct {
	Wall time.Duration `json:"wall"` // from the start to the end of the main process
	// Memory is the peak of anonymous and shared memory in bytes, from samples. It does not include the page cache.
	Memory int64 `json:"memory"`
	// Largest is the peak of the largest process in bytes, with the files that it has mapped. Unlike samples, it misses nothing.
	Largest int64         `json:"largest,omitempty"`
	CPU     time.Duration `json:"cpu"`    // user and system time of all processes
	Output  int64         `json:"output"` // bytes of all regular files below OutputDir
	// SharedMem is the largest use of /dev/shm that was seen, and SharedMemSize its size, in bytes.
	SharedMem     int64 `json:"sharedMem"`
	SharedMemSize int64 `json:"sharedMemSize"`
	// Samples show how the use went on. There are at most MaxSamples, in the order of time.
	Samples []Sample `json:"samples,omitempty"`
}

// A Sample is what a run used at a time. The processor time is that of the container, with the little that the supervisor
// takes. It is 0 in all samples if the engine gives the container no cgroup.
type Sample struct {
	At     time.Duration `json:"at"`     // since the start of the main process
	Memory int64         `json:"memory"` // the peak since the sample before, in bytes, as in Usage.Memory
	CPU    time.Duration `json:"cpu"`    // since the start, of all processes
}

// A Leak is a secret that was printed or written.
type Leak struct {
	Variable string `json:"variable"`
	Where    []byte `json:"where"` // "stdout", "stderr", or the Name of a File, raw bytes
	File     bool   `json:"file"`  // Where is a File
}

// Elsewhere is what a run has changed in the image's own file system. The search has a time limit.
type Elsewhere struct {
	// Files are a few of the files, links and other entries that are not directories. Names are absolute.
	// ReadableByOther and Content are not set.
	Files []File `json:"files,omitempty"`
	Count int    `json:"count"`
	Bytes int64  `json:"bytes"`
	Cut   bool   `json:"cut,omitempty"` // the search was stopped early
}

// An Excerpt is the beginning and the end of what a process has printed.
type Excerpt struct {
	Head  []byte `json:"head,omitempty"`
	Tail  []byte `json:"tail,omitempty"` // the end; empty if Head holds everything
	Total int64  `json:"total"`          // bytes printed
}

// A Directory is the state of OutputDir after the run. Its zero value says nothing.
type Directory struct {
	Mode fs.FileMode `json:"mode"`
	UID  int         `json:"uid"`
	GID  int         `json:"gid"`
	// ReadableByOther is the result of a test, as in File. Files are tested as if the directory could be entered.
	ReadableByOther bool `json:"readable"`
}

// A File is one name below the output directory.
type File struct {
	Name string      // relative to OutputDir, with slashes, raw bytes in any encoding
	Mode fs.FileMode // type and permissions
	UID  int
	GID  int
	Size int64  // bytes
	Link string // target of a symbolic link, as written
	// ReadableByOther is the result of a test: a process of another user opened the file, or listed and entered the
	// directory. It is false for links, devices, FIFOs and sockets, which are never opened.
	ReadableByOther bool
	// Content is that of the regular files of Spec.Collect, up to its limit. For others it is the first HeadSize bytes,
	// unless there are too many.
	Content   []byte
	Collected bool // Content was requested and holds the whole file
	// Sum is the SHA-256 of a regular file of Spec.Sum, and Blocks has the first bytes of the SHA-256 of each of its blocks. Sum is
	// nil for others. Blocks is nil also if there are too many.
	Sum    []byte
	Blocks []byte
}

// Sizes of File.Blocks.
const (
	BlockSize = 1 << 20 // bytes of a file
	BlockSum  = 4       // bytes of the sum of a block
	MaxBlocks = 1 << 20 // bytes of all Blocks
)
