package runtime

import (
	"fmt"
	goruntime "runtime"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A container is one run of the supervisor in an image.
type container struct {
	name, image string
	args        []string // of the supervisor
	binds       []bind
	nonce       string
	lifeline    bool // its standard input is that of the client
	network     bool
	shm, memory int64   // bytes; 0: the engine's default, no limit
	cpus        float64 // 0: no limit
	limited     bool    // limits of memory, processors and processes are set
}

// A bind is a file or a directory of the host at a place in the container.
type bind struct {
	source, target string
	writable       bool
}

// maxThreads is a limit for what the supervisor misses. It ends a job with more than wire.MaxProcesses processes itself, and the
// engine counts threads.
const maxThreads = 8 * wire.MaxProcesses

// shielded are variables that change what the supervisor does. Those of an image must not reach it. No value of a run is on a
// command line: it would be in every list of processes.
var shielded = []string{wire.SpecVariable, "SEEDPACK_SUPERVISED", "GODEBUG", "GOMAXPROCS", "GOMEMLIMIT", "GOGC", "GOTRACEBACK"}

// command returns the command line of a container without the program, and further variables of the client.
func (e *Engine) command(c *container) (args, env []string) {
	if e.apptainer() {
		return apptainerCommand(c)
	}
	args = []string{"run", "--rm", "--name", c.name, "--pull=never", "--user", "0:0", "--workdir", "/", "--entrypoint", wire.Program,
		"--init=false", "--no-healthcheck", "--log-driver", "none",
		// Labels of SELinux would deny the job its files. Relabelling them would change files of the user.
		"--security-opt", "label=disable",
		"--env", wire.NonceVariable}
	for _, name := range shielded {
		args = append(args, "--env", name+"=")
	}
	if c.lifeline {
		args = append(args, "--interactive")
	}
	if !c.network {
		args = append(args, "--network", "none")
	}
	if c.shm > 0 {
		args = append(args, "--shm-size", strconv.FormatInt(c.shm, 10))
	}
	if c.limited {
		args = append(args, limits(c, "--memory-swap")...)
	}
	for _, b := range c.binds {
		args = append(args, "--mount", b.mount("target", "readonly"))
	}
	return append(append(args, c.image), c.args...), []string{wire.NonceVariable + "=" + c.nonce}
}

// limits returns the flags for memory, processors and processes. Swap would let a job have more memory than it declares.
func limits(c *container, swap string) (args []string) {
	if c.memory > 0 {
		bytes := strconv.FormatInt(c.memory, 10)
		args = append(args, "--memory", bytes, swap, bytes)
	}
	if c.cpus > 0 {
		// Engines refuse more than there are, and less than a hundredth.
		cpus := max(0.01, min(c.cpus, float64(goruntime.NumCPU())))
		args = append(args, "--cpus", strconv.FormatFloat(cpus, 'f', -1, 64))
	}
	return append(args, "--pids-limit", strconv.Itoa(maxThreads))
}

// apptainerCommand is for Apptainer, whose containers run as the caller. It has no size for /dev/shm.
func apptainerCommand(c *container) (args, env []string) {
	args = []string{"exec", "--containall", "--no-init", "--no-umask", "--writable-tmpfs", "--cleanenv", "--no-home", "--pwd", "/"}
	if !c.network {
		args = append(args, "--net", "--network", "none")
	}
	if c.limited {
		args = append(args, limits(c, "--memory-swap")...)
	}
	for _, b := range c.binds {
		args = append(args, "--mount", b.mount("destination", "ro"))
	}
	env = []string{"APPTAINERENV_" + wire.NonceVariable + "=" + c.nonce}
	for _, name := range shielded {
		env = append(env, "APPTAINERENV_"+name+"=")
	}
	return append(append(args, c.image, wire.Program), c.args...), env
}

// mount returns the value of --mount, which is one line of CSV. With it, a source that is missing is an error, and is not made.
func (b bind) mount(target, readonly string) string {
	text := "type=bind," + field("source="+b.source) + "," + field(target+"="+b.target)
	if !b.writable {
		text += "," + readonly
	}
	return text
}

// special are characters that a field of CSV must quote. Older engines read no quotes.
const special = ",\"\r\n"

func field(text string) string {
	if !strings.ContainsAny(text, special) {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// remove returns the command that ends and removes a container.
func (e *Engine) remove(name string) []string {
	if e.podman() {
		return []string{"rm", "--force", "--time", "0", "--ignore", name}
	}
	return []string{"rm", "--force", name}
}

// byHand says how a user removes a container that is perhaps left.
func (e *Engine) byHand(name string) string { return fmt.Sprintf("%s rm --force %s", e.Name, name) }
