package pack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A Candidate is the built image of one platform before the export. It is valid until the gate returns.
type Candidate struct {
	Platform string // os/arch[/variant]
	Node     string // name of the node that runs it; empty if there is only one
	Config   Config

	files gateway.Reference // nil for an image without files
	root  llb.State
	runner
	inputs  handedOver
	secrets *secretStore
	marshal *sync.Mutex // belongs to the build
	clocks  *clocks     // of all runs of the build
}

// Native reports whether the candidate's platform is that of the engine's machine. Others need emulation.
func (c *Candidate) Native() bool {
	p, err := platforms.Parse(c.Platform)
	return err == nil && platforms.NewMatcher(c.engine).Match(p)
}

func (b *build) candidates(g gateway.Client, result *gateway.Result) ([]*Candidate, error) {
	found, err := exptypes.ParsePlatforms(result.Metadata)
	if err != nil {
		return nil, err
	}
	var all []*Candidate
	for _, p := range found.Platforms {
		c := &Candidate{Platform: platforms.Format(p.Platform), Node: b.engine.Node(), runner: b.runner(g), secrets: b.secrets, marshal: &b.marshal, clocks: &b.clocks, inputs: b.inputs}
		var image struct {
			Config Config `json:"config"`
		}
		if err := json.Unmarshal(exptypes.ParseKey(result.Metadata, exptypes.ExporterImageConfigKey, &p), &image); err != nil {
			return nil, fmt.Errorf("read the image configuration of %s: %w", c.Platform, err)
		}
		c.Config = image.Config
		ref := result.Ref
		if len(result.Refs) > 0 {
			ref = result.Refs[p.ID]
		}
		c.root, c.files = llb.Scratch(), ref
		if ref != nil { // nil is an image without files
			if c.root, err = ref.ToState(); err != nil {
				return nil, err
			}
		}
		all = append(all, c)
		b.platforms = append(b.platforms, c.Platform)
	}
	return all, nil
}

// ReadFile reads a part of a file of the image without running it: at most length bytes from offset. Links are followed within
// the image. What is no regular file is an error.
func (c *Candidate) ReadFile(ctx context.Context, path string, offset, length int) ([]byte, error) {
	if c.files == nil {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return c.files.ReadFile(ctx, gateway.ReadRequest{Filename: path, Range: &gateway.FileRange{Offset: offset, Length: length}})
}

func enginePlatform(g gateway.Client) ocispecs.Platform {
	for _, w := range g.BuildOpts().Workers {
		if len(w.Platforms) > 0 {
			return platforms.Normalize(w.Platforms[0])
		}
	}
	return platforms.Normalize(platforms.DefaultSpec())
}

// Run runs a process in the candidate and returns the outcome. There is no network, unless the process asks for it. A
// process that fails or cannot start is an outcome, not an error. Its changes are discarded. If the process stopped its
// supervisor, the error is a *LostError.
func (c *Candidate) Run(ctx context.Context, p Process) (*Outcome, error) {
	nonce := rand.Text()
	def, err := c.definition(ctx, p, nonce)
	if err != nil {
		return nil, err
	}
	timed, stop := c.clocks.start(ctx, nonce, &p)
	result, err := c.gateway.Solve(timed, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true})
	lost := c.clocks.lost(timed, nonce, err)
	stop()
	if found := new(LostError); errors.As(lost, &found) {
		return nil, lost
	} else if lost != nil {
		err = lost
	}
	if err != nil && c.Node != "" {
		return nil, fmt.Errorf("node %s: run %s: %s", c.Node, p.Name, lastCause(err))
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %s", p.Name, lastCause(err))
	}
	ref, err := result.SingleRef()
	if err != nil {
		return nil, err
	}
	report, err := readFile(ctx, ref, wire.ReportFile, wire.MaxReport)
	if err != nil {
		return nil, fmt.Errorf("run %s: the supervisor left no report: %w", p.Name, err)
	}
	outcome, err := wire.ReadOutcome(nonce, report)
	if err == nil && len(p.Archive) > 0 {
		outcome.Archive = wire.NewArchive(&partReader{ctx: ctx, ref: ref, name: wire.ArchiveFile})
	}
	return outcome, err
}

