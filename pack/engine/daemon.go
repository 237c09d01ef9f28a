package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/seedpack/seedpack/pack/registry"
)

// A daemon is a buildkitd of our own.
type daemon struct {
	addr   string
	stop   func() error
	unlock func() error // lets go of the root, which stop does, too

	cmd    *exec.Cmd
	exited <-chan struct{}
	log    string // path
}

const (
	daemonStart = 30 * time.Second // until the socket is there
	daemonStop  = 10 * time.Second // until it is killed
	daemonRoots = 16               // daemons side by side, each with a root directory of its own
)

// startDaemon starts a private buildkitd and waits for its socket. It needs an OCI runtime, and root or rootlesskit.
func startDaemon(ctx context.Context, opt Options) (*daemon, error) {
	if err := checkDaemonSupport(); err != nil {
		return nil, err
	}
	runtime, err := ociRuntime()
	if err != nil {
		return nil, err
	}
	launcher, err := rootLauncher()
	if err != nil {
		return nil, err
	}
	program, err := findBuildkitd(ctx, opt)
	if err != nil {
		return nil, err
	}
	root, unlock, err := lockRoot(opt.CacheDir)
	if err != nil {
		return nil, err
	}
	if err := cleanRoot(ctx, root, runtime); err != nil {
		return nil, errors.Join(err, unlock())
	}
	cleanOtherRoots(ctx, opt, root, runtime)
	config := os.DevNull // not the one of another daemon of this machine
	if opt.Config != "" {
		config = opt.Config
	}
	d, err := launch(ctx, launcher, program, runtime, root, config, opt.Trust)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	stop := d.stop
	d.unlock = unlock
	d.stop = func() error { return errors.Join(stop(), unlock()) }
	return d, nil
}

