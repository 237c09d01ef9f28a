package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	weight           int      // of the manifest
	skip             string   // the reason why the image is skipped; empty if it is not
	attestations     []string // digests
	named            bool     // an index names the platform of the image
}

// weighed returns about how many bytes of memory are kept.
func (f *facts) weighed() int {
	n := f.weight + len(f.created) + len(f.revision) + len(f.source)
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
	if errors.Is(err, errGone) && body == nil && p.digest == "" { // the cache may know a digest that is gone since
		if body, digest, err = f.readTag(ctx, d, p); err == nil {
			facts, err = f.factsOf(ctx, d, p, digest, body)
		}
	}
	if err != nil {
		return err
	}
	f.cache.remember(p.reference(), digest)
	if facts.skip != "" {
		return &skipError{facts.skip}
	}
	var about referring
	if f.opt.Attachments {
		if about, err = f.attachments(ctx, d, p, digest, facts); err != nil {
			err = fmt.Errorf("ask what refers to it: %w", err)
		}
	}
	return errors.Join(err, f.add(p, facts, digest, about))
}

// readTag reads the manifest that a tag names. A large one is not returned: it is read again in its turn.
func (f *finder) readTag(ctx context.Context, d *dialled, p place) (body []byte, digest string, err error) {
	err = f.turns.read(ctx, 0, smallDocument, maxManifest, func(limit int64) error {
		r, err := d.do(ctx, registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/manifests/" + url.PathEscape(p.tag),
			Accept: mediaTypes, Limit: limit})
		if err != nil {
			return err
		}
		switch r.Status {
		case http.StatusOK:
		case http.StatusNotFound:
			return errGone
		default:
			return statusError(r)
		}
		if len(r.Body) <= smallDocument {
			body = r.Body
		}
		said := r.Header.Get("Docker-Content-Digest")
		if isSigned(r) && digestForm.MatchString(said) {
			digest = said // it is that of a part
			return nil
		}
		digest = digestOf(r.Body, said)
		if said != "" && said != digest {
			return &DigestError{said, digest}
		}
		f.cache.keep(digest, r.Body)
		return nil
	})
	return body, digest, tooLarge("image manifest", err)
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
		var m *imageManifest
		if body != nil {
			m, k.err = f.parse(body)
		} else {
			m, k.err = f.manifest(ctx, d, p, digest, 0)
		}
		if k.err == nil {
			k.facts, k.err = f.inspect(ctx, d, p, m)
		}
	})
	return k.facts, k.err
}

// manifest reads an image manifest or an index by its digest. Size is how many bytes it should have; 0 if that is not known.
func (f *finder) manifest(ctx context.Context, d *dialled, p place, digest string, size int64) (m *imageManifest, err error) {
	err = f.content(ctx, d, p, "manifests", descriptor{Digest: digest, Size: size}, maxManifest, func(body []byte) (err error) {
		m, err = f.parse(body)
		return err
	})
	return m, tooLarge("image manifest", err)
}

// parse decodes an image manifest or an index. Those that an honest registry has never have many parts.
func (f *finder) parse(body []byte) (m *imageManifest, err error) {
	const most = 4096
	f.turns.work(len(body), func() {
		m = &imageManifest{}
		if err = json.Unmarshal(body, m); err != nil {
			err = &skipError{fmt.Sprintf("its image manifest is no JSON: %v", err)}
		} else if max(len(m.Layers), len(m.Manifests), len(m.History)) > most {
			err = &skipError{fmt.Sprintf("its image manifest has more than %d parts", most)}
		}
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// content reads content by its digest, from the cache or from the registry, and works on it. What is large has its turn for both.
func (f *finder) content(ctx context.Context, d *dialled, p place, what string, of descriptor, limit int64, work func([]byte) error) error {
	digest := of.Digest
	if !digestForm.MatchString(digest) {
		return &skipError{fmt.Sprintf("it names %q, which is no digest", brief(digest))}
	}
	return f.turns.read(ctx, max(of.Size, f.cache.size(digest)), smallDocument, limit, func(limit int64) error {
		if content, ok := f.cache.content(digest, limit); ok {
			return work(content)
		}
		request := registry.Request{Repository: p.repository, Path: "/v2/" + p.repository + "/" + what + "/" + digest, Limit: limit}
		if what == "manifests" {
			request.Accept = mediaTypes
		}
		r, err := d.do(ctx, request)
		switch {
		case err != nil:
			return err
		case r.Status == http.StatusNotFound:
			return errGone
		case r.Status != http.StatusOK:
			return statusError(r)
		}
		if !isSigned(r) {
			if err := checkDigest(r.Body, digest); err != nil {
				return err
			}
			f.cache.keep(digest, r.Body)
		}
		return work(r.Body)
	})
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

// config reads the configuration of an image, and works on it.
func (f *finder) config(ctx context.Context, d *dialled, p place, m *imageManifest, work func(*imageConfig)) error {
	if m.SchemaVersion == 1 {
		return f.legacy(m, work)
	}
	if !m.Config.isConfig() {
		return &skipError{fmt.Sprintf("it is no container image: its configuration is %q", brief(m.Config.MediaType))}
	}
	if m.Config.Size > maxConfig {
		return &skipError{fmt.Sprintf("its image configuration has %d bytes, more than %d", m.Config.Size, maxConfig)}
	}
	limit := int64(maxConfig)
	if m.Config.Size > 0 {
		limit = m.Config.Size
	}
	err := f.content(ctx, d, p, "blobs", m.Config, limit, func(body []byte) (err error) {
		f.turns.work(len(body), func() {
			config := &imageConfig{}
			if err = source.CheckValues(body); err != nil {
				return
			}
			if err = json.Unmarshal(body, config); err != nil {
				err = &skipError{fmt.Sprintf("its image configuration is no JSON: %v", err)}
				return
			}
			work(config)
		})
		return err
	})
	return tooLarge("image configuration", err)
}

// legacy reads the configuration that Docker's first form has in the manifest.
func (f *finder) legacy(m *imageManifest, work func(*imageConfig)) (err error) {
	bytes := 0
	for _, h := range m.History {
		bytes += len(h.V1Compatibility)
	}
	f.turns.work(bytes, func() {
		var config *imageConfig
		if config, err = m.legacyConfig(); err != nil {
			err = &skipError{err.Error()}
			return
		}
		work(config)
	})
	return err
}

// Names of labels and annotations that say where an image comes from.
const (
	createdName  = "org.opencontainers.image.created"
	revisionName = "org.opencontainers.image.revision"
	sourceName   = "org.opencontainers.image.source"
)

// fill takes the facts from an image manifest and its configuration.
func (f *facts) fill(index, m *imageManifest, config *imageConfig) {
	if own := config.platform.String(); !f.named && !slices.Contains(f.platforms, own) {
		f.platforms = append(f.platforms, own)
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