// definition returns what the engine is to solve. Runs of one build share the states of the Dockerfile. These cache
// what they marshal without a lock, so there is one here.
func (c *Candidate) definition(ctx context.Context, p Process, nonce string) (*llb.Definition, error) {
	c.marshal.Lock()
	defer c.marshal.Unlock()
	state, err := c.after(p, nonce)
	if err != nil {
		return nil, err
	}
	return state.Marshal(ctx)
}

// readPart is smaller than the limit for a message of the engine.
const readPart = 8 << 20

// readFile reads a file of the report directory. A job that runs as root may have written it, so it is given up beyond so many
// bytes.
func readFile(ctx context.Context, ref gateway.Reference, name string, most int) ([]byte, error) {
	all, err := readParts(most, func(offset int) ([]byte, error) { return readAt(ctx, ref, name, offset) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// readParts reads a file part by part. The last part is shorter than the others.
func readParts(most int, read func(offset int) ([]byte, error)) (all []byte, err error) {
	for {
		part, err := read(len(all))
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		switch {
		case len(all) > most:
			return nil, fmt.Errorf("it has more than %d bytes", most)
		case len(part) < readPart:
			return all, nil
		}
	}
}

func readAt(ctx context.Context, ref gateway.Reference, name string, offset int) ([]byte, error) {
	return ref.ReadFile(ctx, gateway.ReadRequest{Filename: wire.ReportDir + "/" + name, Range: &gateway.FileRange{Offset: offset, Length: readPart}})
}

// A partReader reads a file that is too large for memory. It is used only within the call that made it, so it may keep
// the context.
type partReader struct {
	ctx    context.Context
	ref    gateway.Reference
	name   string
	offset int
	part   []byte
	ended  bool
}

func (r *partReader) Read(b []byte) (int, error) {
	if len(r.part) == 0 && !r.ended {
		part, err := readAt(r.ctx, r.ref, r.name, r.offset)
		if err != nil {
			return 0, err
		}
		r.offset += len(part)
		r.part, r.ended = part, len(part) < readPart
	}
	if len(r.part) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.part)
	r.part = r.part[n:]
	return n, nil
}

// after returns the state of the root directory after the run. Only the report is read back from it: a directory of its own for
// that would take the engine some milliseconds more. The nonce also keeps the run from coming out of the cache: an earlier
// success says nothing about now.
func (c *Candidate) after(p Process, nonce string) (llb.State, error) {
	told := p.Spec(c.Config)
	told.Discard = true // the engine does so after the run
	spec, err := json.Marshal(told)
	if err != nil {
		return llb.State{}, err
	}
	dirs, specOption := c.prepare(spec)
	options := []llb.RunOption{
		llb.Args([]string{wire.Program}), llb.Dir("/"), llb.User("0:0"), llb.Network(network(p)), specOption,
		llb.WithCustomName(smokeMark + p.Name), llb.AddEnv(wire.NonceVariable, nonce),
		llb.AddMount(path.Dir(wire.Program), c.supervisor(), c.unhashed(llb.SourcePath("/"+c.engine.Architecture), llb.Readonly)...),
		llb.AddMount(p.OutputDir, dirs, c.unhashed(llb.SourcePath("/output"), llb.ForceNoOutput)...),
	}
	for _, m := range p.Mounts {
		options = append(options, c.mount(m, dirs))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Secrets)) {
		options = append(options, llb.AddSecret(wire.SecretFile(name), llb.SecretID(c.secrets.put(nonce, name, p.Secrets[name])), llb.SecretFileOpt(0, 0, 0o400)))
	}
	options = append(options, limits(c.gateway.BuildOpts().LLBCaps, p)...)
	return c.root.Reset(c.root).Platform(c.engine).Run(options...).Root(), nil
}

// unhashed adds an option that keeps the engine from hashing the content of a mount to look for a run with the same content: there
// is none.
func (c *Candidate) unhashed(options ...llb.MountOption) []llb.MountOption {
	if caps := c.gateway.BuildOpts().LLBCaps; caps.Supports(pb.CapExecMountContentCache) == nil {
		options = append(options, llb.ContentCache(llb.MountContentCacheOff))
	}
	return options
}

// prepare makes the directories for the mounts of a run. Each mount gets a copy of its own. A large spec needs a step of its own.
func (c *Candidate) prepare(spec []byte) (dirs llb.State, specOption llb.RunOption) {
	if len(spec) <= wire.MaxVariable {
		return c.directories(), llb.AddEnv(wire.SpecVariable, string(spec))
	}
	dirs = llb.Scratch().File(runDirectories().Mkdir("/spec", 0o700).Mkfile("/spec/"+path.Base(wire.SpecFile), 0o600, spec), llb.WithCustomName(smokeMark+"prepare"))
	return dirs, llb.AddMount(path.Dir(wire.SpecFile), dirs, c.unhashed(llb.SourcePath("/spec"), llb.Readonly)...)
}

func network(p Process) pb.NetMode {
	if p.Network {
		return llb.NetModeSandbox
	}
	return llb.NetModeNone
}

// ParseImage reads the name of an image as people write it: busybox is docker.io/library/busybox:latest.
func ParseImage(name string) (string, error) {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return "", err
	}
	return reference.TagNameOnly(named).String(), nil
}

