package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// What becomes of a name that is another image's already.
const (
	IfExistsError     = "error"
	IfExistsSkip      = "skip"
	IfExistsOverwrite = "overwrite"
)

// A publisher asks a registry about an image, and names it there.
type publisher struct {
	*Publish
	remote registry.Registry
	begin  func(r *Result, stage string)
	attest func(context.Context, *Result) error // is called when the image is verified, before it is named
}

// publisher returns nil if nothing is published.
func (p *Pipeline) publisher() *publisher {
	if p.opt.Publish == nil {
		return nil
	}
	return &publisher{p.opt.Publish, p.opt.Remote, p.begin, p.attest}
}

// preflight asks the registry what would make the build pointless. It reports done if the image is published already. Many
// registries refuse to show a repository that is not there yet. If they let the image be pushed, it is the first one.
func (p *publisher) preflight(ctx context.Context, r *Result, request *pack.Request) (done bool, err error) {
	var lookErr error
	if p.IfExists != IfExistsOverwrite {
		if done, lookErr = p.checkHolder(ctx, r, request); done || errors.Is(lookErr, exit.Findings) || registry.LeadsAstray(lookErr) {
			return done, lookErr
		}
	}
	if err := p.checkPredecessor(ctx, r, request); err != nil {
		return false, err
	}
	if p.Preflight && r.holder == nil { // nothing is pushed under a name that is taken
		if err := p.remote.Preflight(ctx, r.Name); err != nil {
			return false, err
		}
	}
	if p.IfExists == IfExistsSkip && !(p.Preflight && registry.IsRefused(lookErr)) {
		return false, lookErr
	}
	return false, nil // if the registry did not say whether the name is taken, it is asked again when the image is tagged
}

// publish verifies what the registry holds, and only then names it. An image that has vanished from the registry before it
// got its name is pushed once more.
func (p *Pipeline) publish(ctx context.Context, r *Result, request *pack.Request) error {
	pub := p.publisher()
	err := pub.verifyAndTag(ctx, r)
	var vanished *registry.Vanished
	if !errors.As(err, &vanished) {
		return err
	}
	p.begin(r, StagePush)
	if err := p.pushAgain(ctx, r, *request); err != nil {
		return err
	}
	return pub.verifyAndTag(ctx, r)
}

// pushAgain pushes an image once more that the registry has lost. The image has passed the gate, and files have been
// written already, so nothing but the very same image will do.
func (p *Pipeline) pushAgain(ctx context.Context, r *Result, request pack.Request) error {
	p.warn("%s is not in the registry any more, before it has its name: pushing it again", r.Built.Digest)
	builder, err := p.host.Engine(ctx)
	if err != nil {
		return err
	}
	request.Outputs = nil
	again, err := pack.Build(ctx, builder, request, nil)
	if err != nil {
		return err
	}
	if again.Digest != r.Built.Digest {
		return fmt.Errorf("%s is not named: the registry does not hold %s, which was pushed\npushed again, it was another image, %s, which was not tried", r.Name, r.Built.Digest, again.Digest)
	}
	return nil
}

// verifyAndTag reads back what the registry holds by its digest, and names it if that is what was built. What is attached to the
// image is attached before, so that the name is never without it.
func (p *publisher) verifyAndTag(ctx context.Context, r *Result) error {
	p.begin(r, StageVerify)
	found, err := p.readBack(ctx, r)
	switch {
	case registry.IsNotFound(err):
		return p.remote.Vanished(ctx, r.Name, r.Built.Digest, err)
	case err != nil:
		return fmt.Errorf("%w\n%s is not named: the registry holds %s without a tag", err, r.Name, r.Built.Digest)
	}
	r.add(found)
	if r.fails() {
		return exit.Findings
	}
	p.begin(r, StageTag)
	if err := p.attest(ctx, r); err != nil {
		return err
	}
	return p.tag(ctx, r)
}

// readBack verifies what the registry holds under the digest that the build pushed.
func (p *publisher) readBack(ctx context.Context, r *Result) (*diag.Report, error) {
	digest, err := p.remote.Parse(repositoryOf(r.Name) + "@" + r.Built.Digest)
	if err != nil {
		return nil, err
	}
	want := &verify.Expect{Manifest: r.Manifest, Platforms: slices.Clone(r.Built.Platforms), Reference: r.Name}
	found, image, err := verify.Published(ctx, digest, want, p.remote.Awaiting().Options(ctx)...)
	if err != nil {
		return nil, err
	}
	if r.predecessor != nil {
		if err := r.addLayers(image); err != nil {
			return nil, errors.Join(err, image.Close())
		}
	}
	r.Manifests, err = platformImages(image)
	return found, errors.Join(err, image.Close())
}

