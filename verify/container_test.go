package verify

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/internal/needs"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seedpack/seedpack/e2e/podman"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/runtime"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A containerEngine is a real engine with the image of the scripts.
type containerEngine struct {
	*runtime.Engine
	image string
}

// scriptedConfig is that of the image of the scripts.
var scriptedConfig = pack.Config{User: "1000", Entrypoint: []string{"/bin/sh", "-c", `eval "$SCRIPT"`}}

// containerEngines returns the Docker Engine and the Podman of the tests. Each is skipped if it is not there.
func containerEngines(t *testing.T) (all []containerEngine) {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "image.tar")
	writeScripted(t, archive)
	use := func(kind string) {
		e, _, err := runtime.Find(t.Context(), runtime.Options{With: kind})
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(archive)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		image, err := e.Load(t.Context(), file, "localhost/scripted:1")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, containerEngine{e, image})
	}
	strict := os.Getenv("SEEDPACK_STRICT") != ""
	if host := os.Getenv("SEEDPACK_TEST_DOCKER"); host != "" {
		t.Setenv("DOCKER_HOST", host)
		use(runtime.Docker)
	} else if strict {
		t.Error("SEEDPACK_TEST_DOCKER is not set: make test sets it")
	}
	if _, err := os.Stat("/usr/bin/podman"); err == nil && os.Getuid() == 0 {
		dir := t.TempDir()
		if err := podman.Write(dir); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
		t.Cleanup(func() { checkNothingLeft(t, filepath.Join(dir, "bin", "podman")) })
		use(runtime.Podman)
	} else if strict {
		t.Error("Podman for root is needed")
	}
	return all
}

// checkNothingLeft fails a test that has left a container.
func checkNothingLeft(t *testing.T, program string) {
	t.Helper()
	left, err := exec.Command(program, "ps", "--all", "--quiet").CombinedOutput()
	if err != nil || len(left) > 0 {
		t.Errorf("containers are left: %v\n%s", err, left)
	}
}

// writeScripted writes the image of the scripts: the base with a directory /work, as their Dockerfile makes it.
func writeScripted(t *testing.T, archive string) {
	t.Helper()
	index, err := layout.ImageIndexFromPath(needs.Variable(t, "SEEDPACK_TEST_BASE"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	base, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "work/", Mode: 0o777}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(base, layer)
	if err == nil {
		image, err = mutate.Config(image, v1.Config{User: scriptedConfig.User, Entrypoint: scriptedConfig.Entrypoint})
	}
	if err == nil {
		err = tarball.WriteToFile(archive, name.MustParseReference("localhost/scripted:1"), image)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// compare runs cases in the engine. It fails the test if a finding or the verdict differs from that of the build session, but for
// figures that are measured. It takes those cases that the function chooses: with SEEDPACK_LONG, each engine runs all.
func (e containerEngine) compare(t *testing.T, manifest string, all []cases.Case, result *Result, chosen func(int) bool) {
	t.Helper()
	begin := time.Now()
	var some []cases.Case
	var want []CaseResult
	for i, c := range all {
		if chosen(i) {
			some, want = append(some, c), append(want, result.Cases[i])
		}
	}
	if len(some) == 0 {
		return
	}
	r := &runtime.Runner{Engine: e.Engine, Image: e.image, Config: scriptedConfig, Inputs: cases.Inputs(some), Stage: t.TempDir()}
	got, err := Smoke(t.Context(), r, scriptedConfig, seed.Parse([]byte(manifest)), some, Options{Grace: 500 * time.Millisecond, Parallel: 4})
	if err != nil {
		t.Errorf("%s: %v", e.Name, err)
		return
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for i, c := range got.Cases {
		if has, wants := said(c), said(want[i]); has != wants {
			t.Errorf("%s, %s: exit %d %s, stderr %q\n%s\nin a build session:\n%s", e.Name, c.Name, c.Outcome.Exit, c.Outcome.StartError, c.Outcome.Stderr.Head, has, wants)
		}
	}
	t.Logf("%d runs in %s took %v", len(some), e.Name, time.Since(begin))
}

// said is the verdict and the findings of a case, without figures.
func said(c CaseResult) string {
	all := []string{}
	for _, d := range c.Diagnostics {
		all = append(all, fmt.Sprintf("%s: %s: %s; %s [%s]", d.Pointer, d.Level(), d.Message, d.Hint, d.Rule.ID))
	}
	slices.Sort(all)
	return measured.ReplaceAllString(c.Verdict.String()+"\n"+strings.Join(all, "\n"), "N$1")
}
