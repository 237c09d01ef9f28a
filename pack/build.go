// Package pack makes the image of a Seed job: its name, its label, the build, the candidate that can be run before
// anything is exported, and the push. It and package engine are the only doors to BuildKit's client. It judges no
// manifest and no run.
package pack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/tonistiigi/fsutil"

	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// A Request is one image to build. Context and Dockerfile are required, or Image.
type Request struct {
	Context    string // directory of the build context
	Dockerfile string // its path, inside the context or not
	// Image was built elsewhere: it is tried, and pushed byte for byte, but for the label where it lacks that.
	Image *source.Image
	// Label is the value of com.ngageoint.seed.manifest, as EncodeLabel gives it. Empty leaves the labels as they are.
	Label string
	// Attributes are labels org.opencontainers.image.NAME, and annotations of the same name, by NAME; those of the Dockerfile
	// and of Options.Labels win. Where the map is not nil, such labels of base images are left out.
	Attributes    map[string]string
	Annotations   []Annotation // these win over Attributes
	BuildArgs     map[string]string
	BuildContexts map[string]string // NAME to a directory, oci-layout://DIR[:TAG|@DIGEST], docker-image://REF or a git address
	Target        string            // default: the last stage
	Platforms     []string          // os/arch[/variant]; default: the engine's own
	// Inputs is what the gate's runs may be given.
	Inputs Tree
	// Repository is where the image goes, by digest and without a name; empty: nowhere.
	Repository string
	Insecure   bool // plain http to Repository
	// PushTimeout is how long exporting may take once the gate has passed; default: without end.
	PushTimeout time.Duration
	// Trust is for the service that hands out tokens for Repository. The engine has its own.
	Trust    registry.Trust
	Remote   registry.Registry // for pushes that are not the engine's
	Outputs  []Output
	Progress Progress
	Options  BuildOptions
	// Epoch is SOURCE_DATE_EPOCH, seconds since 1970, for builds that shall give the same bytes again; empty: none.
	Epoch string
}

// A Result is what a build left behind.
type Result struct {
	// Digest is of the image manifest, or of the index over several platforms. Empty when nothing was exported.
	Digest    string
	ImageID   string // digest of the configuration, for one platform
	Platforms []string
	Outputs   []Written
	Warnings  []Warning // of the Dockerfile, as they came
}

// Build solves the Dockerfile, calls gate once with a candidate for each platform, and exports only when gate returns
// nil: all in one session of the engine, so that what the gate tried is what is exported. The error of the gate is
// returned as it is. A step that fails is a *StepError, a Dockerfile that cannot be read a *SyntaxError, an image that cannot be
// pushed a *PushError. The result is never
// nil: beside an error it holds the warnings alone.
func Build(ctx context.Context, e *engine.Engine, r Request, gate func(context.Context, []*Candidate) error) (*Result, error) {
	store, err := chooseStore(ctx, e, &r)
	if err != nil {
		return &Result{}, err
	}
	b := &build{engine: e, store: store, request: r, gate: gate, secrets: &secretStore{values: maps.Clone(r.Options.Secrets)}}
	result, err := b.run(ctx)
	err = e.Lost(ctx, err)
	if closeErr := b.closeImage(); closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	return result, err
}

func (b *build) run(ctx context.Context) (*Result, error) {
	opt, err := b.solveOpt(ctx)
	if err != nil {
		return &Result{}, errors.Join(err, b.discard())
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b.passed = b.exporting(ctx, cancel)
	response, log, err := b.solve(ctx, opt)
	switch {
	case b.refused != nil:
		// What comes back through the engine is text; the gate's own error is worth more.
		err = errors.Join(b.refused, b.discard())
	case err != nil:
		err = errors.Join(b.explain(ctx, err, log), b.discard())
	}
	if err != nil {
		return &Result{Warnings: log.found()}, err
	}
	result, err := b.result(ctx, response)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if result == nil {
		result = &Result{}
	}
	result.Warnings = log.found()
	return result, err
}

// A build is the state of one call of Build.
type build struct {
	engine  *engine.Engine
	store   *classicStore // nil: the engine's store takes all that is asked for
	request Request
	gate    func(context.Context, []*Candidate) error
	secrets *secretStore
	marshal sync.Mutex

	attrs     map[string]string // of the Dockerfile frontend
	platforms []string          // that were built
	outputs   []*pending
	exports   int               // exporters that are asked for
	refused   error             // the gate's, or the engine's inability
	passed    func()            // to be called once the gate has passed
	layout    *source.LayoutDir // of an image that was built elsewhere, where the engine cannot pull it
}

// Names under which the session offers directories.
const (
	localContext    = "context"
	localDockerfile = "dockerfile"
	localInputs     = "seedpack-inputs"
	localSupervisor = "seedpack-supervisor"
)

func (b *build) solveOpt(ctx context.Context) (client.SolveOpt, error) {
	opt := client.SolveOpt{LocalMounts: map[string]fsutil.FS{}, FrontendAttrs: map[string]string{}}
	b.attrs = map[string]string{"filename": filepath.Base(b.request.Dockerfile)}
	steps := []func(*client.SolveOpt) error{b.addLocals, b.addContexts, b.addExports}
	if b.request.Image != nil {
		steps = []func(*client.SolveOpt) error{b.addRunLocals, func(opt *client.SolveOpt) error { return b.addImage(ctx, opt) }}
	}
	for _, step := range steps {
		if err := step(&opt); err != nil {
			return opt, err
		}
	}
	for name, value := range b.request.BuildArgs {
		b.attrs["build-arg:"+name] = value
	}
	if err := b.request.Options.add(&opt, b.attrs); err != nil {
		return opt, err
	}
	if b.request.Target != "" {
		b.attrs["target"] = b.request.Target
	}
	if len(b.request.Platforms) > 0 {
		b.attrs["platform"] = strings.Join(b.request.Platforms, ",")
	}
	if b.request.Epoch != "" {
		b.attrs["build-arg:SOURCE_DATE_EPOCH"] = b.request.Epoch
		opt.FrontendAttrs["build-arg:SOURCE_DATE_EPOCH"] = b.request.Epoch
	}
	for kind, attrs := range b.request.Options.Attest {
		b.attrs["attest:"+kind] = attrs
		opt.FrontendAttrs["attest:"+kind] = attrs
	}
	opt.Session = append(opt.Session,
		secretsprovider.NewSecretProvider(b.secrets),
		authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
			AuthConfigProvider: sessionAuth(config.LoadDefaultConfigFile(os.Stderr)),
			TLSConfigs:         tokenTrust(b.request.Trust, b.request.Repository),
		}),
	)
	return opt, nil
}

