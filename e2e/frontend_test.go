package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/testscript"
)

// This file has the script command frontend.

// scriptFrontend builds BuildKit's own Dockerfile frontend and pushes its image. A "# syntax=" line can then name it. The
// version is that of the module that pins buildkitd.
func scriptFrontend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: frontend REFERENCE")
	}
	ref, err := name.NewTag(args[0])
	ts.Check(err)
	dir := ts.MkAbs("frontend")
	ts.Check(os.Mkdir(dir, 0o755))
	modules, err := filepath.Glob("pack/engine/buildkitd/*.txt")
	ts.Check(err)
	for _, path := range modules {
		text, err := os.ReadFile(path)
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(dir, strings.TrimSuffix(filepath.Base(path), ".txt")), text, 0o644))
	}
	build := exec.Command("go", "build", "-trimpath", "-o", "files/bin/dockerfile-frontend", "github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend")
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("build the frontend: %v\n%s", err, out)
	}
	ts.Check(remote.Write(ref, frontendImage(ts, filepath.Join(dir, "files.tar"), filepath.Join(dir, "files"))))
}

// frontendImage makes the same image as docker/dockerfile: the program, and labels that say what it can do.
func frontendImage(ts *testscript.TestScript, archive, files string) v1.Image {
	ts.Check(exec.Command("tar", "-C", files, "-cf", archive, "bin").Run())
	layer, err := tarball.LayerFromFile(archive)
	ts.Check(err)
	img, err := mutate.AppendLayers(empty.Image, layer)
	ts.Check(err)
	config, err := img.ConfigFile()
	ts.Check(err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{Entrypoint: []string{"/bin/dockerfile-frontend"}, Labels: map[string]string{
		"moby.buildkit.frontend.network.none": "true",
		"moby.buildkit.frontend.caps":         "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts",
	}}
	img, err = mutate.ConfigFile(img, config)
	ts.Check(err)
	return img
}
