// Package pack makes the image of a Seed job: its name, its label, the build, the push, and the candidate that can be
// run before anything is exported. This package and package engine are the only doors to BuildKit's client. It judges
// no manifest and no run.
package pack

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"

	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
)

// A Request is one image to build. Either Context and Dockerfile are required, or Image.
type Request struct {
	Context    string // directory of the build context
	Dockerfile string // its path; it may lie outside the context
	// DockerfileText is the text of a Dockerfile that cannot be read again, such as a pipe. Default: Dockerfile is read.
	DockerfileText []byte
	// Image was built elsewhere. It is tried and then pushed byte for byte, except that a missing label is added.
	Image *source.Image
	// Label is the value of com.ngageoint.seed.manifest, as EncodeLabel returns it. If it is empty, the labels stay as
	// they are. An image that gets it loses the label of JobPack.
	Label string
	// Attributes are the labels org.opencontainers.image.NAME, by NAME, and annotations of the same names. Those of the
	// Dockerfile and of Options.Labels replace them. If the map is not nil, such labels of base images are removed.
	Attributes map[string]string
	// Marks are further labels, which nothing replaces.
	Marks map[string]string
	// Base is the reference of the base image that the engine pulls. Its name and digest become attributes. Empty: none is
	// known.
	Base          string
	Annotations   []Annotation // these replace Attributes
	BuildArgs     map[string]string
	BuildContexts map[string]string // NAME to a directory, oci-layout://DIR[:TAG|@DIGEST], docker-image://REF or a git URL
	Target        string            // default: the last stage
	Platforms     []string          // os/arch[/variant]; default: the engine's own
	// Inputs are the files that runs of the gate may get.
	Inputs Tree
	// Runs says that the gate will run candidates. What all runs need is then handed over while the image is built.
	Runs bool
	// Repository is where the image is pushed, by digest and without a tag. Empty: nowhere.
	Repository string
	Insecure   bool // plain http to Repository
	// PushTimeout is how long exporting may take after the gate has passed. Default: no limit.
	PushTimeout time.Duration
	Remote      registry.Registry // for pushes that the engine does not do, and for tokens that it asks for
	Outputs     []Output
	Roots       disk.Roots // files and directories of this machine are written below them alone
	Progress    Progress
	Options     BuildOptions
	// Epoch is SOURCE_DATE_EPOCH, seconds since 1970, for reproducible builds. Empty: none.
	Epoch string

	part bool // this is what one of several nodes makes of a request
}

// A Result is what a build has made.
type Result struct {
	// Digest is that of the image manifest, or of the index over several platforms. It is empty if no image was exported.
	Digest    string
	ImageID   string // digest of the configuration; empty for several platforms
	Platforms []string
	Outputs   []Written
	Warnings  []Warning // of the Dockerfile, in the order in which they came
}

// buildOn makes a request, or the part of it that is a node's, in one session of the engine.
func buildOn(ctx context.Context, e *engine.Engine, store store, s *screen, r *Request, gate func(context.Context, []*Candidate) error) (*Result, error) {
	b := &build{session: rand.Text(), engine: e, screen: s, request: r, gate: gate, secrets: &secretStore{values: maps.Clone(r.Options.Secrets)}}
	if r.Image != nil {
		b.material = &foreignImage{request: r}
	} else {
		b.material = &dockerfile{request: r, store: store}
	}
	result, err := b.run(ctx)
	if discardErr := b.material.discard(); discardErr != nil {
		err = errors.Join(err, discardErr)
	}
	return result, err
}

// A material is what an image is made of. Each call of Build makes a new one.
type material interface {
	// offer adds what the engine may read and the exporters to the session. It also sets the attributes of the
	// frontend.
	offer(ctx context.Context, opt *client.SolveOpt, attrs map[string]string) error
	// solve makes the image on the engine, inside the session.
	solve(ctx context.Context, g gateway.Client, attrs map[string]string) (*gateway.Result, error)
	// result returns what the build has made. It is called after a successful session.
	result(ctx context.Context, response *client.SolveResponse, built []string) (*Result, error)
	// discard removes what offer has made, except the outputs that result has returned. It is called once, at the end.
	discard() error
}

