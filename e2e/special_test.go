//go:build unix

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seedpack/seedpack/exit"
)

// This file puts pipes, sockets and devices in the place of files.

// A reading is a command that reads a file.
type reading struct {
	name   string
	at     string // the file, below the directory of the test
	args   []string
	env    []string // with %s for the directory
	engine bool     // the file is read while an engine is there
	socket bool     // a socket is right there
}

var readings = []reading{
	{name: "manifest", at: "job/seed.manifest.json", args: []string{"lint", "job/seed.manifest.json"}},
	{name: "manifest flag", at: "m.json", args: []string{"pack", "job", "--manifest", "m.json"}},
	{name: "policy", at: "job/.seedpack.yaml", args: []string{"lint", "job"}},
	{name: "policy flag", at: "p.yaml", args: []string{"lint", "job", "--config", "p.yaml"}},
	{name: "dockerfile", at: "job/Dockerfile", args: []string{"smoke", "job"}},
	{name: "dockerfile flag", at: "D", args: []string{"smoke", "job", "--file", "D"}},
	{name: "smoke file", at: "job/seed.smoke.yaml", args: []string{"smoke", "job"}},
	{name: "smoke file flag", at: "c.yaml", args: []string{"smoke", "job", "--cases", "c.yaml"}},
	{name: "input", at: "job/in.txt", args: []string{"smoke", "job"}},
	{name: "expected output", at: "job/out.txt", args: []string{"smoke", "job"}},
	{name: "given input", at: "in.txt", args: []string{"run", "job", "-i", "IN=in.txt", "--builder", "private", "--with", "buildkit"}},
	{name: "secret", at: "s", args: []string{"smoke", "job", "--secret", "id=a,src=s"}},
	{name: "buildkitd.toml", at: "b.toml", args: []string{"smoke", "job", "--builder", "private", "--buildkitd-config", "b.toml"}},
	{name: "certificates", at: "ca.pem", args: []string{"smoke", "job", "--ca-file", "ca.pem"}},
	{name: "certificates of a builder", at: "ca.pem", args: []string{"smoke", "job", "--builder", "tcp://127.0.0.1:1", "--builder-tls-ca", "ca.pem"}},
	{name: "oci archive", at: "i.tar", args: []string{"verify", "oci-archive:i.tar"}},
	{name: "docker archive", at: "i.tar", args: []string{"smoke", "--image", "docker-archive:i.tar"}},
	{name: "index of a layout", at: "layout/index.json", args: []string{"verify", "oci:layout"}},
	{name: "blob of a layout", at: "layout/blob", args: []string{"verify", "oci:layout"}},
	{name: "docker configuration", at: "docker/config.json", args: []string{"verify", "127.0.0.1:1/a:1"}, env: []string{"DOCKER_CONFIG=%s/docker"}},
	{name: "docker configuration in a build", at: "docker/config.json", args: []string{"smoke", "job", "--builder", "private"}, env: []string{"DOCKER_CONFIG=%s/docker"}},
	{name: "docker context", at: "docker/contexts/meta/a/meta.json", args: []string{"doctor", "--builder", "docker:a"}, env: []string{"DOCKER_CONFIG=%s/docker"}},
	{name: "credentials of podman", at: "auth.json", args: []string{"verify", "127.0.0.1:1/a:1"}, env: []string{"REGISTRY_AUTH_FILE=%s/auth.json"}},
	{name: "buildx builder", at: "docker/buildx/current", args: []string{"smoke", "job"}, env: []string{"DOCKER_CONFIG=%s/docker", "SEEDPACK_BUILDER="}},
	{name: "old manifest", at: "old/seed.json", args: []string{"migrate", "old"}},
	{name: "manifest to migrate", at: "job/seed.manifest.json", args: []string{"migrate", "job"}},
	{name: "references", at: "refs", args: []string{"discover", "--references", "refs"}},
	{name: "catalogue", at: "catalogue.json", args: []string{"discover", "catalogue.json"}},
	{name: "list of a site", at: "site/.seedpack-site", args: []string{"discover", "empty.json", "--html", "site"}},
	{name: "manifest of an export", at: "job/seed.manifest.json", args: []string{"export", "--to", "slurm", "job", "-o", "out"}},
	{name: "state to compare", at: "job/seed.manifest.json", args: []string{"diff", "other", "job"}},
	{name: "event", at: "event.json", args: []string{"pack", "job", "--push=auto", "--registry", "127.0.0.1:1/a"},
		env: []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_EVENT_PATH=%s/event.json"}},

	{name: "dockerignore", at: "job/.dockerignore", args: []string{"smoke", "job"}, engine: true},
	{name: "own dockerignore", at: "job/Dockerfile.dockerignore", args: []string{"smoke", "job"}, engine: true},
	{name: "dockerignore of a context", at: "other/.dockerignore", args: []string{"smoke", "job", "--build-context", "other=other"}, engine: true},
	{name: "index of a context", at: "layout/index.json", args: []string{"smoke", "job", "--build-context", "other=oci-layout://layout"}, engine: true},
	{name: "blob of a context", at: "layout/blob", args: []string{"smoke", "job", "--build-context", "other=oci-layout://layout"}, engine: true},
	{name: "index of a cache", at: "layout/index.json", args: []string{"smoke", "job", "--cache-from", "type=local,src=layout"}, engine: true},
	{name: "blob of a cache", at: "layout/blob", args: []string{"smoke", "job", "--cache-from", "type=local,src=layout"}, engine: true},
	{name: "index of a written cache", at: "layout/index.json", args: []string{"smoke", "job", "--cache-to", "type=local,dest=layout"}, engine: true},
	{name: "key for ssh", at: "key", args: []string{"smoke", "job", "--ssh", "default=key"}, engine: true, socket: true},
}

const readingManifest = `{"seedVersion": "1.0.0", "job": {"name": "reading", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "Reading",
 "description": "Reads files", "maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 10,
 "interface": {"command": "${IN}", "inputs": {"files": [{"name": "IN"}]}, "outputs": {"files": [{"name": "OUT", "pattern": "*.txt"}]}},
 "resources": {"scalar": [{"name": "cpus", "value": 1}, {"name": "mem", "value": 16}, {"name": "disk", "value": 1}]}}}
`

// TestSpecialFiles proves that a pipe, a socket or a device in the place of a file is refused at once, wherever a file is read.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	for _, r := range readings {
		for kind, make := range map[string]func(string) error{
			"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"socket": func(path string) error { return listenAt(t, path) },
			"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		} {
			t.Run(r.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				if r.engine {
					needBuildKit(t)
				}
				if !r.socket || kind != "socket" {
					r.refused(t, make)
				}
			})
		}
	}
}

