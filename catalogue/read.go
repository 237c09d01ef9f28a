package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// Bounds of what is read of one image.
const (
	maxManifest = 4 << 20 // bytes
	maxConfig   = 8 << 20
	// maxPlatforms is how many platforms of an index are named.
	maxPlatforms = 64
	// maxFact is how many bytes a label may have that says where an image comes from. A longer one says nothing.
	maxFact = 4 << 10
)

// errGone is the error for a tag that is listed and not there.
var errGone = errors.New(isGone)

// A skipError says why an image is skipped. Something is wrong with the image, not with reading it.
type skipError struct{ reason string }

func (e *skipError) Error() string { return e.reason }

// facts are what a digest says. They are the same for all tags of it.
type facts struct {
	platforms        []string
	size             int64
	created          string
	revision, source string
	manifest         json.RawMessage
	parsed           *seed.Manifest
	lint             Lint
	skip             string   // the reason why the image is skipped; empty if it is not
	attestations     []string // digests
}

// length returns the bytes that are kept.
func (f *facts) length() int {
	n := len(f.manifest) + len(f.created) + len(f.revision) + len(f.source)
	for _, name := range f.platforms {
		n += len(name)
	}
	return n
}

// A known is what is known of a digest. It is found out once.
type known struct {
	once  sync.Once
	facts *facts
	err   error
}

// readAll reads all images.
func (f *finder) readAll(ctx context.Context, places []place) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, p := range places {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			err := f.read(ctx, p)
			var skip *skipError
			switch {
			case err == nil:
			case errors.As(err, &skip):
				f.skip(p.skipped(skip.reason))
			case errors.Is(err, errGone):
				f.skip(p.skipped(isGone))
			default:
				f.failRead(p.host, p.reference(), err)
			}
			f.advance(func(p *Progress) { p.Read++ })
			return nil
		})
	}
	_ = group.Wait() // failures are noted
}

// read reads one image and adds it to the catalogue.
func (f *finder) read(ctx context.Context, p place) error {
	d, err := f.dial(ctx, p.host)
	if err != nil {
		return err
	}
	digest, err := f.resolve(ctx, d, p)
	if err != nil {
		return err
	}
	var body []byte
	if digest == "" {
		if body, digest, err = f.readTag(ctx, d, p); err != nil {
			return err
		}
	}
	facts, err := f.factsOf(ctx, d, p, digest, body)
	if err != nil {
		return err
	}
	f.cache.remember(p.reference(), digest)
	if facts.skip != "" {
		return &skipError{facts.skip}
	}
	var attachments []Attachment
	if f.opt.Attachments {
		if attachments, err = f.attachments(ctx, d, p, digest, facts); err != nil {
			err = fmt.Errorf("ask what refers to it: %w", err)
		}
	}
	return errors.Join(err, f.add(p, facts, digest, attachments))
}

// readTag reads the manifest that a tag names.
func (f *finder) readTag(ctx context.Context, d *dialled, p place) (body []byte, digest string, err error) {
	r, err := d.do(ctx, registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/manifests/" + url.PathEscape(p.tag),
		Accept: mediaTypes, Limit: maxManifest})
	if err != nil {
		return nil, "", tooLarge("image manifest", err)
	}
	switch r.Status {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, "", errGone
	default:
		return nil, "", statusError(r)
	}
	said := r.Header.Get("Docker-Content-Digest")
	if isSigned(r) && digestForm.MatchString(said) {
		return r.Body, said, nil // its digest is that of a part
	}
	digest = digestOf(r.Body, said)
	if said != "" && said != digest {
		return nil, "", &DigestError{said, digest}
	}
	return r.Body, digest, f.cache.keep(digest, r.Body)
}

// factsOf returns what a digest says. Body is its manifest, if that has been read already.
func (f *finder) factsOf(ctx context.Context, d *dialled, p place, digest string, body []byte) (*facts, error) {
	key := p.host + " " + digest
	f.mu.Lock()
	k := f.known[key]
	if k == nil {
		k = &known{}
		f.known[key] = k
	}
	f.mu.Unlock()
	k.once.Do(func() {
		if body == nil {
			if body, k.err = f.content(ctx, d, p, "manifests", digest, maxManifest); k.err != nil {
				return
			}
		}
		k.facts, k.err = f.inspect(ctx, d, p, body)
	})
	return k.facts, k.err
}

// content reads content by its digest, from the cache or from the registry.
func (f *finder) content(ctx context.Context, d *dialled, p place, what, digest string, limit int64) ([]byte, error) {
	if !digestForm.MatchString(digest) {
		return nil, &skipError{fmt.Sprintf("it names %q, which is no digest", brief(digest))}
	}
	if content, ok := f.cache.content(digest, limit); ok {
		return content, nil
	}
	request := registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/" + what + "/" + digest, Limit: limit}
	if what == "manifests" {
		request.Accept = mediaTypes
	}
	r, err := d.do(ctx, request)
	switch {
	case err != nil:
		return nil, err
	case r.Status == http.StatusNotFound:
		return nil, errGone
	case r.Status != http.StatusOK:
		return nil, statusError(r)
	}
	if isSigned(r) {
		return r.Body, nil
	}
	if err := checkDigest(r.Body, digest); err != nil {
		return nil, err
	}
	return r.Body, f.cache.keep(digest, r.Body)
}