func (b *build) run(ctx context.Context) (_ *Result, err error) {
	opt, err := b.solveOpt(ctx)
	defer func() {
		if discardErr := discardCaches(b.caches); discardErr != nil {
			err = errors.Join(err, discardErr)
		}
	}()
	if err != nil {
		return &Result{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b.passed = b.limitPush(ctx, cancel)
	response, log, err := b.solve(ctx, opt)
	switch {
	case b.refused != nil:
		// The engine returns the gate's error as text. The error itself is better.
		err = b.refused
	case err != nil:
		err = b.explain(ctx, err, log)
	default:
		err = commitCaches(b.caches)
	}
	if err != nil {
		return &Result{Warnings: log.found()}, err
	}
	result, err := b.material.result(ctx, response, slices.Clone(b.platforms))
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
	engine   *engine.Engine
	screen   *screen
	request  *Request
	material material
	gate     func(context.Context, []*Candidate) error
	secrets  *secretStore
	marshal  sync.Mutex
	clocks   clocks // of the runs

	session   string            // distinguishes the directories of this session from those of others
	inputs    handedOver        // what runs may get
	attrs     map[string]string // of the frontend
	exports   int               // number of requested exporters
	caches    []*cacheStage
	platforms []string // those that were built
	refused   error    // error of the gate, or an InabilityError
	passed    func()   // called when the gate has passed
}

// Names of the directories that the session offers.
const (
	localContext    = "context"
	localDockerfile = "dockerfile"
	localInputs     = "seedpack-inputs"
	localSupervisor = "seedpack-supervisor"
)

func (b *build) solveOpt(ctx context.Context) (client.SolveOpt, error) {
	opt := client.SolveOpt{LocalMounts: map[string]fsutil.FS{}, FrontendAttrs: map[string]string{}, SharedKey: b.request.sharedKey()}
	b.attrs = map[string]string{}
	if err := b.offerRuns(&opt); err != nil {
		return opt, err
	}
	if err := b.material.offer(ctx, &opt, b.attrs); err != nil {
		return opt, err
	}
	b.exports = len(opt.Exports)
	for name, value := range b.request.BuildArgs {
		b.attrs["build-arg:"+name] = value
	}
	if err := b.request.Options.add(&opt, b.attrs); err != nil {
		return opt, err
	}
	if b.request.part {
		nodeCaches(&opt, b.request.Platforms)
	}
	var err error
	if opt.CacheImports, err = findCaches(opt.CacheImports, b.request.Roots); err != nil {
		return opt, err
	}
	if b.caches, err = stageCaches(opt.CacheExports, b.request.Roots); err != nil {
		return opt, err
	}
	if b.request.Target != "" {
		b.attrs["target"] = b.request.Target
	}
	if b.request.part {
		b.attrs["multi-platform"] = "true" // also one platform gives an index, as that of all nodes
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
	tokens, err := newTokenSession(b.request.Remote.FindCredentials, b.request.Remote)
	if err != nil {
		return opt, err
	}
	opt.Session = append(opt.Session, secretsprovider.NewSecretProvider(b.secrets), tokens)
	return opt, nil
}

// sharedKey names what the engine keeps of the directories of a session, to get only the changes of them the next time. Under one
// key the next session throws away what it does not have itself. So builds of other contexts, or of other files of the same one,
// have other keys.
func (r *Request) sharedKey() string {
	of := []string{r.Target}
	for _, path := range []string{r.Context, r.Dockerfile} {
		if whole, err := filepath.Abs(path); err == nil {
			path = whole
		}
		of = append(of, path)
	}
	if r.Image != nil {
		of = []string{r.Image.Source.String()}
	}
	return digest.FromString(strings.Join(of, "\x00")).Encoded()[:32]
}

// offerRuns adds the files that runs of candidates need to the session.
func (b *build) offerRuns(opt *client.SolveOpt) error {
	inputs, err := newTreeFS(b.request.Inputs)
	if err != nil {
		return err
	}
	opt.LocalMounts[localInputs], b.inputs = inputs, inputs.handedOver()
	opt.LocalMounts[localSupervisor], err = supervisorFS()
	return err
}

// solve runs the session to its end. It returns the response of the exporters and the last output of the build.
func (b *build) solve(ctx context.Context, opt client.SolveOpt) (*client.SolveResponse, *buildLog, error) {
	relay := b.screen.relay(b.engine.Node(), &b.clocks)
	response, err := b.engine.Client().Build(ctx, opt, "seedpack", b.callback, relay.statuses)
	relay.wait()
	return response, relay.log, err
}

// callback runs inside the session. It solves, sets labels, calls the gate, and returns the result to the exporters.
func (b *build) callback(ctx context.Context, g gateway.Client) (*gateway.Result, error) {
	if b.refused = able(b.engine.From, b.request.needs(b.exports), g.BuildOpts()); b.refused != nil {
		return nil, b.refused
	}
	if b.request.Runs {
		stop := b.runner(g).handOver(ctx)
		defer stop()
	}
	result, err := b.material.solve(ctx, g, b.attrs)
	if err != nil {
		return nil, err
	}
	b.request.resolveBase(ctx, g)
	if err := b.request.describe(result); err != nil {
		return nil, err
	}
	candidates, err := b.candidates(g, result)
	if err != nil {
		return nil, err
	}
	if b.gate != nil {
		if err := b.gate(ctx, candidates); errors.Is(err, errLeft) {
			return nil, err // the session's own error says more
		} else if err != nil {
			b.refused = err
			return nil, err
		}
	}
	b.passed()
	return result, nil
}
