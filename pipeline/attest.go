package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/verify"
)

// testResults are the results of in-toto for verdicts. There is none for a run that was skipped.
var testResults = map[verify.Verdict]string{verify.Passed: pack.TestPassed, verify.Inconclusive: pack.TestWarned, verify.Failed: pack.TestFailed}

// AttestSmoke attaches to an image what its smoke run came to, for those who find the image in its registry. The image is in a
// repository, and has the digest. Of an image for several platforms this is the digest of the index. If no case was run, nothing is
// attached.
func (p *Pipeline) AttestSmoke(ctx context.Context, r *Result, repository, digest string) error {
	found := p.testResult(r, digest)
	if found.Result == "" {
		p.warn("%s: no smoke case was run, so there is no result to attach", r.Path)
		return nil
	}
	content, err := found.Statement()
	if err == nil {
		r.SmokeAttestation, err = p.opt.Remote.Attach(ctx, repository, digest, registry.Statement{
			Predicate: pack.TestResultPredicate, Content: content, Annotations: map[string]string{pack.SmokeAnnotation: found.Result},
		})
	}
	if err != nil {
		return fmt.Errorf("attach the result of the smoke run: %w", err)
	}
	return nil
}

// testResult says what the smoke run came to. Smoke files name cases as they like, so secrets in names are redacted.
func (p *Pipeline) testResult(r *Result, digest string) *pack.TestResult {
	t := &pack.TestResult{Digest: digest, Result: testResults[r.Verdict()]}
	if r.Manifest != nil {
		t.Image = r.Manifest.ImageName()
	}
	if r.smokeFile != nil {
		path, _ := p.casesPath(r.Job)
		t.Config = map[string][]byte{filepath.Base(path): r.smokeFile}
	}
	lists := map[verify.Verdict]*[]string{verify.Passed: &t.Passed, verify.Inconclusive: &t.Warned, verify.Failed: &t.Failed}
	for _, run := range r.Smoked {
		for i := range run.Cases {
			c := &run.Cases[i]
			name := p.host.Secrets.Hide(strings.ToValidUTF8(c.Name, "\ufffd"))
			if r.hasPlatforms() {
				name += " (" + run.Platform + ")"
			}
			if list := lists[c.Verdict]; list != nil {
				*list = append(*list, name)
			}
		}
	}
	return t
}

// hasPlatforms reports whether the image is for several platforms. Not all of them need have been tried.
func (r *Result) hasPlatforms() bool {
	return len(r.Smoked) > 1 || r.Built != nil && len(r.Built.Platforms) > 1 || r.Task.Image != nil && len(r.Task.Image.Platforms) > 1
}

// attest attaches the result if the user wants that. The image is in the registry, and has no name yet.
func (p *Pipeline) attest(ctx context.Context, r *Result) error {
	if !p.opt.Publish.AttestSmoke {
		return nil
	}
	if err := p.AttestSmoke(ctx, r, repositoryOf(r.Name), r.Built.Digest); err != nil {
		return fmt.Errorf("%w\n%s is not named: the registry holds %s without a tag", err, r.Name, r.Built.Digest)
	}
	return nil
}

// explainUnattested says why nothing is attached to an image that was published before: whatever was run now is not that image, byte
// for byte.
func (p *Pipeline) explainUnattested(r *Result) {
	said := len(r.Smoked) > 0 && r.Verdict() == verify.Skipped // by AttestSmoke
	if p.opt.Publish == nil || !p.opt.Publish.AttestSmoke || r.Published == nil || !r.Published.Already || r.SmokeAttestation != "" || said {
		return
	}
	p.warn("nothing is attached to %s: it names an image that was published before, and that image was not run now\n"+
		"seedpack verify --smoke --attest-smoke %[1]s runs it, and attaches the result", r.Name)
}
