package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/docker/cli/cli/config"
	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	mobyclient "github.com/moby/moby/client"
)

// A Diagnosis says which engine this machine builds with, and what the engine can do.
type Diagnosis struct {
	Ways   []Way    `json:"ways"`   // in the order in which they are tried
	Engine *Info    `json:"engine"` // nil if there is no engine; of several nodes the first that answers
	Nodes  []Node   `json:"nodes"`  // empty if there are not several
	Host   HostInfo `json:"host"`
}

// Info describes an engine as the engine reports it.
type Info struct {
	From      string     `json:"from"`
	BuildKit  string     `json:"buildkit,omitempty"` // version; empty if the engine does not report it
	Docker    string     `json:"docker,omitempty"`   // version of the Docker Engine
	Store     string     `json:"store"`              // for images: "classic", "containerd", or "none" if the engine only builds
	Platforms []Platform `json:"platforms"`
	Abilities []Ability  `json:"abilities"`
}

// A Node is one of several that build.
type Node struct {
	Name   string   `json:"name"`
	Builds []string `json:"builds"`           // platforms that go to it
	Engine *Info    `json:"engine,omitempty"` // nil if it does not answer
	Error  string   `json:"error,omitempty"`  // why it does not
}

// A Platform is one that an engine reports that it runs.
type Platform struct {
	Name   string `json:"name"`
	Native bool   `json:"native"` // false: it is emulated
}

// An Ability is something that a job may need from an engine.
type Ability struct {
	Name string `json:"name"`
	Can  bool   `json:"can"`
	Lost string `json:"lost,omitempty"` // what does not work without it
	Do   string `json:"do,omitempty"`   // what to do about it
}

// HostInfo is what this machine has for a private BuildKit and for registries.
type HostInfo struct {
	Runtime     string   `json:"runtime"`              // path of runc or crun; empty: there is neither
	Rootless    string   `json:"rootless"`             // path of rootlesskit; empty: there is none
	Root        bool     `json:"root"`                 // the user is root
	Cache       string   `json:"cache"`                // directory
	CacheFree   uint64   `json:"cacheFree"`            // free bytes in Cache
	Credentials []string `json:"credentials"`          // registries for which the docker configuration has credentials
	Helper      string   `json:"credentialsStore"`     // program that keeps credentials of other registries
	Unreadable  string   `json:"unreadable,omitempty"` // why credentials could not be read
}

// Diagnose looks for an engine as Connect does, and asks it what it can do. The error says why there is no engine. The
// diagnosis is complete except for Engine even then.
func Diagnose(ctx context.Context, opt Options) (d *Diagnosis, err error) {
	if opt.Log == nil {
		opt.Log = io.Discard
	}
	d = &Diagnosis{Host: hostInfo(opt), Nodes: []Node{}}
	var b *Builder
	if opt.Builder != "" {
		b, err = connectNamed(ctx, opt, opt.Builder)
		for line := range strings.Lines(opt.Builder) {
			d.Ways = append(d.Ways, Way{"--builder " + strings.TrimSpace(line), wayAnswer(b, err), err == nil})
		}
	} else {
		b, d.Ways, err = connectFound(ctx, opt)
	}
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if b.Several() {
		d.Nodes, err = b.diagnose(ctx)
		for _, n := range d.Nodes {
			if d.Engine == nil {
				d.Engine = n.Engine
			}
		}
		return d, err
	}
	d.Engine, err = b.nodes[0].engine.info(ctx)
	return d, err
}