// isSigned reports whether an answer is a manifest of Docker's first form. It may have signatures, which its digest omits.
func isSigned(r *registry.Response) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/vnd.docker.distribution.manifest.v1+")
}

func tooLarge(what string, err error) error {
	var large *registry.TooLarge
	if errors.As(err, &large) {
		return &skipError{fmt.Sprintf("its %s has more than %d bytes", what, large.Limit)}
	}
	var many *source.TooMany
	if errors.As(err, &many) {
		return &skipError{fmt.Sprintf("its %s has more than %d values", what, many.Limit)}
	}
	return err
}

// inspect reads the configuration of the image that a manifest or an index names.
func (f *finder) inspect(ctx context.Context, d *dialled, p place, body []byte) (*facts, error) {
	m := &imageManifest{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, &skipError{fmt.Sprintf("its image manifest is no JSON: %v", err)}
	}
	known := &facts{platforms: []string{}}
	index := m
	if m.isIndex() {
		images, attestations := m.images()
		if len(images) == 0 {
			return nil, &skipError{hasNoImage}
		}
		for _, i := range images[:min(len(images), maxPlatforms)] {
			known.platforms = append(known.platforms, i.Platform.String())
		}
		chosen := choose(images, f.opt.Platform)
		known.attestations = about(attestations, chosen.Digest)
		body, err := f.content(ctx, d, p, "manifests", chosen.Digest, maxManifest)
		if err != nil {
			return nil, tooLarge("image manifest", err)
		}
		if m = (&imageManifest{}); json.Unmarshal(body, m) != nil || m.isIndex() {
			return nil, &skipError{fmt.Sprintf("its index names %s, which is no image manifest", chosen.Digest)}
		}
	}
	config, err := f.config(ctx, d, p, m)
	if err != nil {
		return nil, err
	}
	known.fill(index, m, config)
	return known, nil
}

// about returns the digests of the attestations of one image.
func about(all []descriptor, digest string) (some []string) {
	for _, d := range all {
		if d.Annotations[attestationOf] == digest && len(some) < maxAttachments {
			some = append(some, d.Digest)
		}
	}
	return some
}

func (f *finder) config(ctx context.Context, d *dialled, p place, m *imageManifest) (*imageConfig, error) {
	if m.SchemaVersion == 1 {
		config, err := m.legacyConfig()
		if err != nil {
			return nil, &skipError{err.Error()}
		}
		return config, nil
	}
	if !m.Config.isConfig() {
		return nil, &skipError{fmt.Sprintf("it is no container image: its configuration is %q", brief(m.Config.MediaType))}
	}
	if m.Config.Size > maxConfig {
		return nil, &skipError{fmt.Sprintf("its image configuration has %d bytes, more than %d", m.Config.Size, maxConfig)}
	}
	limit := int64(maxConfig)
	if m.Config.Size > 0 {
		limit = m.Config.Size
	}
	body, err := f.content(ctx, d, p, "blobs", m.Config.Digest, limit)
	if err != nil {
		return nil, tooLarge("image configuration", err)
	}
	config := &imageConfig{}
	if err := json.Unmarshal(body, config); err != nil {
		return nil, &skipError{fmt.Sprintf("its image configuration is no JSON: %v", err)}
	}
	return config, nil
}

// Names of labels and annotations that say where an image comes from.
const (
	createdName  = "org.opencontainers.image.created"
	revisionName = "org.opencontainers.image.revision"
	sourceName   = "org.opencontainers.image.source"
)

// fill takes the facts from an image manifest and its configuration.
func (f *facts) fill(index, m *imageManifest, config *imageConfig) {
	if len(f.platforms) == 0 {
		f.platforms = append(f.platforms, config.platform.String())
	}
	f.size = m.size()
	said := []map[string]string{config.Config.Labels, m.Annotations, index.Annotations}
	first := func(name string) string {
		for _, names := range said {
			if text := names[name]; text != "" && len(text) <= maxFact {
				return text
			}
		}
		return ""
	}
	for _, names := range append(said, map[string]string{createdName: config.Created}) {
		if f.created = creation(names[createdName]); f.created != "" {
			break
		}
	}
	f.revision, f.source = first(revisionName), first(sourceName)
	f.readLabel(config.Config.Labels)
}

// creation returns when an image was made, in RFC 3339, or "" if a text does not say it. Builds that give the same image
// each time write a fixed time into the configuration: the first second of 1970, or of 1980 as buildpacks do. That is no date
// of the image.
func creation(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return ""
	}
	at = at.UTC()
	if at.Year() < 1970 || at.YearDay() == 1 && (at.Year() == 1970 || at.Year() == 1980) {
		return ""
	}
	return at.Format(time.RFC3339)
}
