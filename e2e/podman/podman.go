// Package podman makes a Podman of the tests' own: a program with a store that no other Podman shares.
package podman

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// The configuration is one that works for root in a container and in a small machine.
const (
	containersConf = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=16384:16384"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "DIR/tmp"
`
	storageConf = `[storage]
driver = "vfs"
graphroot = "DIR/root"
runroot = "DIR/run"
`
	podmanScript = `#!/bin/sh
export CONTAINERS_CONF=DIR/containers.conf CONTAINERS_STORAGE_CONF=DIR/storage.conf
PATH=/usr/bin:/bin:/usr/sbin:/sbin exec /usr/bin/podman "$@"
`
)

// Write writes the program, bin/podman, and its configuration to a directory.
func Write(dir string) error {
	errs := []error{os.Chmod(dir, 0o755), os.MkdirAll(filepath.Join(dir, "bin"), 0o755)}
	for file, text := range map[string]string{"containers.conf": containersConf, "storage.conf": storageConf, "bin/podman": podmanScript} {
		errs = append(errs, os.WriteFile(filepath.Join(dir, file), []byte(strings.ReplaceAll(text, "DIR", dir)), 0o755))
	}
	return errors.Join(errs...)
}
