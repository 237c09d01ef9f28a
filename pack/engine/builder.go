package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/platforms"
)

// A Builder is what jobs are built with: one node, or several that build side by side, each for the platforms that it has.
// Several builds may use it at once.
type Builder struct {
	// From says in a few words where the builder was found.
	From  string
	nodes []*node // at least one
}

// A node is one BuildKit of a builder. It is connected when it is first needed.
type node struct {
	name    string   // of a buildx node, or what --builder says
	from    string   // where several nodes of one builder were found
	only    []string // platforms that the user gave; empty: those that it reports
	listed  []string // platforms that buildx lists for it, besides those that it reports
	private bool     // a buildkitd that we start
	several bool     // the builder has other nodes
	dial    func(context.Context) (*Engine, error)

	mu     sync.Mutex
	engine *Engine // nil until it is connected
}

// A Share is what one node has to build.
type Share struct {
	*Engine
	Platforms []string // as they were asked for; empty: the engine's own
}

// newBuilder connects to the node if there is only one. Several are connected when they are needed.
func newBuilder(ctx context.Context, nodes []*node) (*Builder, error) {
	b := &Builder{nodes: nodes}
	if len(nodes) == 1 {
		e, err := nodes[0].connect(ctx)
		if err != nil {
			return nil, err
		}
		b.From = e.From
		return b, nil
	}
	var names []string
	for _, n := range nodes {
		n.several = true
		if !slices.Contains(names, n.from) {
			names = append(names, n.from)
		}
	}
	b.From = fmt.Sprintf("%d nodes: %s", len(nodes), strings.Join(names, ", "))
	return b, nil
}

// connect connects to the node, once.
func (n *node) connect(ctx context.Context) (*Engine, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.engine != nil {
		return n.engine, nil
	}
	e, err := n.dial(ctx)
	if err != nil && n.several {
		return nil, fmt.Errorf("node %s: %w", n.name, err)
	}
	if err != nil {
		return nil, err
	}
	if n.several {
		e.node = n.name
	}
	n.engine = e
	return e, nil
}

// Close closes all connections and stops what was started. Call it once.
func (b *Builder) Close() error {
	var errs []error
	for _, n := range b.nodes {
		if n.engine != nil {
			errs = append(errs, n.engine.Close())
		}
	}
	return errors.Join(errs...)
}

// Several reports whether there is more than one node.
func (b *Builder) Several() bool { return len(b.nodes) > 1 }

// Assign says which node builds for which of the wanted platforms. A platform goes to the first node that runs it natively, else to
// the first that the user lists it for, else to the first that emulates it. Without a wanted platform, the first node builds for
// its own. If a platform is nobody's, that is an error, or with lenient the first node gets it. One node that the user gave no
// platforms gets them all: some images need nothing of a platform. Nodes that are not needed are not connected.
func (b *Builder) Assign(ctx context.Context, wanted []string, lenient bool) ([]Share, error) {
	first := b.nodes[0]
	if len(wanted) == 0 || len(b.nodes) == 1 && len(first.only) == 0 {
		e, err := first.connect(ctx)
		if len(wanted) == 0 && len(first.only) > 0 {
			wanted = first.only[:1]
		}
		return []Share{{e, wanted}}, err
	}
	owners, err := b.choose(ctx, wanted)
	if err != nil {
		return nil, err
	}
	var shares []Share
	for i, owner := range owners {
		switch {
		case owner == nil && lenient:
			owner = first
		case owner == nil:
			return nil, b.nobody(wanted[i])
		}
		e, err := owner.connect(ctx)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(shares, func(s Share) bool { return s.Engine == e })
		if at < 0 {
			at, shares = len(shares), append(shares, Share{Engine: e})
		}
		shares[at].Platforms = append(shares[at].Platforms, wanted[i])
	}
	return shares, nil
}

// A claim is how well a node can build for a platform.
type claim int

const (
	unclaimed claim = iota
	emulated
	listed // the user says that it can
	native
)

// choose returns the owner of each platform, nil if it is nobody's. It asks the nodes in their order until each platform has a
// native one.
func (b *Builder) choose(ctx context.Context, wanted []string) (owners []*node, err error) {
	owners, best := make([]*node, len(wanted)), make([]claim, len(wanted))
	for _, n := range b.nodes {
		useful := false
		for i, p := range wanted {
			useful = useful || best[i] < native && (len(n.only) == 0 || Has(n.only, p))
		}
		if !useful {
			continue
		}
		e, err := n.connect(ctx)
		if err == nil {
			err = e.askWorkers(ctx)
		}
		if err != nil {
			return nil, err
		}
		for i, p := range wanted {
			if c := n.claim(p); c > best[i] {
				owners[i], best[i] = n, c
			}
		}
	}
	return owners, nil
}