// launch starts the program over the root directory. Its log stays in the root and is quoted when it ends early.
func launch(ctx context.Context, launcher []string, program, runtime, root, config string, trust registry.Trust) (*daemon, error) {
	record, err := newDaemonRecord(root)
	if err != nil {
		return nil, err
	}
	dir := record.Socket
	sock := filepath.Join(dir, "buildkitd.sock")
	logPath := filepath.Join(root, "buildkitd.log")
	log, err := os.Create(logPath)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer log.Close() // the child has its own copy
	args := append(launcher, program, "--root", root, "--addr", "unix://"+sock, "--config", config,
		"--containerd-worker=false", "--oci-worker=true", "--oci-worker-binary="+runtime,
		"--oci-worker-gc=true", "--oci-worker-gc-keepstorage=10000",
		// The usual place is one for the whole machine: whoever starts takes it from who is there, and two at once fail.
		"--otel-socket-path", filepath.Join(dir, "otel.sock"),
		// It is ours alone, and each build still has to be told by its user that its steps may.
		"--allow-insecure-entitlement=network.host", "--allow-insecure-entitlement=security.insecure")
	if len(launcher) > 0 {
		args = append(args, "--rootless", "--oci-worker-no-process-sandbox")
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	environ, err := daemonEnviron(trust, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	cmd.Env = append(environ, "TMPDIR="+daemonTemp(root, dir))
	if len(launcher) > 0 {
		// Below /run there may be root's directories, which it would find in place of its own.
		cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+dir)
	}
	exited, err := startBound(cmd)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	d := &daemon{addr: "unix://" + sock, cmd: cmd, exited: exited, log: logPath, stop: func() error {
		// One that had to be killed leaves what its steps mounted.
		return errors.Join(end(cmd.Process, exited), cleanRoot(context.Background(), root, runtime))
	}}
	record.PID = cmd.Process.Pid
	if err := record.write(root); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	if err := waitSocket(ctx, sock, exited); err != nil {
		err = fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, lastLines(logPath, 5))
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

// daemonTemp is where the daemon keeps sockets of SSH agents, among others: below its root if their paths fit into an address
// there, else beside its own socket.
func daemonTemp(root, dir string) string {
	const agent = "/.buildkit-ssh-sock1234567890/ssh_auth_sock"
	if temp := filepath.Join(root, tempDir); len(temp)+len(agent) <= 107 { // unix(7)
		return temp
	}
	return dir
}

// waitSocket dials until somebody listens: gRPC, which would do so itself, waits a second after each refusal.
func waitSocket(ctx context.Context, sock string, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeoutCause(ctx, daemonStart, fmt.Errorf("no socket within %s", daemonStart))
	defer cancel()
	for {
		if c, err := net.Dial("unix", sock); err == nil {
			return c.Close()
		}
		select {
		case <-exited:
			return errors.New("ended before it listened")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// disconnected is how errors read that may come of the daemon's end: some of them have crossed the engine's protocol as text.
var disconnected = regexp.MustCompile(`Unavailable|EOF|connection re(set|fused)|broken pipe|[Cc]anceled|connection is closing`)

// explain says that the daemon ended before it was asked to, where an error comes of that; any other it gives as it is.
func (d *daemon) explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !disconnected.MatchString(err.Error()) {
		return err
	}
	select {
	case <-d.exited:
	case <-time.After(time.Second): // the connection breaks a moment before the process has ended
		return err
	}
	hint := ""
	if d.cmd.ProcessState.String() == "signal: killed" {
		hint = "somebody killed it, or the machine's memory was full\n"
	}
	return fmt.Errorf("the private buildkitd ended before its work was done (%s)\n%sthe end of its log, %s:\n%s",
		d.cmd.ProcessState, hint, d.log, lastLines(d.log, 5))
}

// end asks a process to stop, and kills it if it does not. BuildKit exits with 1 after TERM, which is no failure.
func end(p *os.Process, exited <-chan struct{}) error {
	select {
	case <-exited:
		return nil
	default:
	}
	if err := p.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop buildkitd: %w", err)
	}
	select {
	case <-exited:
		return nil
	case <-time.After(daemonStop):
	}
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill buildkitd: %w", err)
	}
	<-exited
	return nil
}

// lockRoot takes the first root directory that no other daemon has: BuildKit allows one daemon a root. The lock goes
// with the process, so a killed one leaves nothing behind that would have to be judged stale.
func lockRoot(cache string) (root string, unlock func() error, err error) {
	if cache == "" {
		return "", nil, errors.New("there is no cache directory: set HOME or XDG_CACHE_HOME")
	}
	for n := range daemonRoots {
		root = filepath.Join(cache, "buildkit", fmt.Sprint(n))
		if err := os.MkdirAll(root, 0o700); err != nil {
			return "", nil, err
		}
		unlock, err := lockFile(filepath.Join(root, lockName))
		if err == nil {
			return root, unlock, nil
		}
		if !errors.Is(err, errLocked) {
			return "", nil, err
		}
	}
	return "", nil, fmt.Errorf("%d private daemons run already in %s; give one builder to all with --builder", daemonRoots, cache)
}

var errLocked = errors.New("locked by another process")

// ociRuntime is the absolute path of runc or crun. Debian keeps them where only root looks.
func ociRuntime() (string, error) {
	for _, name := range []string{"runc", "crun", "/usr/sbin/runc", "/usr/bin/crun", "/usr/local/sbin/runc"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("neither runc nor crun is installed, one of which runs the build's steps\n" +
		"install one (apt-get install runc), or point --builder or BUILDKIT_HOST at a BuildKit")
}

// rootLauncher is what stands before buildkitd on the command line: nothing for root, rootlesskit for others.
func rootLauncher() ([]string, error) {
	if os.Geteuid() == 0 {
		return nil, nil
	}
	path, err := exec.LookPath("rootlesskit")
	if err != nil {
		return nil, errors.New("a private buildkitd needs root, or rootlesskit, which is not installed\n" +
			"install it (apt-get install rootlesskit uidmap slirp4netns), run as root, or point --builder or BUILDKIT_HOST at a BuildKit")
	}
	return []string{path, "--net=slirp4netns", "--copy-up=/etc", "--copy-up=/run", "--disable-host-loopback"}, nil
}

// stackPlace is the indented line of a stack that says where the function on the line before it is.
var stackPlace = regexp.MustCompile(`^\t\S+:\d+( \+0x[0-9a-f]+)?\s*$`)

// lastLines are the last lines of a log without those of stacks, which buildkitd prints with an error.
func lastLines(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	var kept []string
	for line := range strings.Lines(strings.TrimSpace(string(text))) {
		if stackPlace.MatchString(line) && len(kept) > 0 {
			kept = kept[:len(kept)-1]
			continue
		}
		kept = append(kept, strings.TrimSuffix(line, "\n"))
	}
	return strings.Join(kept[max(0, len(kept)-n):], "\n")
}
