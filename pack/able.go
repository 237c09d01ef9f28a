package pack

import (
	"fmt"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
)

// wayOut ends what is said of an engine that cannot do something.
const wayOut = "\nuse another engine: --builder private starts a BuildKit of its own, --builder NAME takes a buildx builder, " +
	"and a Docker Engine can do it with its containerd image store"

// An InabilityError is something that the engine cannot do.
type InabilityError struct {
	Engine string // where it was found
	What   string
}

// Error names the engine and the way out.
func (e *InabilityError) Error() string { return e.Engine + " " + e.What + wayOut }

// check refuses before anything is built what a classic store cannot hold or send.
func (s *classicStore) check(r *Request) error {
	refuse := func(format string, args ...any) error {
		return &InabilityError{s.from, "keeps images in the classic store, which " + fmt.Sprintf(format, args...)}
	}
	switch {
	case len(r.Platforms) > 1:
		return refuse("holds images of one platform, not of %s together", strings.Join(r.Platforms, ", "))
	case len(r.Options.Attest) > 0:
		return refuse("cannot hold attestations (--provenance, --sbom)")
	case len(r.Annotations) > 0:
		return refuse("cannot hold annotations (--annotation)")
	}
	for _, o := range r.Outputs {
		if o.image() && !s.loads(o) {
			return refuse("cannot write type=%s: only the files of the image, as type=tar or type=local", o.Type)
		}
	}
	caches, err := cacheEntries(r.Options.CacheTo)
	if err != nil {
		return err
	}
	for _, c := range caches {
		if c.Type != "inline" {
			return refuse("cannot write a cache of type %s (--cache-to)", c.Type)
		}
	}
	return nil
}

// needsStore tells whether it matters to the request how the engine keeps images.
func (r *Request) needsStore() bool {
	return r.Repository != "" || len(r.Outputs) > 0 || len(r.Platforms) > 1 || len(r.Annotations) > 0 ||
		len(r.Options.Attest) > 0 || len(r.Options.CacheTo) > 0
}

// needs is what a request asks of an engine that older ones lack, and would leave out without a word.
func (b *build) needs(exports int) []need {
	var all []need
	if exports > 1 {
		all = append(all, need{pb.CapMultipleExporters, false, "writes to one place a build: give it one output, or --push alone"})
	}
	if len(b.request.Options.Attest) > 0 {
		all = append(all, need{pb.CapAttestations, false, "cannot attach attestations (--provenance, --sbom)"})
	}
	if len(b.request.Annotations) > 0 {
		all = append(all, need{pb.CapAnnotations, false, "cannot attach annotations (--annotation)"})
	}
	if len(b.request.BuildContexts) > 0 {
		// The frontend that knows them came with the engines that take warnings; older ones pass them over.
		all = append(all, need{gwpb.CapGatewayWarnings, true, "knows no named contexts (--build-context)"})
	}
	for _, source := range b.request.BuildContexts {
		if strings.HasPrefix(source, "oci-layout://") {
			all = append(all, need{pb.CapSourceOCILayout, false, "cannot take an image from a layout (--build-context NAME=oci-layout://)"})
		}
	}
	return all
}

type need struct {
	id      apicaps.CapID
	gateway bool // of the gateway, not of the solver
	what    string
}

// able asks the engine, inside the session and before anything is solved.
func (b *build) able(options gateway.BuildOpts) error {
	for _, n := range b.needs(b.exports) {
		caps := options.LLBCaps
		if n.gateway {
			caps = options.Caps
		}
		if caps.Supports(n.id) != nil {
			return &InabilityError{b.engine.From, n.what}
		}
	}
	return nil
}
