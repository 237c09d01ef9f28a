package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/rogpeppe/go-internal/testscript"
)

// This file runs jobs in the container engines of the tests.

// A containerEngine is a program of an engine. It writes its command lines to a log, and then does what the engine does.
type containerEngine struct{ name, bin, log string }

// containerEngines returns the Docker Engine and the Podman of the tests.
func containerEngines(t *testing.T) (all []containerEngine) {
	t.Helper()
	docker, err := exec.LookPath("docker")
	if os.Getenv("SEEDPACK_TEST_DOCKER") == "" || err != nil {
		needs.Lacks(t, "SEEDPACK_TEST_DOCKER, and the docker command, are needed: make test has both")
	}
	podman := filepath.Join(needPodman(t).bin, "podman")
	for name, program := range map[string]string{"docker": docker, "podman": podman} {
		e := containerEngine{name: name, bin: t.TempDir()}
		e.log = filepath.Join(e.bin, "log")
		script := "#!/bin/sh\nprintf '%s ' \"$@\" >>" + e.log + "\nexport DOCKER_HOST=" + os.Getenv("SEEDPACK_TEST_DOCKER") + "\nexec " + program + " \"$@\"\n"
		if err := writeExecutable(filepath.Join(e.bin, name), []byte(script)); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestRunInContainers proves that run does in each container engine what testdata/container says, and leaves nothing behind.
func TestRunInContainers(t *testing.T) {
	t.Parallel()
	needBuildKit(t)
	for _, e := range containerEngines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			params := scriptParams("testdata/container")
			params.Setup = func(env *testscript.Env) error {
				err := setupScript(env)
				env.Setenv("ENGINE", e.name)
				env.Setenv("LOG", e.log)
				env.Setenv("PATH", e.bin+":"+env.Getenv("PATH"))
				return err
			}
			testscript.Run(t, params)
		})
	}
}

// writeExecutable writes a file that is to be executed. No child process starts meanwhile: it would inherit the open file,
// and Linux refuses to execute a file that is open for writing (ETXTBSY, https://go.dev/issue/22315).
func writeExecutable(name string, text []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(name, text, 0o755)
}
