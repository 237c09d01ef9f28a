package pack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/pack/engine"
)

// This file is about a request that several nodes build side by side, each for the platforms that it has. One node is the list of
// one: it has the whole request, and its result is the result.

// Build solves the Dockerfile, calls gate once with a candidate for each platform, and exports if gate returns nil. On each
// node all of this is one session of the engine, so the gate has tried exactly what is exported. If gate returns an error,
// Build returns the same one, and nothing is exported by any node. Without a gate nothing is tried: the caller then compares
// the digest with one that was. A failing step is a *StepError, an unreadable Dockerfile a *SyntaxError, a failing push a
// *PushError; an error of one of several nodes is in a *NodeError. The result is never nil. If there is an error, it holds
// only the warnings.
func Build(ctx context.Context, builder *engine.Builder, r Request, gate func(context.Context, []*Candidate) error) (*Result, error) {
	wanted := r.wanted(builder)
	shares, err := builder.Assign(ctx, wanted, r.Image != nil)
	if err != nil {
		return &Result{}, err
	}
	joint, err := newJoint(ctx, &r, wanted, shares, gate)
	if err == nil {
		err = joint.build(ctx)
	}
	result := &Result{Warnings: joint.warnings()}
	if err == nil {
		result, err = joint.result(ctx)
	}
	if closeErr := joint.close(); closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	return result, err
}

// wanted returns the platforms that nodes are looked for.
func (r *Request) wanted(b *engine.Builder) []string {
	if r.Image == nil || !b.Several() {
		return r.Platforms
	}
	var all []string
	for _, p := range r.Image.Platforms {
		if IsAsked(r.Platforms, p.Name) && !slices.Contains(all, p.Name) {
			all = append(all, p.Name)
		}
	}
	if len(all) == 0 { // the build says so
		return r.Platforms
	}
	return all
}

// A NodeError is an error of one of several nodes.
type NodeError struct {
	Node      string
	Platforms []string
	Err       error
}

// Error names the node and its platforms.
func (e *NodeError) Error() string {
	return fmt.Sprintf("node %s (%s): %v", e.Node, strings.Join(e.Platforms, ", "), e.Err)
}

// Unwrap returns the error itself.
func (e *NodeError) Unwrap() error { return e.Err }

// A part is what one node makes of a request.
type part struct {
	engine.Share
	request Request
	store   store
	built   *Result
	err     error
}

// A joint is a request on its way through the nodes.
type joint struct {
	request *Request
	parts   []*part
	order   func(platform string) int
	files   *jointFiles // nil for one node
	meeting *meeting    // nil if nothing is tried

	mu    sync.Mutex
	ended []*part // in the order in which they failed
}

func newJoint(ctx context.Context, r *Request, wanted []string, shares []engine.Share, gate func(context.Context, []*Candidate) error) (*joint, error) {
	if len(shares) == 1 {
		wanted = nil // one node has an order of its own
	}
	j := &joint{request: r, order: orderOf(wanted)}
	if gate != nil {
		j.meeting = &meeting{gate: gate, order: j.order, missing: len(shares), done: make(chan struct{})}
	}
	for _, s := range shares {
		p := &part{Share: s, request: *r, built: &Result{}}
		p.request.Platforms = s.Platforms
		j.parts = append(j.parts, p)
	}
	if err := j.share(ctx); err != nil {
		return j, err
	}
	for _, p := range j.parts { // before any node begins
		var err error
		if p.store, err = chooseStore(ctx, p.Engine, &p.request); err != nil {
			return j, j.of(p, err)
		}
	}
	return j, nil
}

// share shares out what the nodes push and write.
func (j *joint) share(ctx context.Context) (err error) {
	switch {
	case len(j.parts) == 1:
		return checkLoad(ctx, j.request.Outputs, j.request.Platforms)
	case j.request.Image != nil:
		// The first node's session ends with the push of the whole image. The others only run theirs.
		for _, p := range j.parts[1:] {
			p.request.Repository = ""
		}
		return nil
	}
	if err := j.divide(); err != nil {
		return err
	}
	j.files, err = newJointFiles(ctx, j.request, j.parts)
	return err
}

// of says which of several nodes an error is of.
func (j *joint) of(p *part, err error) error {
	if len(j.parts) == 1 {
		return err
	}
	return &NodeError{p.Node(), p.Platforms, err}
}

// divide gives each node the annotations of its platforms. A platform that none has is an error.
func (j *joint) divide() error {
	for _, a := range j.request.Annotations {
		if a.Platform != "" && !slices.ContainsFunc(j.request.Platforms, func(p string) bool { return normal(p) == a.Platform }) {
			return fmt.Errorf("annotation %s: %s is not built, only %s is", a.Key, a.Platform, strings.Join(j.request.Platforms, ", "))
		}
	}
	for _, p := range j.parts {
		p.request.part = true
		p.request.Annotations = slices.DeleteFunc(slices.Clone(j.request.Annotations), func(a Annotation) bool {
			return a.Platform != "" && !slices.ContainsFunc(p.Platforms, func(own string) bool { return normal(own) == a.Platform })
		})
	}
	return nil
}

// normal returns a platform in the spelling of results.
func normal(platform string) string {
	p, err := platforms.Parse(platform)
	if err != nil {
		return platform
	}
	return platforms.Format(platforms.Normalize(p))
}