func (c *Candidate) mount(m RunMount, dirs llb.State) llb.RunOption {
	options := c.unhashed(llb.ForceNoOutput)
	if !m.Writable {
		options[0] = llb.Readonly
	}
	if m.Image != "" {
		return llb.AddMount(m.Path, llb.Image(m.Image, c.imageOptions(m)...), options...)
	}
	if m.From == "" && m.Writable {
		// Older engines apply their umask to directories that they make. Directories of the session keep their mode.
		empty := c.local(localSupervisor, llb.IncludePatterns([]string{emptyDir}), llb.SharedKeyHint(localSupervisor+"-"+emptyDir), llb.WithCustomName(runsMark+"empty directory"))
		return llb.AddMount(m.Path, empty, append(options, llb.SourcePath("/"+emptyDir))...)
	}
	if m.From == "" {
		return llb.AddMount(m.Path, dirs, append(options, llb.SourcePath("/empty"))...)
	}
	return llb.AddMount(m.Path, c.local(localInputs, c.inputs.options()...), append(options, llb.SourcePath("/"+m.From))...)
}

func (c *Candidate) imageOptions(m RunMount) []llb.ImageOption {
	options := []llb.ImageOption{llb.WithCustomName(smokeMark + "mount " + m.Image)}
	if p, err := platforms.Parse(c.Platform); err == nil {
		options = append(options, llb.Platform(p))
	}
	return options
}

// limits returns the limits that the engine supports. It leaves out the others without an error.
func limits(caps apicaps.CapSet, p Process) []llb.RunOption {
	var options []llb.RunOption
	shm := []llb.TmpfsOption{}
	if p.SharedMem > 0 && caps.Supports(pb.CapExecMountTmpfsSize) == nil {
		shm = append(shm, llb.TmpfsSize(p.SharedMem))
	}
	options = append(options, llb.AddMount("/dev/shm", llb.Scratch(), llb.Tmpfs(shm...)))
	if p.Memory > 0 && caps.Supports(pb.CapExecMetaLinuxResources) == nil {
		options = append(options, llb.WithLinuxResources(llb.LinuxResources{Memory: p.Memory, MemorySwap: p.Memory}))
	}
	return options
}

// A secretStore holds the secrets of all runs of a build. The engine asks for them.
type secretStore struct {
	mu     sync.Mutex
	values map[string]string
}

func (s *secretStore) put(nonce, name, value string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]string{}
	}
	id = nonce + "-" + name
	s.values[id] = value
	return id
}

// GetSecret returns a secret to the engine (secrets.SecretStore).
func (s *secretStore) GetSecret(_ context.Context, id string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[id]
	if !ok {
		return nil, fmt.Errorf("secret %q: %w", id, secrets.ErrNotFound)
	}
	return []byte(value), nil
}
