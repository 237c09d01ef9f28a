package catalogue

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/pack/registry"
)

// maxAttachments is how many documents about an image are listed.
const maxAttachments = 256

// Types of documents whose tag alone says what they are.
var attachedTypes = map[string]string{
	".sig":  "application/vnd.dev.cosign.artifact.sig.v1+json",
	".att":  "application/vnd.dev.cosign.artifact.att.v1+json",
	".sbom": "application/vnd.dev.cosign.artifact.sbom.v1+json",
}

// attachments lists the documents about an image: those in its index, and those that refer to it. A registry with the
// referrers API gets one request for the latter. Of one without, the list of tags says whether there are any.
func (f *finder) attachments(ctx context.Context, d *dialled, p place, digest string, known *facts) ([]Attachment, error) {
	all := []Attachment{}
	for _, a := range known.attestations[:min(len(known.attestations), maxAttachments)] {
		some, err := f.attestation(ctx, d, p, a)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	referring, err := f.referrers(ctx, d, p, digest)
	if err != nil {
		return nil, err
	}
	for _, tag := range p.attached[digest] {
		kind := attachedTag.FindStringSubmatch(tag)[3]
		if attachedTypes[kind] == "" {
			continue
		}
		r, err := d.client.Do(ctx, registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/manifests/" + tag, Accept: mediaTypes, Head: true})
		if err != nil {
			return nil, err
		}
		if named := validDigest(r.Header.Get("Docker-Content-Digest")); r.Status == http.StatusOK && named != "" {
			referring = append(referring, Attachment{attachedTypes[kind], named})
		}
	}
	all = append(all, referring...)
	slices.SortFunc(all, func(a, b Attachment) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Digest, b.Digest)) })
	all = slices.Compact(all)
	return all[:min(len(all), maxAttachments)], nil
}

// attestation lists the documents of BuildKit's manifest of attestations.
func (f *finder) attestation(ctx context.Context, d *dialled, p place, a descriptor) (all []Attachment, err error) {
	body, err := f.content(ctx, d, p, "manifests", a.Digest, maxManifest)
	if err != nil {
		return nil, err
	}
	m := &imageManifest{}
	if json.Unmarshal(body, m) != nil {
		return nil, nil
	}
	for _, layer := range m.Layers {
		if kind := layer.Annotations[predicateType]; kind != "" {
			all = append(all, Attachment{kind, a.Digest})
		}
	}
	return all, nil
}

// referrers lists what refers to a digest.
func (f *finder) referrers(ctx context.Context, d *dialled, p place, digest string) ([]Attachment, error) {
	d.mu.Lock()
	without := d.noReferrers
	d.mu.Unlock()
	request := registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/referrers/" + digest, Accept: mediaTypes[:1], Limit: maxManifest}
	if without {
		tag := referrersTag(digest)
		if p.attached != nil && !slices.Contains(p.attached[digest], tag) {
			return nil, nil // the list of tags does not have it
		}
		request.Path, request.Accept = "/v2/"+p.repository+"/manifests/"+tag, mediaTypes
	}
	r, err := d.client.Do(ctx, request)
	switch {
	case err != nil:
		return nil, err
	case r.Status == http.StatusNotFound && without:
		return nil, nil
	case !without && slices.Contains([]int{http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed}, r.Status):
		d.mu.Lock()
		d.noReferrers = true
		d.mu.Unlock()
		return f.referrers(ctx, d, p, digest)
	case r.Status != http.StatusOK:
		return nil, statusError(r)
	}
	m := &imageManifest{}
	if json.Unmarshal(r.Body, m) != nil {
		return nil, nil
	}
	var all []Attachment
	for _, a := range m.Manifests {
		kind := cmp.Or(a.Annotations["dev.sigstore.bundle.predicateType"], a.ArtifactType, a.MediaType)
		if digestForm.MatchString(a.Digest) {
			all = append(all, Attachment{kind, a.Digest})
		}
	}
	return all, nil
}

// referrersTag returns the tag that stands for the referrers API in registries without it.
func referrersTag(digest string) string {
	return strings.Replace(digest, ":", "-", 1)
}