func (b *build) addLocals(opt *client.SolveOpt) error {
	for name, dir := range map[string]string{
		localContext:    b.request.Context,
		localDockerfile: filepath.Dir(b.request.Dockerfile),
	} {
		f, err := fsutil.NewFS(dir)
		if err != nil {
			return fmt.Errorf("build %s %s: %w", name, dir, err)
		}
		opt.LocalMounts[name] = f
	}
	return b.addRunLocals(opt)
}

func (b *build) addRunLocals(opt *client.SolveOpt) error {
	inputs, err := newTreeFS(b.request.Inputs)
	if err != nil {
		return err
	}
	opt.LocalMounts[localInputs] = inputs
	opt.LocalMounts[localSupervisor], err = supervisorFS()
	return err
}

// solve runs the session to its end and returns what the exporters said and the build's last output.
func (b *build) solve(ctx context.Context, opt client.SolveOpt) (*client.SolveResponse, *buildLog, error) {
	show, err := b.request.Progress.start()
	if err != nil {
		return nil, nil, err
	}
	response, err := b.engine.Client().Build(ctx, opt, "seedpack", b.callback, show.statuses)
	show.wait()
	return response, show.log, err
}

// callback runs inside the session: it solves, labels, asks the gate, and hands the result to the exporters.
func (b *build) callback(ctx context.Context, g gateway.Client) (*gateway.Result, error) {
	if b.refused = b.able(g.BuildOpts()); b.refused != nil {
		return nil, b.refused
	}
	result, err := b.solveResult(ctx, g)
	if err != nil {
		return nil, err
	}
	if err := b.describe(result); err != nil {
		return nil, err
	}
	candidates, err := b.candidates(g, result)
	if err != nil {
		return nil, err
	}
	if b.gate != nil {
		if err := b.gate(ctx, candidates); err != nil {
			b.refused = err
			return nil, err
		}
	}
	b.passed()
	return result, nil
}

func (b *build) solveResult(ctx context.Context, g gateway.Client) (*gateway.Result, error) {
	if b.request.Image != nil {
		return b.solveImage(ctx, g)
	}
	caps := g.BuildOpts().Caps
	result, err := g.Solve(ctx, gateway.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: b.frontendAttrs(g.BuildOpts().Opts), Evaluate: true})
	if err != nil || caps.Supports(gwpb.CapGatewayEvaluate) == nil {
		return result, err
	}
	// Older engines leave what a frontend made undone until somebody looks, and a step would fail in the first run.
	return result, result.EachRef(func(ref gateway.Reference) error {
		_, err := ref.StatFile(ctx, gateway.StatRequest{Path: "."})
		return err
	})
}

func (b *build) result(ctx context.Context, response *client.SolveResponse) (*Result, error) {
	if b.request.Image != nil {
		return b.imageResult(ctx)
	}
	if b.stored() {
		return b.storedResult(ctx, response)
	}
	r := &Result{
		Digest:    response.ExporterResponse[exptypes.ExporterImageDigestKey],
		ImageID:   response.ExporterResponse[exptypes.ExporterImageConfigDigestKey],
		Platforms: slices.Clone(b.platforms),
	}
	if b.request.Repository != "" && r.Digest == "" {
		return nil, errors.Join(errors.New("the engine pushed the image but did not say its digest"), b.discard())
	}
	r.Outputs = b.written()
	return r, nil
}

func (b *build) written() []Written {
	var all []Written
	for _, o := range b.outputs {
		all = append(all, Written{o})
	}
	return all
}
