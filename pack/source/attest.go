package source

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// PredicateType is the annotation that says what an in-toto statement is about. BuildKit and others write it.
const PredicateType = "in-toto.io/predicate-type"

// Annotations and types by which BuildKit and the referrers API mark what is attached to an image.
const (
	attestationOf = "vnd.docker.reference.digest"
	artifactBlank = "application/vnd.oci.empty.v1+json"
)

// An Attestation is a document about an image that is attached to it: provenance, a bill of materials, a signature.
type Attestation struct {
	Subject string `json:"subject"` // digest of the image manifest or index that it is about
	Type    string `json:"type"`    // predicate or artifact type
	Digest  string `json:"digest"`
}

const maxAttestations = 256

// Attestations lists the documents in the image's index. For an image in a registry it adds those that refer to the
// image. It verifies nothing. A registry gets one request, and one for each manifest of attestations in the index.
func (i *Image) Attestations() ([]Attestation, error) {
	var all []Attestation
	if len(i.attestations) > maxAttestations {
		return nil, fmt.Errorf("read the attestations of %s: there are more than %d", i.Source, maxAttestations)
	}
	for _, d := range i.attestations {
		img, err := i.Index.Image(d.Digest)
		if err != nil {
			return nil, fmt.Errorf("read the attestations of %s: %w", i.Source, err)
		}
		manifest, err := img.Manifest()
		if err != nil {
			return nil, fmt.Errorf("read the attestations of %s: %w", i.Source, err)
		}
		for _, l := range manifest.Layers {
			all = append(all, Attestation{Subject: d.Annotations[attestationOf], Type: l.Annotations[PredicateType], Digest: d.Digest.String()})
		}
		if len(all) > maxAttestations {
			return nil, fmt.Errorf("read the attestations of %s: there are more than %d", i.Source, maxAttestations)
		}
	}
	referrers, err := i.referrers()
	return append(all, referrers...), err
}

func (i *Image) referrers() ([]Attestation, error) {
	if i.Reference == nil {
		return nil, nil
	}
	index, err := remote.Referrers(i.Reference.Context().Digest(i.Digest), i.remote...)
	if err != nil {
		return nil, fmt.Errorf("ask what refers to %s: %w", i.Source, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("ask what refers to %s: %w", i.Source, err)
	}
	if len(manifest.Manifests) > maxAttestations {
		return nil, errors.New("more refers to it than can be listed")
	}
	var all []Attestation
	for _, d := range manifest.Manifests {
		kind := cmp.Or(d.Annotations["dev.sigstore.bundle.predicateType"], d.Annotations[PredicateType], d.ArtifactType)
		if kind == "" || kind == artifactBlank {
			kind = string(d.MediaType)
		}
		all = append(all, Attestation{Subject: i.Digest, Type: kind, Digest: d.Digest.String()})
	}
	return all, nil
}
