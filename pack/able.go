package pack

import (
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
)

// otherEngineHint ends an error about something that the engine cannot do.
const otherEngineHint = "\nuse another engine: --builder private starts a BuildKit of its own, --builder NAME takes a buildx builder, " +
	"and a Docker Engine can do it with its containerd image store"

// An InabilityError is the error for something that the engine cannot do.
type InabilityError struct {
	Engine string // where it was found
	What   string
}

// Error names the engine and says what to do.
func (e *InabilityError) Error() string { return e.Engine + " " + e.What + otherEngineHint }

// needs returns what the request needs of an engine and older ones lack. They would leave it out without an error.
func (r *Request) needs(exports int) []need {
	var all []need
	if exports > 1 {
		all = append(all, need{pb.CapMultipleExporters, false, "writes to one place a build: give it one output, or --push alone"})
	}
	if len(r.Options.Attest) > 0 {
		all = append(all, need{pb.CapAttestations, false, "cannot attach attestations (--provenance, --sbom)"})
	}
	if len(r.Annotations) > 0 {
		all = append(all, need{pb.CapAnnotations, false, "cannot attach annotations (--annotation)"})
	}
	if len(r.BuildContexts) > 0 {
		// The frontend that supports them came with the engines that support warnings. Older ones ignore them.
		all = append(all, need{gwpb.CapGatewayWarnings, true, "knows no named contexts (--build-context)"})
	}
	for _, source := range r.BuildContexts {
		if strings.HasPrefix(source, "oci-layout://") {
			all = append(all, need{pb.CapSourceOCILayout, false, "cannot take an image from a layout (--build-context NAME=oci-layout://)"})
		}
	}
	return all
}

type need struct {
	id      apicaps.CapID
	gateway bool // a capability of the gateway, not of the solver
	what    string
}

// able returns an error if the engine cannot do all that is needed. Call it inside the session, before anything is
// solved.
func able(from string, all []need, options gateway.BuildOpts) error {
	for _, n := range all {
		caps := options.LLBCaps
		if n.gateway {
			caps = options.Caps
		}
		if caps.Supports(n.id) != nil {
			return &InabilityError{from, n.what}
		}
	}
	return nil
}
