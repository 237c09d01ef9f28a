// Registry runs a command beside a registry of its own, which is gone with the command: nothing is left running, and
// nothing is kept. The command finds it in SEEDPACK_TEST_REGISTRY (host:port) and the access log, one line a request,
// in SEEDPACK_TEST_REGISTRY_LOG.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/seedpack/seedpack/setup/beside"
)

// config of Debian's docker-registry. It writes requests to stdout and all else to stderr.
const config = `version: 0.1
log:
  level: warn
  accesslog:
    disabled: false
storage:
  filesystem:
    rootdirectory: %s
  delete:
    enabled: true
http:
  addr: %s
`

func main() { beside.Main("registry", serve) }

func serve(ctx context.Context, dir string) (env []string, stop func() error, err error) {
	address, err := freeAddress()
	if err != nil {
		return nil, nil, err
	}
	file, accessLog := filepath.Join(dir, "config.yml"), filepath.Join(dir, "access.log")
	text := fmt.Sprintf(config, filepath.Join(dir, "data"), address)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, nil, err
	}
	access, err := os.Create(accessLog)
	if err != nil {
		return nil, nil, err
	}
	defer access.Close() // the registry has its own copy
	log, err := os.Create(filepath.Join(dir, "registry.log"))
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	cmd := exec.Command("docker-registry", "serve", file)
	cmd.Stdout, cmd.Stderr = access, log
	server, err := beside.Start(ctx, cmd, log.Name(), 20*time.Second, func() bool {
		response, err := http.Get("http://" + address + "/v2/")
		return err == nil && response.Body.Close() == nil
	})
	if err != nil {
		return nil, nil, err
	}
	env = []string{"SEEDPACK_TEST_REGISTRY=" + address, "SEEDPACK_TEST_REGISTRY_LOG=" + accessLog}
	return env, server.Stop, nil
}

// freeAddress is a loopback address that nobody listens on at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