// diagnose asks all nodes. The error joins those of nodes that do not answer.
func (b *Builder) diagnose(ctx context.Context) (all []Node, err error) {
	answering, known := &Builder{}, []string{}
	var errs []error
	for _, n := range b.nodes {
		found := Node{Name: n.name, Builds: []string{}}
		e, err := n.connect(ctx)
		if err == nil {
			found.Engine, err = e.info(ctx)
		}
		if err != nil {
			found.Error, _, _ = strings.Cut(err.Error(), "\n")
			errs = append(errs, err)
		} else {
			answering.nodes = append(answering.nodes, n)
			known = append(known, n.platforms()...)
		}
		all = append(all, found)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	owners, err := answering.choose(ctx, known)
	for i, owner := range owners {
		at := slices.Index(b.nodes, owner)
		if at >= 0 {
			all[at].Builds = append(all[at].Builds, known[i])
		}
	}
	return all, errors.Join(append(errs, err)...)
}

func (e *Engine) info(ctx context.Context) (*Info, error) {
	if err := e.askWorkers(ctx); err != nil {
		return nil, err
	}
	i := &Info{From: e.From, Store: "none", BuildKit: e.workers[0].BuildkitVersion.Version}
	if e.docker != nil {
		i.Store = "containerd"
		if e.classic() {
			i.Store = "classic"
		}
		v, err := e.docker.ServerVersion(ctx, mobyclient.ServerVersionOptions{})
		if err != nil {
			return nil, err
		}
		i.Docker = v.Version
	}
	if info, err := e.client.Info(ctx); i.BuildKit == "" && err == nil { // older engines do not know this question
		i.BuildKit = info.BuildkitVersion.Version
	}
	i.Platforms = e.platforms()
	options, err := e.options(ctx)
	if err != nil {
		return nil, err
	}
	i.Abilities = e.abilities(options)
	return i, nil
}

// platforms returns those of all workers. The first one of a worker is the platform of its machine.
func (e *Engine) platforms() []Platform {
	var all []Platform
	for _, w := range e.workers {
		for n, p := range w.Platforms {
			own := w.Platforms[0] // other variants of the machine's architecture are native, too
			native := n == 0 || p.OS == own.OS && p.Architecture == own.Architecture || platforms.Only(own).Match(p)
			name := platforms.Format(platforms.Normalize(p))
			if !slices.ContainsFunc(all, func(a Platform) bool { return a.Name == name }) {
				all = append(all, Platform{name, native})
			}
		}
	}
	return all
}

// options asks the engine what it can do, in a session that builds nothing.
func (e *Engine) options(ctx context.Context) (options gateway.BuildOpts, err error) {
	statuses := make(chan *client.SolveStatus)
	go func() {
		for range statuses { // Build closes the channel
		}
	}()
	_, err = e.client.Build(ctx, client.SolveOpt{}, "seedpack", func(_ context.Context, g gateway.Client) (*gateway.Result, error) {
		options = g.BuildOpts()
		return gateway.NewResult(), nil
	}, statuses)
	return options, err
}

const (
	useOther      = "--builder private or another BuildKit can"
	useContainerd = "turn on the containerd image store of the Docker Engine, or take another: --builder private"
)

func (e *Engine) abilities(options gateway.BuildOpts) []Ability {
	can := func(caps apicaps.CapSet, id apicaps.CapID) bool { return caps.Supports(id) == nil }
	llb, full := options.LLBCaps, !e.classic()
	all := []Ability{
		{"push by digest", full, "images are read out of the engine and pushed by Seedpack, which takes longer; the digest is another than elsewhere", useContainerd},
		{"files of images (type=oci, type=docker)", full, "--output writes type=tar and type=local only", useContainerd},
		{"several outputs in one build", can(llb, pb.CapMultipleExporters), "one output a build, or --push alone", useOther},
		{"several platforms in one image", full, "one --platform a build", useContainerd},
		{"attestations", full && can(llb, pb.CapAttestations), "--provenance and --sbom are refused", useContainerd},
		{"annotations", full && can(llb, pb.CapAnnotations), "--annotation is refused, and images have labels only", useContainerd},
		{"writing caches", full, "--cache-to takes type=inline only", useContainerd},
		{"dating files (rewrite-timestamp)", full && can(llb, pb.CapSourceDateEpoch), "two builds of one commit have two digests", useContainerd},
		{"named build contexts", can(options.Caps, gwpb.CapGatewayWarnings), "--build-context is refused", useOther},
		{"layouts as base images", can(llb, pb.CapSourceOCILayout), "--build-context NAME=oci-layout://… and --image of files are refused", useOther},
		{"size of /dev/shm in smoke runs", can(llb, pb.CapExecMountTmpfsSize), "sharedMem is not held to", useOther},
		{"memory limit of smoke runs", can(llb, pb.CapExecMetaLinuxResources), "a job that takes more than it declares is ended by the supervisor alone, which looks at intervals", useOther},
	}
	for i := range all {
		if all[i].Can {
			all[i].Lost, all[i].Do = "", ""
		}
	}
	return all
}

func hostInfo(opt Options) HostInfo {
	h := HostInfo{Root: os.Geteuid() == 0, Cache: opt.CacheDir, CacheFree: freeBytes(opt.CacheDir), Credentials: []string{}}
	h.Runtime, _ = ociRuntime() // empty says that there is none
	if path, err := exec.LookPath("rootlesskit"); err == nil {
		h.Rootless = path
	}
	dir := opt.docker().dir()
	if dir == "" {
		return h
	}
	file, err := config.Load(dir)
	if err != nil {
		h.Unreadable = err.Error()
		return h
	}
	// List only the names of registries, and only those that are in the file.
	for host := range file.AuthConfigs {
		h.Credentials = append(h.Credentials, registryHost(host))
	}
	for host := range file.CredentialHelpers {
		h.Credentials = append(h.Credentials, registryHost(host))
	}
	slices.Sort(h.Credentials)
	h.Credentials, h.Helper = slices.Compact(h.Credentials), file.CredentialsStore
	return h
}

// registryHost returns the host of a registry in the configuration, which may be written as a URL. The text before an @
// may be a secret.
func registryHost(key string) string {
	_, rest, ok := strings.Cut(key, "://")
	if !ok {
		rest = key
	}
	host, _, _ := strings.Cut(rest, "/")
	return host[strings.LastIndex(host, "@")+1:]
}

// nearestExisting returns the directory, or the nearest parent that exists.
func nearestExisting(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
