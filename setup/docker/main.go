// Docker runs a command beside a Docker Engine of its own, which is gone with the command: nothing is left running, and
// nothing is kept. The command finds its address in SEEDPACK_TEST_DOCKER, and in SEEDPACK_TEST_DOCKER_STORE whether it keeps
// images in its classic store or in containerd's. It holds busybox:1.36, made of the layout in SEEDPACK_TEST_BASE.
//
// It wants root, and dockerd on PATH; SEEDPACK_TEST_DOCKERD is another command for it, such as one that enters the root of
// another system first.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	// The engine gets a signal when the thread that started it ends, so that thread must be the last one.
	runtime.LockOSThread()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: docker COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Exited() {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	store := os.Getenv("SEEDPACK_TEST_DOCKER_STORE")
	if store == "" {
		store = "classic"
	}
	dir, err := os.MkdirTemp("", "seedpack-docker-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	bridge, err := addBridge()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, command("ip", "link", "del", bridge)) }()
	e, err := start(ctx, dir, bridge, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	if err := e.load(ctx, dir, os.Getenv("SEEDPACK_TEST_BASE")); err != nil {
		return err
	}

	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "SEEDPACK_TEST_DOCKER=unix://"+e.socket, "SEEDPACK_TEST_DOCKER_STORE="+store)
	// A terminal interrupts the whole group: the command has heard of it, and gets time to clean up after itself.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return cmd.Run()
}

// addBridge makes a network that leads nowhere, without which BuildKit in an engine runs no step. Its name and addresses
// are of this process alone.
func addBridge() (name string, err error) {
	name = fmt.Sprintf("spd%d", os.Getpid())
	address := fmt.Sprintf("172.31.%d.%d/28", os.Getpid()/16%256, os.Getpid()%16*16+1)
	if err := command("ip", "link", "add", name, "type", "bridge"); err != nil {
		return "", err
	}
	if err := errors.Join(command("ip", "addr", "add", address, "dev", name), command("ip", "link", "set", name, "up")); err != nil {
		return "", errors.Join(err, command("ip", "link", "del", name))
	}
	return name, nil
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// An engine is a dockerd that listens.
type engine struct {
	socket string
	cmd    *exec.Cmd
	ended  <-chan struct{}
}

func start(ctx context.Context, dir, bridge, store string) (*engine, error) {
	config := filepath.Join(dir, "daemon.json")
	text := "{}"
	if store != "classic" {
		text = `{"features": {"containerd-snapshotter": true}}`
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "dockerd.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the engine has its own copy
	program := strings.Fields(os.Getenv("SEEDPACK_TEST_DOCKERD"))
	if len(program) == 0 {
		program = []string{"dockerd"}
	}
	e := &engine{socket: filepath.Join(dir, "docker.sock")}
	e.cmd = exec.Command(program[0], append(program[1:], "--config-file", config, "--host", "unix://"+e.socket,
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--bridge", bridge, "--iptables=false", "--ip-forward=false", "--ip-masq=false")...)
	e.cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	e.cmd.Stdout, e.cmd.Stderr = log, log
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = e.cmd.Wait() // how it ends after TERM says nothing
		close(ended)
	}()
	e.ended = ended
	if err := e.ready(ctx); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, said), e.stop())
	}
	return e, nil
}

// api is a client of the engine. The host of its addresses means nothing.
func (e *engine) api() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", e.socket)
	}}}
}

// ready waits until the engine answers.
func (e *engine) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("dockerd does not answer"))
	defer cancel()
	for {
		if resp, err := e.api().Get("http://docker/_ping"); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-e.ended:
			return errors.New("dockerd ended before it answered")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// load gives the engine the image that jobs are built FROM.
func (e *engine) load(ctx context.Context, dir, layout string) error {
	if layout == "" {
		return nil
	}
	path := filepath.Join(dir, "base.tar")
	if err := command("skopeo", "copy", "--quiet", "oci:"+layout, "docker-archive:"+path+":busybox:1.36"); err != nil {
		return err
	}
	archive, err := os.Open(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://docker/images/load?quiet=1", archive)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-tar")
	response, err := e.api().Do(request)
	if err != nil {
		return err
	}
	said, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || strings.Contains(string(said), `"error"`) {
		err = errors.Join(err, fmt.Errorf("load busybox:1.36: %s %s", response.Status, said))
	}
	return errors.Join(err, response.Body.Close())
}

// stop ends the engine by its own process id, and waits for it: it ends what it started and unmounts what it mounted.
func (e *engine) stop() error {
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-e.ended:
		return nil
	case <-time.After(30 * time.Second):
	}
	// Its group are the engine and its containerd alone.
	if err := syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-e.ended
	return errors.New("dockerd did not end and was killed")
}
