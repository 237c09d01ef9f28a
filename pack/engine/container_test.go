package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/moby/moby/api/types/container"
	mobyclient "github.com/moby/moby/client"
)

// The default driver of buildx runs BuildKit in a container. An engine is reached by the name of the builder and by
// that of the container. A stopped container is started.
func TestConnectContainer(t *testing.T) {
	host := needs.Variable(t, "SEEDPACK_TEST_DOCKER")
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	api, address, err := (DockerHost{environment("DOCKER_HOST", host)}).client("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Close(); err != nil {
			t.Error(err)
		}
	})
	const name = "buildx_buildkit_live0"
	runBuildKit(t, api, name)
	node := fmt.Sprintf(`{"Name":"live","Driver":"docker-container","Nodes":[{"Name":"live0","Endpoint":%q}]}`, address)
	env := home(t, map[string]string{"buildx/instances/live": node})
	t.Setenv("DOCKER_HOST", host) // for the docker command that BuildKit's own helper runs
	builders := []string{"live", "live"}
	if _, err := exec.LookPath("docker"); err == nil {
		builders = append(builders, "docker-container://"+name)
	}
	for i, builder := range builders {
		e, err := Connect(t.Context(), Options{Builder: builder, Getenv: env})
		if err != nil {
			t.Errorf("%s: %v", builder, err)
			continue
		}
		x, buildErr := builds(t.Context(), only(e), request(t, fmt.Sprintf("FROM busybox:1.36\nRUN echo %d >/x\n", i)))
		if err := errors.Join(buildErr, e.Close()); err != nil || x != fmt.Sprintln(i) {
			t.Errorf("%s: the step wrote %q: %v", builder, x, err)
		}
		if i == 0 {
			if _, err := api.ContainerStop(t.Context(), name, mobyclient.ContainerStopOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Other connections go through a program on this machine. The programs of the test write down their arguments and then
// connect to the private daemon.
func TestConnectThroughPrograms(t *testing.T) {
	needs.Variable(t, "SEEDPACK_TEST_BASE")
	through := privateEngine(t)
	programs := buildKitPrograms(t)
	log := filepath.Join(t.TempDir(), "log")
	const program = `#!/bin/sh
echo "${0##*/} $*" >>"$ASKED"
case " $* " in *" get pods "*) exec echo pod/builder-1 ;; esac
while [ "$1" != buildctl ]; do shift; done
exec "$@"
`
	for _, name := range []string{"podman", "kubectl", "ssh"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte(program), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	t.Setenv("ASKED", log)
	t.Setenv("BUILDKIT_HOST", through.daemon.addr)
	env := home(t, map[string]string{"buildx/instances/cluster": `{"Name":"cluster","Driver":"kubernetes","Nodes":[{"Name":"builder",
		"Endpoint":"kubernetes:///cluster?deployment=builder&kubeconfig=/k","DriverOpts":{"namespace":"ns"}}]}`})
	for builder, want := range map[string]string{
		"podman-container://box":                             "podman exec -i box buildctl dial-stdio\n",
		"kube-pod://pod-1?context=c&namespace=n&container=b": "kubectl --context=c --namespace=n exec --container=b -i pod-1 -- buildctl dial-stdio\n",
		"ssh://me@far:2222":                                  "ssh -l me -p 2222 -- far buildctl dial-stdio\n",
		"cluster": "kubectl --kubeconfig=/k --namespace=ns get pods --output=name --selector=app=builder --field-selector=status.phase=Running\n" +
			"kubectl --kubeconfig=/k --namespace=ns exec --container=buildkitd --stdin pod/builder-1 -- buildctl dial-stdio\n",
	} {
		e, err := Connect(t.Context(), Options{Builder: builder, Getenv: env})
		if err != nil {
			t.Errorf("%s: %v", builder, err)
			continue
		}
		_, buildErr := builds(t.Context(), only(e), request(t, "FROM busybox:1.36\nRUN touch /x\n"))
		if err := errors.Join(buildErr, e.Close()); err != nil {
			t.Errorf("%s: %v", builder, err)
		}
		asked, err := os.ReadFile(log)
		if err := errors.Join(err, os.Remove(log)); err != nil || string(asked) != want {
			t.Errorf("%s: asked is %q, not %q: %v", builder, asked, want, err)
		}
	}
}

// runBuildKit starts a BuildKit in a container until the test ends. The image consists of links into this machine's
// /usr.
func runBuildKit(t *testing.T, api *mobyclient.Client, name string) {
	t.Helper()
	programs := buildKitPrograms(t)
	image, err := api.ImageImport(t.Context(), mobyclient.ImageImportSource{Source: usrLinks(t), SourceName: "-"}, "seedpack-test-buildkit", mobyclient.ImageImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, image)
	if err := errors.Join(err, image.Close()); err != nil {
		t.Fatal(err)
	}
	made, err := api.ContainerCreate(t.Context(), mobyclient.ContainerCreateOptions{Name: name,
		Config: &container.Config{Image: "seedpack-test-buildkit", Cmd: []string{"buildkitd", "--containerd-worker=false", "--oci-worker=true"},
			Env: []string{"PATH=/programs:/usr/sbin:/usr/bin"}},
		// Privileged, except for what containers may not do on the machines that run tests.
		HostConfig: &container.HostConfig{NetworkMode: "none", CapAdd: []string{"ALL"}, CapDrop: []string{"SYS_RESOURCE"},
			SecurityOpt: []string{"seccomp=unconfined", "apparmor=unconfined"}, MaskedPaths: []string{}, ReadonlyPaths: []string{},
			Binds: []string{"/usr:/usr:ro", "/sys/fs/cgroup:/sys/fs/cgroup", programs + ":/programs:ro"}, Tmpfs: map[string]string{"/var/lib/buildkit": "exec"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := api.ContainerRemove(context.Background(), made.ID, mobyclient.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil {
			t.Error(err)
		}
	})
	if _, err := api.ContainerStart(t.Context(), made.ID, mobyclient.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
}

// usrLinks returns the archive of a root directory with links into /usr, as Debian has it.
func usrLinks(t *testing.T) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	var errs []error
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		errs = append(errs, w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: "usr/" + name, Mode: 0o777}))
	}
	for _, name := range []string{"usr", "tmp", "run", "var", "var/lib", "var/lib/buildkit"} {
		errs = append(errs, w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}))
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		t.Fatal(err)
	}
	return &b
}

// buildKitPrograms returns a directory with the pinned buildkitd and buildctl.
func buildKitPrograms(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	buildkitd, err := findBuildkitd(t.Context(), Options{CacheDir: filepath.Join(cache, "seedpack"), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program, err := os.ReadFile(buildkitd)
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "buildkitd"), program, 0o755)); err != nil {
		t.Fatal(err)
	}
	module := t.TempDir()
	if err := writeModule(module); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-trimpath", "-o", filepath.Join(dir, "buildctl"), "github.com/moby/buildkit/cmd/buildctl")
	build.Dir, build.Env = module, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return dir
}