// addLayers compares the layers of the image with those of the one that was published before it, and reads none. Images of the same
// sources differ by their base images, which is what packageVersion is for.
func (r *Result) addLayers(image *source.Image) error {
	if was := sourcesOf(r.predecessor.Image); was != "" && was == sourcesOf(image) {
		return nil
	}
	changes, err := compareImages(r.predecessor.Image, image, r.predecessor.Manifest, r.Manifest, func(string) (*compare.Files, error) {
		return &compare.Files{Unknown: true}, nil
	})
	if err != nil {
		return err
	}
	r.succession.Add(changes...)
	r.add(r.succession.Repackaged(r.Path, r.predecessor.Name()))
	return nil
}

// sourcesOf returns the digest of what an image was built from; empty if it does not say.
func sourcesOf(img *source.Image) string {
	for _, p := range img.Platforms {
		if digest := p.Config.Config.Labels[seed.SourceLabel]; digest != "" {
			return digest
		}
	}
	return ""
}

// tag gives the verified image its name, and then its aliases. Aliases move: a user who asks for latest means this image.
func (p *publisher) tag(ctx context.Context, r *Result) error {
	digest := r.Built.Digest
	already, err := p.remote.Tag(ctx, r.Name, digest, p.IfExists == IfExistsOverwrite)
	var conflict *registry.TagConflict
	switch {
	case errors.As(err, &conflict):
		return p.conflict(ctx, r, conflict)
	case err != nil:
		return err
	}
	r.Published = &Published{Reference: r.Name + "@" + digest, Tags: []string{tagOf(r.Name)}, Already: already}
	return p.alias(ctx, r)
}

// alias gives a published image its aliases.
func (p *publisher) alias(ctx context.Context, r *Result) error {
	digest, conflict := r.Built.Digest, new(registry.TagConflict)
	for _, alias := range p.Aliases {
		err := p.remote.Alias(ctx, repositoryOf(r.Name)+":"+alias, digest)
		switch {
		case errors.As(err, &conflict):
			r.aliasTaken(conflict)
			return exit.Findings
		case err != nil:
			return fmt.Errorf("%w\n%s is published, without the alias %s", err, r.Name, alias)
		}
		r.Published.Tags = append(r.Published.Tags, alias)
	}
	return nil
}

// skip leaves the name to the image that has it.
func (r *Result) skip(message string) {
	r.Skipped = true
	r.addTag(diag.Diagnostic{Severity: diag.Notice, Message: message})
}

// conflictText says what a name stands for.
func conflictText(c *registry.TagConflict) string {
	if c.Overtaken {
		return fmt.Sprintf("%q names another image now, %s: another run published it", c.Reference, c.Held)
	}
	return fmt.Sprintf("%q names another image already, %s", c.Reference, c.Held)
}

// conflict refuses to move a name to an image that could not be compared.
func (r *Result) conflict(c *registry.TagConflict) {
	message := conflictText(c)
	if c.Immutable && !c.Overtaken {
		message += ", and the registry lets no tag move"
	}
	r.addTag(diag.Diagnostic{Hint: "raise " + r.raise(nil), Message: message + "; what was built is " + c.Proposed})
}

// aliasTaken is about a tag that would move if the registry let it.
func (r *Result) aliasTaken(c *registry.TagConflict) {
	d := diag.Diagnostic{Hint: "leave the alias out, or let it move in the registry's settings",
		Message: fmt.Sprintf("the alias %q names another image, %s, and the registry lets no tag move; %s is published without it",
			c.Reference, c.Held, r.Name)}
	if c.Overtaken {
		d.Hint = "publish again if the alias should name this image"
		d.Message = fmt.Sprintf("the alias %q names another image now, %s: another run moved it; %s is published without it", c.Reference, c.Held, r.Name)
	}
	r.addTag(d)
}

func (r *Result) addTag(d diag.Diagnostic) {
	d.Rule, d.Pointer = tagTaken, "/job/packageVersion"
	found := &diag.Report{Path: r.Path, Source: r.Manifest.Source}
	found.Add(d)
	r.add(found)
}
