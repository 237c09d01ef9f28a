package pipeline

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/seedpack/seedpack/internal/pipe"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// The result of a statement is the worst verdict. Its lists have the cases that were run, redacted, and with the platform if the image
// has several.
func TestTestResult(t *testing.T) {
	t.Parallel()
	secrets := new(secret.Set)
	secrets.Add("s3cr3t-t0ken")
	p := &Pipeline{host: Host{Secrets: secrets}}
	run := func(platform string, verdict verify.Verdict, cases ...verify.CaseResult) Smoked {
		return Smoked{platform, &verify.Result{Verdict: verdict, Cases: cases}}
	}
	passed, doubtful := verify.CaseResult{Name: "a s3cr3t-t0ken\xff", Verdict: verify.Passed}, verify.CaseResult{Name: "b", Verdict: verify.Inconclusive}
	failed, skipped := verify.CaseResult{Name: "c", Verdict: verify.Failed}, verify.CaseResult{Name: "d", Verdict: verify.Skipped}
	for what, c := range map[string]struct {
		platforms []string
		runs      []Smoked
		want      string // the result, and the lists
	}{
		"all passed":              {nil, []Smoked{run("linux/amd64", verify.Passed, passed, skipped)}, "PASSED|a ***\ufffd||"},
		"one is inconclusive":     {nil, []Smoked{run("linux/amd64", verify.Passed, passed, doubtful)}, "PASSED|a ***\ufffd|b|"},
		"all are inconclusive":    {nil, []Smoked{run("linux/amd64", verify.Inconclusive, doubtful)}, "WARNED||b|"},
		"one failed":              {nil, []Smoked{run("linux/amd64", verify.Failed, failed, doubtful)}, "FAILED||b|c"},
		"all skipped":             {nil, []Smoked{run("linux/amd64", verify.Skipped, skipped)}, "|||"},
		"nothing was run":         {nil, nil, "|||"},
		"one of two platforms":    {[]string{"linux/amd64", "linux/arm64"}, []Smoked{run("linux/amd64", verify.Passed, passed)}, "PASSED|a ***\ufffd (linux/amd64)||"},
		"it failed on one of two": {nil, []Smoked{run("linux/amd64", verify.Passed, passed), run("linux/arm64", verify.Failed, failed)}, "FAILED|a ***\ufffd (linux/amd64)||c (linux/arm64)"},
	} {
		r := &Result{Task: Task{Job: &job.Job{Path: seed.ManifestFile, Manifest: seed.Parse([]byte(faultManifest))}}, Smoked: c.runs, Built: &pack.Result{Platforms: c.platforms}}
		found := p.testResult(r, "sha256:x")
		got := strings.Join([]string{found.Result, strings.Join(found.Passed, ","), strings.Join(found.Warned, ","), strings.Join(found.Failed, ",")}, "|")
		if got != c.want || found.Image != "faults-1.0.0-seed:0.1.0" || found.Digest != "sha256:x" {
			t.Errorf("%s: %s of %q, want %s", what, got, found.Image, c.want)
		}
	}
}

// An image whose result cannot be attached is not named.
func TestUnattestedIsNotNamed(t *testing.T) {
	t.Parallel()
	img := faultyImage(t, 2)
	synctest.Test(t, func(t *testing.T) {
		store := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(true))
		transport, end := pipe.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && bytes.Contains(body, []byte(`"subject"`)) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"errors":[{"code":"MANIFEST_INVALID","message":"no artifacts here"}]}`)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			store.ServeHTTP(w, r)
		}))
		r, err := publishImage(t, img, registry.Registry{Transport: transport}, true)
		if endErr := end(); endErr != nil {
			t.Error(endErr)
		}
		held, _ := underName(store, "0.1.0")
		if err == nil || held != "" || r.Published != nil || r.SmokeAttestation != "" {
			t.Fatalf("the name is %q's, published is %+v, attached %q, error %v", held, r.Published, r.SmokeAttestation, err)
		}
		for _, want := range []string{"attach the result of the smoke run: ", "no artifacts here", "faults-1.0.0-seed:0.1.0 is not named: the registry holds " + img.Digest + " without a tag"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, err)
			}
		}
	})
}
