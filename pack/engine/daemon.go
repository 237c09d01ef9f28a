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

// A daemon is a buildkitd that we have started.
type daemon struct {
	addr   string
	stop   func() error
	unlock func() error // releases the root directory; stop does it, too

	cmd    *exec.Cmd
	exited <-chan struct{}
	log    string // path
}

const (
	daemonStart  = 30 * time.Second // until the socket exists
	daemonAnswer = 2 * time.Minute  // from the socket to the first answer
	daemonStop   = 10 * time.Second // until the process is killed
	daemonRoots  = 16               // daemons at the same time, each with its own root directory; others wait
	daemonNews   = time.Minute      // between two lines that say so
)

// startDaemon starts a private buildkitd and waits for its socket. It needs an OCI runtime, and either root or
// rootlesskit.
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
	root, unlock, err := lockRoot(ctx, opt)
	if err != nil {
		return nil, err
	}
	if err := cleanRoot(ctx, root, runtime); err != nil {
		return nil, errors.Join(err, unlock())
	}
	cleanOtherRoots(ctx, opt, root, runtime)
	config := os.DevNull // not the configuration of another daemon of this machine
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

// launch starts the program over the root directory. Its log is a file there, and is quoted if the program ends early.
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
	defer log.Close() // the child has its own descriptor
	args := append(launcher, program, "--root", root, "--addr", "unix://"+sock, "--config", config,
		"--containerd-worker=false", "--oci-worker=true", "--oci-worker-binary="+runtime,
		"--oci-worker-gc=true", "--oci-worker-gc-keepstorage=10000",
		// The default path is one for the whole machine. A new daemon takes it from a running one, and two that start
		// at once fail.
		"--otel-socket-path", filepath.Join(dir, "otel.sock"),
		// The daemon serves only us. The user still has to allow each build that its steps may.
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
		// /run may have directories of root, which the daemon would use instead of its own.
		cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+dir)
	}
	exited, err := startBound(cmd)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	d := &daemon{addr: "unix://" + sock, cmd: cmd, exited: exited, log: logPath, stop: func() error {
		// A daemon that was killed leaves the mounts of its steps.
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

const (
	maxSocket   = 104 // bytes of a path that the daemon can listen on; unix(7) has 107
	agentSocket = "/.buildkit-ssh-sock1234567890/ssh_auth_sock"
)

// daemonTemp returns the directory for the daemon's sockets of SSH agents and other temporary files. It is below the
// root if the paths fit into a socket address, else the directory of the daemon's own socket.
func daemonTemp(root, dir string) string {
	if temp := filepath.Join(root, tempDir); len(temp)+len(agentSocket) <= maxSocket {
		return temp
	}
	return dir
}

// waitSocket dials until the socket accepts. gRPC would wait a second after each refusal.
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

// disconnected matches errors that the end of the daemon may cause. Some have passed the engine's protocol as text.
var disconnected = regexp.MustCompile(`Unavailable|EOF|connection re(set|fused)|broken pipe|[Cc]anceled|connection is closing`)

// explain returns an error that says that the daemon ended by itself, if err comes from that. It returns any other
// error as it is.
func (d *daemon) explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !disconnected.MatchString(err.Error()) {
		return err
	}
	select {
	case <-d.exited:
	case <-time.After(time.Second): // the connection breaks a moment before the process ends
		return err
	}
	hint := ""
	if d.cmd.ProcessState.String() == "signal: killed" {
		hint = "somebody killed it, or the machine's memory was full\n"
	}
	return fmt.Errorf("the private buildkitd ended before its work was done (%s)\n%sthe end of its log, %s:\n%s",
		d.cmd.ProcessState, hint, d.log, lastLines(d.log, 5))
}

// end interrupts a process, and kills it if it does not end. BuildKit exits with 1 after a signal, which is no failure.
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

// lockRoot locks the first root directory that no other daemon uses, and waits for one if all are used. BuildKit allows one
// daemon in each. The kernel releases the lock when the process ends, so a killed process leaves no stale lock.
func lockRoot(ctx context.Context, opt Options) (root string, unlock func() error, err error) {
	if opt.CacheDir == "" {
		return "", nil, errors.New("there is no cache directory: set HOME or XDG_CACHE_HOME")
	}
	begin, say := time.Now(), time.Duration(0)
	for {
		root, unlock, err := lockFree(opt.CacheDir)
		if !errors.Is(err, errLocked) {
			return root, unlock, err
		}
		if waited := time.Since(begin); waited >= say {
			fmt.Fprintf(opt.Log, "seedpack: %d private builders run already in %s: waiting for one to end, %s so far; --builder lets several share one\n",
				daemonRoots, opt.CacheDir, waited.Round(time.Second))
			say = waited + daemonNews
		}
		select {
		case <-ctx.Done():
			return "", nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// lockFree locks the first root directory that is free. If none is, the error is errLocked.
func lockFree(cache string) (root string, unlock func() error, err error) {
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
	return "", nil, errLocked
}

var errLocked = errors.New("locked by another process")

// ociRuntime returns the absolute path of runc or crun. Debian installs runc where only root's PATH looks, and images of BuildKit
// call it buildkit-runc.
func ociRuntime() (string, error) {
	for _, name := range []string{"runc", "crun", "/usr/sbin/runc", "/usr/bin/crun", "/usr/local/sbin/runc", "buildkit-runc"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("neither runc nor crun is installed, one of which runs the build's steps\n" +
		"install one (apt-get install runc), or point --builder or BUILDKIT_HOST at a BuildKit")
}

// rootLauncher returns the command that starts buildkitd: none for root, rootlesskit for other users.
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

// stackPlace matches the indented line of a stack trace that has the file of the function on the line before.
var stackPlace = regexp.MustCompile(`^\t\S+:\d+( \+0x[0-9a-f]+)?\s*$`)

// lastLines returns the last n lines of a log. It leaves out stack traces, which buildkitd prints with an error.
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
