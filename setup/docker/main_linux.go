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
	"path/filepath"
	"strings"
	"time"

	"github.com/seedpack/seedpack/setup/beside"
)

func main() { beside.Main("docker", serve) }

func serve(ctx context.Context, dir string) (env []string, stop func() error, err error) {
	store := os.Getenv("SEEDPACK_TEST_DOCKER_STORE")
	if store == "" {
		store = "classic"
	}
	bridge, err := addBridge()
	if err != nil {
		return nil, nil, err
	}
	removeBridge := func() error { return command("ip", "link", "del", bridge) }
	e, err := start(ctx, dir, bridge, store)
	if err != nil {
		return nil, nil, errors.Join(err, removeBridge())
	}
	stop = func() error { return errors.Join(e.process.Stop(), removeBridge()) }
	if err := e.load(ctx, dir, os.Getenv("SEEDPACK_TEST_BASE")); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return []string{"SEEDPACK_TEST_DOCKER=unix://" + e.socket, "SEEDPACK_TEST_DOCKER_STORE=" + store}, stop, nil
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
	socket  string
	process *beside.Process
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
	cmd := exec.Command(program[0], append(program[1:], "--config-file", config, "--host", "unix://"+e.socket,
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--bridge", bridge, "--iptables=false", "--ip-forward=false", "--ip-masq=false")...)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	cmd.Stdout, cmd.Stderr = log, log
	e.process, err = beside.Start(ctx, cmd, log.Name(), time.Minute, func() bool {
		response, err := e.api().Get("http://docker/_ping")
		return err == nil && response.Body.Close() == nil
	})
	return e, err
}

// api is a client of the engine. The host of its addresses means nothing.
func (e *engine) api() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", e.socket)
	}}}
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