// listenAt makes a socket. Its path may be longer than an address can be.
func listenAt(t *testing.T, path string) error {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = l.Close() })
	return os.Rename(filepath.Join(dir, "s"), path)
}

func (r *reading) refused(t *testing.T, put func(path string) error) {
	dir := r.prepare(t)
	at := filepath.Join(dir, r.at)
	if r.at == "layout/blob" {
		blobs, err := filepath.Glob(filepath.Join(dir, "layout/blobs/sha256/*"))
		if err != nil || len(blobs) == 0 {
			t.Fatalf("the layout has no blobs: %v", err)
		}
		for _, blob := range blobs[1:] {
			if err := errors.Join(os.Remove(blob), put(blob)); err != nil {
				t.Fatal(err)
			}
		}
		at = blobs[0]
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.RemoveAll(at), put(at)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "seedpack", r.args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin", "SEEDPACK_BUILDER=private")
	for _, e := range r.env {
		cmd.Env = append(cmd.Env, strings.ReplaceAll(e, "%s", dir))
	}
	out, _ := cmd.CombinedOutput() // the status is compared
	status := cmd.ProcessState.ExitCode()
	if ctx.Err() != nil || status < exit.StatusFindings || status > exit.StatusFailure {
		t.Errorf("exit status %d, %v\n%s", status, ctx.Err(), out)
	}
	if !containsAny(string(out), []string{"regular file", "gives no files", "escapes from parent", "outside of the directory"}) {
		t.Errorf("it does not say that it is no file\n%s", out)
	}
}

// prepare makes what the commands read.
func (r *reading) prepare(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"job/seed.manifest.json": readingManifest, "job/Dockerfile": "FROM scratch\nCOPY in.txt /\nENTRYPOINT [\"/in.txt\"]\n",
		"job/seed.smoke.yaml": "cases:\n  - name: a\n    inputs: {IN: in.txt}\n    expect: {outputs: {OUT: {file: out.txt}}}\n",
		"job/in.txt":          "in", "job/out.txt": "out", "other/f": "f", "other/seed.manifest.json": readingManifest,
		"empty.json": `{"schemaVersion":1,"registries":[],"complete":true,"images":[],"skipped":[]}`,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if strings.HasPrefix(r.at, "layout/") {
		base := os.Getenv("SEEDPACK_TEST_BASE")
		if base == "" {
			needBuildKit(t)
		}
		if err := os.CopyFS(filepath.Join(dir, "layout"), os.DirFS(base)); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	return dir
}

// TestGivenFiles proves that what a shell hands over, as <(command) does, is read as a file is, and /dev/stdin as standard input.
func TestGivenFiles(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile("testdata/jobs/complete/seed.manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"lint", "-"}, {"lint", "/dev/stdin"}, {"lint", "/dev/fd/0"}, {"lint", "/dev/fd/3"}, {"lint", "/proc/self/fd/3"}, {"name", "--registry", "r.example", "/dev/fd/3"},
	} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("seedpack", args...)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.ExtraFiles = []*os.File{r}
			cmd.Stdin = r
			go func() {
				_, _ = w.Write(manifest) // the command says what it did not read
				_ = w.Close()
			}()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