// claim returns how well the node, which has been asked for its workers, can build for a platform.
func (n *node) claim(platform string) claim {
	if len(n.only) > 0 && !Has(n.only, platform) {
		return unclaimed
	}
	best := unclaimed
	if Has(n.only, platform) || Has(n.listed, platform) {
		best = listed
	}
	for _, p := range n.engine.platforms() {
		switch {
		case !Has([]string{p.Name}, platform):
		case p.Native:
			return native
		default:
			best = max(best, emulated)
		}
	}
	return best
}

// Has reports whether one of the platforms runs programs for another: in another spelling, or of an earlier variant.
func Has(all []string, platform string) bool {
	want, err := platforms.Parse(platform)
	if err != nil {
		return slices.Contains(all, platform)
	}
	return slices.ContainsFunc(all, func(name string) bool {
		p, err := platforms.Parse(name)
		return err == nil && platforms.OnlyStrict(p).Match(platforms.Normalize(want))
	})
}

// nobody is the error for a platform that no node has.
func (b *Builder) nobody(platform string) error {
	text := fmt.Sprintf("no node builds for %s", platform)
	for _, n := range b.nodes {
		text += fmt.Sprintf("\nnode %s has %s", n.name, strings.Join(n.platforms(), ", "))
	}
	return fmt.Errorf("%s\nadd a node that has it, --builder %s=ADDRESS, or leave the platform out", text, platform)
}

// platforms returns the platforms that a node is known to have.
func (n *node) platforms() []string {
	if len(n.only) > 0 {
		return n.only
	}
	all := slices.Clone(n.listed)
	if n.engine == nil || n.engine.workers == nil {
		return all
	}
	for _, p := range n.engine.platforms() {
		if !slices.Contains(all, p.Name) {
			all = append(all, p.Name)
		}
	}
	return all
}

// Classic reports whether a node that gets one of the wanted platforms keeps images in Docker's classic store.
func (b *Builder) Classic(ctx context.Context, wanted []string) (bool, error) {
	shares, err := b.Assign(ctx, wanted, false)
	if err != nil {
		return false, err
	}
	for _, s := range shares {
		if classic, err := s.Classic(ctx); classic || err != nil {
			return classic, err
		}
	}
	return false, nil
}

// platformList matches what comes before the = of PLATFORM[,PLATFORM]=ADDRESS.
var platformList = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?(,[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?)*$`)

// splitBuilder splits PLATFORM[,PLATFORM]=BUILDER. Other text names a builder alone.
func splitBuilder(text string) (only []string, builder string, err error) {
	list, rest, ok := strings.Cut(text, "=")
	if !ok || !platformList.MatchString(list) {
		return nil, text, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		p, err := platforms.Parse(name)
		if err != nil {
			return nil, "", fmt.Errorf("builder %q: %w", text, err)
		}
		only = append(only, platforms.Format(platforms.Normalize(p)))
	}
	if rest == "" {
		return nil, "", fmt.Errorf("builder %q names no builder: write %s=ADDRESS", text, list)
	}
	return only, rest, nil
}

// namedNodes returns the nodes that text names: a builder a line, each with or without PLATFORM[,PLATFORM]= before it.
func namedNodes(opt Options, text string) (all []*node, err error) {
	seen := map[string]int{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		only, builder, err := splitBuilder(line)
		if err != nil {
			return nil, err
		}
		nodes, err := opt.named(builder)
		if err != nil {
			return nil, err
		}
		if seen[builder]++; seen[builder] > 1 && builder != builderPrivate {
			return nil, fmt.Errorf("builder %q is named twice: name it once, with all of its platforms: PLATFORM,PLATFORM=%s", builder, builder)
		}
		for _, n := range nodes {
			if len(only) > 0 {
				n.only, n.listed = only, nil
			}
			if n.private && seen[builder] > 1 { // each is a buildkitd of its own
				n.name = fmt.Sprintf("%s-%d", builderPrivate, seen[builder])
			}
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("builder %q is blank: write an address, or the name of a buildx builder", text)
	}
	return all, nil
}