// orderOf returns where a platform stands among those of a request. Others come last.
func orderOf(requested []string) func(platform string) int {
	at := map[string]int{}
	for i, p := range requested {
		at[normal(p)] = i
	}
	return func(platform string) int {
		if i, ok := at[normal(platform)]; ok {
			return i
		}
		return len(requested)
	}
}

// build builds on all nodes side by side. If one fails, it ends the others.
func (j *joint) build(ctx context.Context) error {
	screen, err := j.request.Progress.open()
	if err != nil {
		return err
	}
	defer screen.close()
	group, groupContext := errgroup.WithContext(ctx)
	for _, p := range j.parts {
		group.Go(func() error {
			var gate func(context.Context, []*Candidate) error
			if j.meeting != nil {
				gate = func(ctx context.Context, built []*Candidate) error { return j.meeting.come(ctx, built) }
			}
			p.built, p.err = buildOn(groupContext, p.Engine, p.store, screen, &p.request, gate)
			if p.err != nil {
				j.mu.Lock()
				j.ended = append(j.ended, p)
				j.mu.Unlock()
			}
			return p.err
		})
	}
	if group.Wait() == nil {
		return nil
	}
	return j.pushed(j.cause(ctx))
}

// cause returns the error that ended the build: that of a node, else that of the gate, which all nodes return. What follows from
// the end of another node counts only if there is nothing else.
func (j *joint) cause(ctx context.Context) error {
	first := j.ended[0]
	if len(j.parts) == 1 {
		return first.ExplainError(ctx, first.err)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for _, p := range j.ended {
		if !j.follows(p.err) {
			return j.of(p, p.ExplainError(ctx, p.err))
		}
	}
	if j.meeting == nil || j.meeting.err == nil {
		return j.of(first, first.err)
	}
	for _, p := range j.parts { // a run may have ended with its node
		if explained := p.ExplainError(ctx, j.meeting.err); explained != j.meeting.err {
			return j.of(p, explained)
		}
	}
	return j.meeting.err
}

// follows reports whether an error of a node comes from the gate or from the end of another node.
func (j *joint) follows(err error) bool {
	return errors.Is(err, errLeft) || strings.Contains(err.Error(), context.Canceled.Error()) ||
		j.meeting != nil && j.meeting.err != nil && errors.Is(err, j.meeting.err)
}

// pushed adds to an error what nodes have pushed before it.
func (j *joint) pushed(err error) error {
	var all []string
	for _, p := range j.parts {
		if p.err == nil && p.request.Repository != "" && p.built.Digest != "" {
			all = append(all, fmt.Sprintf("%s@%s (%s)", j.request.Repository, p.built.Digest, strings.Join(p.Platforms, ", ")))
		}
	}
	if len(all) == 0 || len(j.parts) == 1 || err == nil {
		return err
	}
	return fmt.Errorf("%w\npushed before, by digest and without a name: %s", err, strings.Join(all, ", "))
}

// warnings returns those of all nodes, each once.
func (j *joint) warnings() (all []Warning) {
	for _, p := range j.parts {
		for _, w := range p.built.Warnings {
			if len(j.parts) == 1 || !slices.Contains(all, w) {
				all = append(all, w)
			}
		}
	}
	return all
}

// result makes one of the results of all nodes.
func (j *joint) result(ctx context.Context) (*Result, error) {
	first := j.parts[0].built
	if len(j.parts) == 1 || j.request.Image != nil {
		return first, nil
	}
	result := &Result{Warnings: j.warnings()}
	for _, p := range j.parts {
		result.Platforms = append(result.Platforms, p.built.Platforms...)
	}
	slices.SortStableFunc(result.Platforms, func(a, b string) int { return j.order(a) - j.order(b) })
	digest, err := j.files.join(ctx, j.order)
	if err != nil {
		return &Result{Warnings: result.Warnings}, j.pushed(err)
	}
	if j.request.Repository != "" {
		if digest, err = j.push(ctx); err != nil {
			return &Result{Warnings: result.Warnings}, j.pushed(err)
		}
	}
	result.Digest, result.Outputs = digest, j.files.take()
	return result, nil
}

func (j *joint) close() error {
	var errs []error
	if j.files == nil {
		return nil
	}
	for _, p := range j.parts {
		for _, o := range p.built.Outputs { // that nobody took
			errs = append(errs, o.Discard())
		}
	}
	return errors.Join(append(errs, j.files.close())...)
}

// errLeft is the error of a node that waits for others when its session ends.
var errLeft = errors.New("the build has ended on another node")

// A meeting is where the nodes wait for each other, so that the gate is asked once, about all that was built.
type meeting struct {
	gate  func(context.Context, []*Candidate) error
	order func(platform string) int

	mu      sync.Mutex
	built   []*Candidate
	missing int
	done    chan struct{} // closed when the gate has answered
	err     error         // of the gate
}

// come brings what a node has built. The last node asks the gate, and all return its answer.
func (m *meeting) come(ctx context.Context, built []*Candidate) error {
	m.mu.Lock()
	m.built = append(m.built, built...)
	m.missing--
	last := m.missing == 0
	m.mu.Unlock()
	if last {
		slices.SortStableFunc(m.built, func(a, b *Candidate) int { return m.order(a.Platform) - m.order(b.Platform) })
		m.err = m.gate(ctx, m.built)
		close(m.done)
		return m.err
	}
	select {
	case <-m.done:
		return m.err
	case <-ctx.Done():
		return errLeft
	}
}
