package pipeline

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seedpack/seedpack/e2e/faulty"
	"github.com/seedpack/seedpack/internal/pipe"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

const faultManifest = `{"seedVersion": "1.0.0", "job": {"name": "faults", "jobVersion": "1.0.0", "packageVersion": "0.1.0", "title": "T", "description": "D",
 "maintainer": {"name": "A", "email": "a@example.com"}, "timeout": 30, "interface": {"command": "x"}}}`

// undoneText matches how an error says what was not done, or is not known.
var undoneText = regexp.MustCompile(`is not named|is not published|could not be found out|names the unverified image|without the alias|another run published it`)

// faultyImage opens a layout with an image that carries the manifest, for one platform or two.
func faultyImage(t *testing.T, platforms int) *source.Image {
	t.Helper()
	var all []mutate.IndexAddendum
	for _, arch := range []string{"amd64", "arm64"}[:platforms] {
		img, err := random.Image(300, 2)
		if err != nil {
			t.Fatal(err)
		}
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		config.OS, config.Architecture = "linux", arch
		config.Config = v1.Config{Labels: map[string]string{seed.Label: faultManifest}, Cmd: []string{"x"}}
		if img, err = mutate.ConfigFile(img, config); err != nil {
			t.Fatal(err)
		}
		all = append(all, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	path, err := layout.Write(t.TempDir(), empty.Index)
	if err == nil && platforms == 1 {
		err = path.AppendImage(all[0].Add.(v1.Image))
	} else if err == nil {
		err = path.AppendIndex(mutate.AppendManifests(empty.Index, all...))
	}
	if err != nil {
		t.Fatal(err)
	}
	opened, err := source.Open(t.Context(), source.Source{Kind: source.Layout, Path: string(path)}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// A publication through a registry with up to three faults ends. If it says that all is well, the registry has the image
// with its label under the name, and lists what was attached. If not, it says what was not done. Time is that of a bubble, so that
// waiting takes none.
func TestPublishThroughFaults(t *testing.T) {
	t.Parallel()
	seeds := uint64(150)
	if testing.Short() {
		seeds = 15
	}
	for n := range 2 {
		t.Run(fmt.Sprint(n+1, " platforms"), func(t *testing.T) {
			t.Parallel()
			img := faultyImage(t, n+1)
			for seed := range seeds {
				synctest.Test(t, func(t *testing.T) { publishThroughFaults(t, img, seed) })
			}
		})
	}
}

func publishThroughFaults(t *testing.T, img *source.Image, number uint64) {
	attest, api := number%3 > 0, number%3 == 2 // to a registry with the referrers API, or without
	store := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(api))
	faults := faulty.New(store, number, 9*time.Second)
	transport, end := pipe.Serve(faults)
	defer func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	}()
	begin := time.Now()
	r, err := publishImage(t, img, registry.Registry{Transport: transport}, attest)
	took := time.Since(begin)
	held, label := underName(store, "0.1.0")
	alias, _ := underName(store, "latest")
	what := fmt.Sprintf("seed %d: %s: after %s: %v", number, faults, took, err)
	switch {
	case err == nil && (r.Published == nil || held != img.Digest || alias != held || label != faultManifest):
		t.Errorf("%s\nthe name is %q's, and the alias %q's", what, held, alias)
	case err == nil && attest && !lists(store, api, held, r.SmokeAttestation):
		t.Errorf("%s\n%q is not listed among what refers to %s", what, r.SmokeAttestation, held)
	case err != nil && !undoneText.MatchString(err.Error()):
		t.Errorf("%s\nit does not say what was not done", what)
	case err != nil && held != "" && strings.Contains(err.Error(), "is not ") && !strings.Contains(err.Error(), "alias"):
		t.Errorf("%s\nthe name is %q's all the same", what, held)
	case took > 15*time.Minute:
		t.Errorf("%s\nit takes too long", what)
	}
}

// publishImage pushes an image as pack does with an engine's classic store, and then verifies and names it.
func publishImage(t *testing.T, img *source.Image, to registry.Registry, attest bool) (*Result, error) {
	m := seed.Parse([]byte(faultManifest))
	r := &Result{Task: Task{Job: &job.Job{Path: "seed.manifest.json", Manifest: m}}, Name: "localhost:5000/" + m.ImageName()}
	p := &Pipeline{host: Host{Secrets: new(secret.Set)}, opt: Options{Remote: to, Publish: &Publish{Aliases: []string{"latest"}, AttestSmoke: attest}}}
	r.Smoked = []Smoked{{"linux/amd64", &verify.Result{Verdict: verify.Passed, Cases: []verify.CaseResult{{Name: "x", Verdict: verify.Passed}}}}}
	p.begin(r, StagePush)
	digest, err := to.Push(t.Context(), repositoryOf(r.Name), img)
	if err != nil {
		return r, p.undone(r, err)
	}
	r.Built = &pack.Result{Digest: digest}
	return r, p.undone(r, p.publisher().verifyAndTag(t.Context(), r))
}

// lists asks the registry itself whether a manifest is among what refers to an image.
func lists(store http.Handler, api bool, digest, refers string) bool {
	path := "/manifests/" + strings.Replace(digest, ":", "-", 1)
	if api {
		path = "/referrers/" + digest
	}
	w := httptest.NewRecorder()
	store.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/faults-1.0.0-seed"+path, nil))
	return refers != "" && w.Code == http.StatusOK && strings.Contains(w.Body.String(), refers)
}

// underName asks the registry itself for the image under a tag, and for the label of its first platform.
func underName(store http.Handler, tag string) (digest, label string) {
	get := func(path string) (body []byte, digest string) {
		w := httptest.NewRecorder()
		store.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/faults-1.0.0-seed"+path, nil))
		if w.Code != http.StatusOK {
			return nil, ""
		}
		return w.Body.Bytes(), w.Header().Get("Docker-Content-Digest")
	}
	var index v1.IndexManifest
	body, digest := get("/manifests/" + tag)
	if json.Unmarshal(body, &index) == nil && len(index.Manifests) > 0 {
		body, _ = get("/manifests/" + index.Manifests[0].Digest.String())
	}
	var manifest v1.Manifest
	if json.Unmarshal(body, &manifest) != nil {
		return digest, ""
	}
	var config v1.ConfigFile
	if body, _ = get("/blobs/" + manifest.Config.Digest.String()); json.Unmarshal(body, &config) != nil {
		return digest, ""
	}
	return digest, config.Config.Labels[seed.Label]
}
