package e2e

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/txtar"

	ownpodman "github.com/seedpack/seedpack/e2e/podman"
	"github.com/seedpack/seedpack/lint/dockerfile"
)

// This file has a Podman of the tests' own, with the images of all exported jobs.

// A podman is a directory with the programs podman and docker, which both are Podman with a store of its own.
type podman struct {
	dir string // everything of it
	bin string // for PATH
}

// thePodman is made once, and removed when all tests are done.
var thePodman struct {
	once   sync.Once
	podman *podman
	err    error
}

// needPodman returns a Podman with the image of each job, localhost/NAME:1. It skips the test where there is none that works.
func needPodman(t *testing.T) *podman {
	t.Helper()
	base := os.Getenv("SEEDPACK_TEST_BASE")
	if base == "" {
		needs.Lacks(t, "SEEDPACK_TEST_BASE is not set: make test sets it")
	}
	if _, err := os.Stat("/usr/bin/podman"); err != nil || os.Getuid() != 0 {
		needs.Lacks(t, "Podman for root is needed")
	}
	thePodman.once.Do(func() { thePodman.podman, thePodman.err = newPodman(base) })
	if thePodman.err != nil {
		t.Fatal(thePodman.err)
	}
	return thePodman.podman
}

// needPrograms skips a test if one of them is not installed.
func needPrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			if _, err := os.Stat("/usr/sbin/" + n); err != nil {
				needs.Lacks(t, n+" is not installed: make test installs it")
			}
		}
	}
}

// removePodman removes it when all tests are done. A container that is left then is one that a launcher has left: the tests fail.
func removePodman(status int) int {
	p := thePodman.podman
	if p == nil {
		return status
	}
	left, err := p.command("ps", "--all", "--format", "{{.Names}} {{.Image}} {{.Status}}").Output()
	if err != nil || len(left) > 0 {
		fmt.Printf("containers are left, and the tests thus fail: %v\n%s", err, left)
		status = max(status, 1)
	}
	_ = p.command("rm", "--all", "--force", "-t", "0").Run()
	_ = os.RemoveAll(p.dir)
	return status
}

func newPodman(base string) (*podman, error) {
	dir, err := os.MkdirTemp("", "seedpack-podman-")
	if err != nil {
		return nil, err
	}
	p := &podman{dir: dir, bin: filepath.Join(dir, "bin")}
	thePodman.podman = p // so that it is removed, whatever happens
	if err := errors.Join(ownpodman.Write(dir), os.Symlink("podman", filepath.Join(p.bin, "docker"))); err != nil {
		return nil, err
	}
	archive := filepath.Join(dir, "images.tar")
	if err := writeImages(archive, base); err != nil {
		return nil, err
	}
	if out, err := p.command("load", "-q", "-i", archive).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("podman load: %w\n%s", err, out)
	}
	return p, os.Remove(archive)
}

func (p *podman) command(args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(p.bin, "podman"), args...)
}

// path is PATH with this Podman first.
func (p *podman) path() string { return "PATH=" + p.bin + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin" }

// exportedJobs are the directories of the jobs, each with a manifest and a Dockerfile, by their names.
func exportedJobs(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"complete": "testdata/jobs/complete", "image-watermark": "testdata/jobs/image-watermark", "random-number": "testdata/jobs/random-number"}
	archives, err := filepath.Glob("testdata/export/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range archives {
		dir := filepath.Join(t.TempDir(), "job")
		if err := unpack(path, dir); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".txtar")] = dir
	}
	return all
}

func unpack(path, dir string) error {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return txtar.Write(archive, dir)
}

// writeImages makes an image of each job as its Dockerfile says, which saves many builds. They are simple: COPY, USER, WORKDIR,
// ENTRYPOINT and CMD.
func writeImages(to, base string) error {
	index, err := layout.ImageIndexFromPath(base)
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	busybox, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		return err
	}
	jobs, err := filepath.Glob("testdata/jobs/*")
	if err != nil {
		return err
	}
	archives, err := filepath.Glob("testdata/export/*.txtar")
	if err != nil {
		return err
	}
	images := map[name.Tag]v1.Image{}
	for _, job := range append(jobs, archives...) {
		dir := job
		if strings.HasSuffix(job, ".txtar") {
			if dir, err = os.MkdirTemp("", "seedpack-job-"); err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			if err := unpack(job, dir); err != nil {
				return err
			}
		}
		image, err := simpleImage(busybox, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", job, err)
		}
		tag, err := name.NewTag("localhost/" + strings.TrimSuffix(filepath.Base(job), ".txtar") + ":1")
		if err != nil {
			return err
		}
		images[tag] = image
	}
	return tarball.MultiWriteToFile(to, images)
}

// simpleImage carries out a Dockerfile.
func simpleImage(base v1.Image, dir string) (v1.Image, error) {
	text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	cfg, err := base.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := *cfg.Config.DeepCopy()
	config.Cmd, config.Entrypoint = nil, nil
	var files bytes.Buffer
	layer := tar.NewWriter(&files)
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "COPY":
			if err := copyFiles(layer, dir, rest); err != nil {
				return nil, err
			}
		case "USER":
			config.User = rest
		case "WORKDIR":
			config.WorkingDir = rest
		}
	}
	start, known := dockerfile.ReadStart(text, "")
	if known {
		config.Entrypoint, config.Cmd = start.Entrypoint, start.Cmd
	} else if _, cmd, ok := strings.Cut(string(text), "CMD ["); ok {
		for _, w := range strings.Split(strings.TrimSuffix(strings.TrimSpace(cmd), "]"), ",") {
			config.Cmd = append(config.Cmd, strings.Trim(strings.TrimSpace(w), `"`))
		}
	}
	if err := layer.Close(); err != nil {
		return nil, err
	}
	added, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(base, added)
	if err != nil {
		return nil, err
	}
	return mutate.Config(image, config)
}

// copyFiles carries out COPY --chmod=MODE FILE... DIRECTORY.
func copyFiles(layer *tar.Writer, dir, rest string) error {
	fields := strings.Fields(rest)
	var mode int64
	if _, err := fmt.Sscanf(fields[0], "--chmod=%o", &mode); err != nil {
		return err
	}
	to := fields[len(fields)-1]
	for _, file := range fields[1 : len(fields)-1] {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		if err := layer.WriteHeader(&tar.Header{Name: strings.TrimPrefix(to+file, "/"), Mode: mode, Size: int64(len(text))}); err != nil {
			return err
		}
		if _, err := layer.Write(text); err != nil {
			return err
		}
	}
	return nil
}
