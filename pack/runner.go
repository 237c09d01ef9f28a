package pack

import (
	"context"
	"path"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/tonistiigi/fsutil"

	"github.com/seedpack/seedpack/pack/supervisor/bin"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
)

// A runner is what all runs of a build have in common: the session, and what the engine gets for any run.
type runner struct {
	session string // distinguishes the directories of this session from those of others
	gateway gateway.Client
	engine  ocispecs.Platform // of the machine that runs the candidates
}

func (b *build) runner(g gateway.Client) runner { return runner{b.session, g, enginePlatform(g)} }

// emptyDir is a directory next to the supervisor in which all users may write.
const emptyDir = "empty"

// supervisorFS holds the supervisor for each architecture of an engine, and an empty directory.
func supervisorFS() (fsutil.FS, error) {
	tree := Tree{}
	for _, arch := range bin.Architectures() {
		program, err := bin.Find(arch)
		if err != nil {
			return nil, err
		}
		tree[arch+"/"+path.Base(wire.Program)] = Entry{program: &program}
	}
	tree[emptyDir] = Entry{Dir: true}
	f, err := newTreeFS(tree)
	if err != nil {
		return nil, err
	}
	for _, e := range f.entries {
		e.stat.Mode |= 0o111
	}
	f.entries[emptyDir].stat.Mode |= 0o777
	return f, nil
}

// supervisor is the directory with the supervisor for the engine.
func (r runner) supervisor() llb.State {
	return r.local(localSupervisor, llb.IncludePatterns([]string{r.engine.Architecture}))
}

// local returns a directory of the session. It has one unique ID in the session, so that it is sent only once. Without
// the ID each use would be another vertex, and a run would be repeated for each of them.
func (r runner) local(name string, options ...llb.LocalOption) llb.State {
	always := []llb.LocalOption{llb.SharedKeyHint(name), llb.LocalUniqueID(r.session), llb.WithCustomName(runsMark + strings.TrimPrefix(name, "seedpack-"))}
	return llb.Local(name, append(always, options...)...)
}

// directories are for the mounts of any run. They are one step, because each step is a line in the progress. It is the same for all
// runs, so later ones take it from the cache.
func (r runner) directories() llb.State {
	return llb.Scratch().File(runDirectories(), llb.WithCustomName(runsMark+"directories"))
}

func runDirectories() *llb.FileAction { return llb.Mkdir("/output", 0o777).Mkdir("/empty", 0o777) }

// handOver gives the engine what all runs need. It does so beside the build, which mostly waits for the engine's disk. A run that
// finds something missing gives it to the engine itself, and says so if that fails. The caller calls stop when nothing runs any
// more.
func (r runner) handOver(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, state := range []llb.State{r.supervisor(), r.directories()} {
		all.Go(func() {
			if ref, err := solveState(ctx, r.gateway, state); err == nil {
				_ = evaluated(ctx, r.gateway, ref)
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// evaluated returns when the engine has made a result that was asked for with Evaluate. Older engines make it when a file of it is
// asked for.
func evaluated(ctx context.Context, g gateway.Client, ref gateway.Reference) error {
	if caps := g.BuildOpts().Caps; caps.Supports(gwpb.CapGatewayEvaluate) == nil {
		return nil
	}
	_, err := ref.StatFile(ctx, gateway.StatRequest{Path: "."})
	return err
}
