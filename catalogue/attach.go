package catalogue

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
)

// maxAttachments is how many documents about an image are listed.
const maxAttachments = 256

// maxType is how many characters of a document's type are shown.
const maxType = 200

// Types of documents whose tag alone says what they are.
var attachedTypes = map[string]string{
	".sig":  "application/vnd.dev.cosign.artifact.sig.v1+json",
	".att":  "application/vnd.dev.cosign.artifact.att.v1+json",
	".sbom": "application/vnd.dev.cosign.artifact.sbom.v1+json",
}

// A referring is what is attached to an image, and what that says of its smoke run.
type referring struct {
	attachments []Attachment
	smoke       string
}

// attachments lists the documents about an image: those in its index, and those that refer to it. A registry with the
// referrers API gets one request for the latter. Of one without, the list of tags says whether there are any.
func (f *finder) attachments(ctx context.Context, d *dialled, p place, digest string, known *facts) (referring, error) {
	all := []Attachment{}
	for _, a := range known.attestations {
		some, err := f.attestation(ctx, d, p, a)
		if err != nil {
			return referring{}, err
		}
		all = append(all, some...)
	}
	others, smoke, err := f.referrers(ctx, d, p, digest)
	if err != nil {
		return referring{}, err
	}
	for _, tag := range p.attached[digest] {
		kind := attachedTag.FindStringSubmatch(tag)[3]
		if attachedTypes[kind] == "" {
			continue
		}
		r, err := d.do(ctx, registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/manifests/" + tag, Accept: mediaTypes, Head: true})
		if err != nil {
			return referring{}, err
		}
		if named := validDigest(r.Header.Get("Docker-Content-Digest")); r.Status == http.StatusOK && named != "" {
			others = append(others, Attachment{attachedTypes[kind], named})
		}
	}
	all = append(all, others...)
	slices.SortFunc(all, func(a, b Attachment) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Digest, b.Digest)) })
	all = slices.Compact(all)
	return referring{all[:min(len(all), maxAttachments)], smoke}, nil
}

// attestation lists the documents of BuildKit's manifest of attestations.
func (f *finder) attestation(ctx context.Context, d *dialled, p place, digest string) (all []Attachment, err error) {
	m, err := f.manifest(ctx, d, p, digest, 0)
	var skip *skipError
	switch {
	case errors.As(err, &skip):
		return nil, nil // it lists no documents
	case err != nil:
		return nil, err
	}
	for _, layer := range m.Layers {
		if kind := layer.Annotations[predicateType]; kind != "" {
			all = append(all, Attachment{clip(kind, maxType), digest})
		}
	}
	return all, nil
}

// referrers lists what refers to a digest, and says what that says of the smoke run.
func (f *finder) referrers(ctx context.Context, d *dialled, p place, digest string) (all []Attachment, smoke string, err error) {
	d.mu.Lock()
	without := d.noReferrers
	d.mu.Unlock()
	address, accept := "/v2/"+p.repository+"/referrers/"+digest, mediaTypes[:1]
	if without {
		tag := referrersTag(digest)
		if p.attached != nil && !slices.Contains(p.attached[digest], tag) {
			return nil, "", nil // the list of tags does not have it
		}
		address, accept = "/v2/"+p.repository+"/manifests/"+tag, mediaTypes
	}
	ask := func(ctx context.Context, address string) (*registry.Response, error) {
		return d.do(ctx, registry.Request{Repository: p.repository, Path: address, Accept: accept, Limit: maxManifest})
	}
	cut := false
	err = pages(ctx, ask, address, func(r *registry.Response) (int, string, error) {
		var list imageManifest
		if err := decodeMember(r, &list, "manifests"); err != nil {
			return 0, "", err
		}
		for _, a := range list.Manifests {
			switch {
			case !digestForm.MatchString(a.Digest):
			case len(all) == maxAttachments:
				cut = true
			default:
				all = append(all, Attachment{a.kind(), a.Digest})
				smoke = worse(smoke, a.smoke())
			}
		}
		next := nextLink(r.Header)
		if len(all) == maxAttachments {
			cut, next = cut || next != "", ""
		}
		return len(list.Manifests), next, nil
	})
	switch {
	case !without && (isStatus(err, noReferrers...) || isNoList(err)):
		d.mu.Lock()
		d.noReferrers = true
		d.mu.Unlock()
		return f.referrers(ctx, d, p, digest)
	case isMissing(err), isNoList(err): // the tag may be that of an image
		return nil, "", nil
	case cut: // a worse result may be in what was not read
		smoke = ""
	}
	return all, smoke, err
}

// noReferrers are answers of registries that do not know the referrers API.
var noReferrers = []int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented}

// kind says what a document is, by what its descriptor says of it.
func (d descriptor) kind() string {
	return clip(cmp.Or(d.Annotations["dev.sigstore.bundle.predicateType"], d.Annotations[predicateType], d.ArtifactType, d.MediaType), maxType)
}

// Results of smoke runs, as pack says them too.
const (
	SmokePassed       = "passed"
	SmokeInconclusive = "inconclusive"
	SmokeFailed       = "failed"
)

// smokeResults are all results, the better ones first.
var smokeResults = []string{SmokePassed, SmokeInconclusive, SmokeFailed}

// smoke returns the result that a document says of the smoke run, or "" if it is another document or says another thing. Only the
// list of what refers to an image is read, which repeats the annotations of the document.
func (d descriptor) smoke() string {
	if d.Annotations[predicateType] != pack.TestResultPredicate {
		return ""
	}
	return map[string]string{pack.TestPassed: SmokePassed, pack.TestWarned: SmokeInconclusive, pack.TestFailed: SmokeFailed}[d.Annotations[pack.SmokeAnnotation]]
}

// worse returns the worse of two results. Any is worse than none.
func worse(a, b string) string {
	return slices.MaxFunc([]string{a, b}, func(a, b string) int {
		return cmp.Compare(slices.Index(smokeResults, a), slices.Index(smokeResults, b))
	})
}

// referrersTag returns the tag that stands for the referrers API in registries without it.
func referrersTag(digest string) string {
	return strings.Replace(digest, ":", "-", 1)
}
