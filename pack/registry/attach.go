package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seedpack/seedpack/pack/source"
)

// Media types of what is attached to images.
const (
	statementType = "application/vnd.in-toto+json"
	emptyType     = "application/vnd.oci.empty.v1+json"
	emptyConfig   = "{}"
)

// A Statement is an in-toto statement about an image.
type Statement struct {
	Predicate string // its predicate type
	Content   []byte // JSON
	// Annotations are those of the manifest, besides the predicate type. Registries repeat them in the list of what refers to
	// an image, so a reader of the list need not read the manifest.
	Annotations map[string]string
}

// Attach pushes a statement about an image or an index of a repository, which has the digest. It returns the digest of the
// manifest that refers to the image (OCI image specification 1.1, subject). The same statement has the same digest each time.
//
// In a registry without the referrers API, the tag that stands for it lists the statement. The error is nil only if the registry
// lists it.
func (r Registry) Attach(ctx context.Context, repository, digest string, s Statement) (string, error) {
	repo, err := name.NewRepository(repository, r.nameOptions()...)
	if err != nil {
		return "", err
	}
	subject, err := remote.Get(repo.Digest(digest), r.Awaiting().Options(ctx)...)
	if err != nil {
		return "", fmt.Errorf("read %s back: %w", digest, plainCause(err))
	}
	statement := static.NewLayer(s.Content, statementType)
	refers, err := newReferrer(subject, statement, s)
	if err != nil {
		return "", err
	}
	a := attaching{registry: r, repository: repository, repo: repo, subject: digest, refers: refers}
	if a.pusher, err = remote.NewPusher(append(r.pushOptions(ctx), remote.WithTransport(referrersTransport{r.transport()}))...); err != nil {
		return "", err
	}
	for _, layer := range []v1.Layer{static.NewLayer([]byte(emptyConfig), emptyType), statement} {
		if err := a.pusher.Upload(ctx, repo, layer); err != nil {
			return "", r.pushError(repository, err)
		}
	}
	if err := a.run(ctx); err != nil {
		return "", err
	}
	return refers.digest, nil
}

// A referrer is a manifest that refers to an image.
type referrer struct {
	text   []byte
	digest string
}

// RawManifest returns the text.
func (m referrer) RawManifest() ([]byte, error) { return m.text, nil }

// MediaType returns that of an image manifest.
func (m referrer) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// newReferrer returns the manifest of a statement. It says no time, so that it depends on the statement alone.
func newReferrer(subject *remote.Descriptor, statement v1.Layer, s Statement) (referrer, error) {
	layer, err := descriptorOf(statement)
	if err != nil {
		return referrer{}, err
	}
	layer.Annotations = map[string]string{source.PredicateType: s.Predicate}
	config, err := descriptorOf(static.NewLayer([]byte(emptyConfig), emptyType))
	if err != nil {
		return referrer{}, err
	}
	annotations := maps.Clone(layer.Annotations)
	maps.Copy(annotations, s.Annotations)
	text, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: statementType, Config: config, Layers: []v1.Descriptor{layer},
		Subject:     &v1.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
		Annotations: annotations,
	})
	if err != nil {
		return referrer{}, err
	}
	hash, _, err := v1.SHA256(bytes.NewReader(text))
	return referrer{text, hash.String()}, err
}

func descriptorOf(layer v1.Layer) (d v1.Descriptor, err error) {
	var typeErr, sizeErr, hashErr error
	d.MediaType, typeErr = layer.MediaType()
	d.Size, sizeErr = layer.Size()
	d.Digest, hashErr = layer.Digest()
	return d, errors.Join(typeErr, sizeErr, hashErr)
}

// An attaching is one attempt to attach a manifest to an image.
type attaching struct {
	registry   Registry
	repository string // as the caller names it
	repo       name.Repository
	pusher     *remote.Pusher
	subject    string // a digest
	refers     referrer
}

// run pushes the manifest, and looks until the registry lists it. Another run that changes the tag of a registry without the
// referrers API at the same time may take the manifest out of that list: then it is put there again.
func (a *attaching) run(ctx context.Context) error {
	client, err := a.registry.Dial(ctx, a.repo.RegistryStr(), nil)
	if err != nil {
		return err
	}
	for puts, p := 0, newPatience(awaited); ; puts++ {
		if puts < maxPuts {
			if err := a.pusher.Put(ctx, a.repo.Digest(a.refers.digest), a.refers); err != nil {
				return a.registry.pushError(a.repository, err)
			}
		}
		listed, err := a.isListed(ctx, client)
		switch {
		case listed:
			return nil
		case err != nil && p.over():
			return fmt.Errorf("ask what refers to %s: %w", a.subject, plainCause(err))
		case p.over():
			return fmt.Errorf("attach to %s@%s: the registry took %s, and did not list it for %s", a.repository, a.subject, a.refers.digest, awaited)
		}
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
}

// maxReferrers is how many bytes a list of what refers to an image has at most.
const maxReferrers = 4 << 20

// isListed reports whether the registry lists the manifest. Of a list with several pages only the first is read: if the manifest
// is not on it, the registry has it by its digest, and is believed.
func (a *attaching) isListed(ctx context.Context, client *Client) (bool, error) {
	path := "/v2/" + a.repo.RepositoryStr()
	q := Request{Repository: a.repo.RepositoryStr(), Path: path + "/referrers/" + a.subject, Accept: []string{string(types.OCIImageIndex)}, Limit: maxReferrers}
	r, err := client.Do(ctx, q)
	if err != nil {
		return false, err
	}
	if isWithoutReferrers(r.Status, r.Header) {
		q.Path = path + "/manifests/" + strings.Replace(a.subject, ":", "-", 1)
		if r, err = client.Do(ctx, q); err != nil {
			return false, err
		}
	}
	var list v1.IndexManifest
	switch {
	case r.Status == http.StatusNotFound:
		return false, nil
	case r.Status != http.StatusOK:
		return false, fmt.Errorf("%s answers %d %s", r.URL.Redacted(), r.Status, http.StatusText(r.Status))
	}
	if err := json.Unmarshal(r.Body, &list); err != nil {
		return false, fmt.Errorf("%s answers with what is no list: %w", r.URL.Redacted(), err)
	}
	listed := slices.ContainsFunc(list.Manifests, func(d v1.Descriptor) bool { return d.Digest.String() == a.refers.digest })
	return listed || r.Header.Get("Link") != "", nil
}

// isWithoutReferrers reports whether an answer to a request for referrers is that of a registry without the API for it. Some
// answer with a page of their web server.
func isWithoutReferrers(status int, header http.Header) bool {
	switch status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented:
		return true
	}
	return status == http.StatusOK && !strings.Contains(header.Get("Content-Type"), "json")
}

// A referrersTransport makes all answers of registries without the referrers API alike. go-containerregistry knows only some.
type referrersTransport struct{ next http.RoundTripper }

func (t referrersTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err == nil && strings.Contains(r.URL.Path, "/referrers/") && isWithoutReferrers(response.StatusCode, response.Header) {
		response.StatusCode = http.StatusNotFound
	}
	return response, err
}
