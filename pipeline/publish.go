package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
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
}

// publisher returns nil if nothing is published.
func (p *Pipeline) publisher() *publisher {
	if p.opt.Publish == nil {
		return nil
	}
	return &publisher{p.opt.Publish, p.opt.Remote, p.begin}
}

// preflight asks the registry what would make the build pointless. It reports done if the job is to be skipped for certain.
func (p *publisher) preflight(ctx context.Context, r *Result, request *pack.Request) (done bool, err error) {
	if p.Preflight {
		if err := p.remote.Preflight(ctx, r.Name); err != nil {
			return false, err
		}
	}
	switch p.IfExists {
	case IfExistsOverwrite:
		return false, nil
	case IfExistsSkip:
		if len(request.Outputs) > 0 {
			return false, nil // they are wanted also if the name is taken
		}
		return p.skipEarly(ctx, r)
	}
	return false, p.conflictEarly(ctx, r, request.Label)
}

// skipEarly reports done if the name is taken.
func (p *publisher) skipEarly(ctx context.Context, r *Result) (done bool, err error) {
	held, err := p.remote.Held(ctx, r.Name)
	if err != nil || held == "" {
		return false, err
	}
	instead := "not built"
	if r.Task.Image != nil {
		instead = "not tried"
	}
	r.skip(fmt.Sprintf("%q names %s already: %s", r.Name, held, instead))
	return true, nil
}

// conflictEarly refuses a name that is held by an image with another manifest: what is to be built cannot have the same
// digest. If the registry does not answer, it is asked again when the image is tagged.
func (p *publisher) conflictEarly(ctx context.Context, r *Result, label string) error {
	if !p.Preflight {
		return nil
	}
	ref, err := p.remote.Parse(r.Name)
	if err != nil {
		return err
	}
	img, err := source.OpenReference(ctx, ref, p.remote.Options(ctx)...)
	if err != nil {
		return nil
	}
	for _, platform := range img.Platforms {
		if !pack.Labelled(platform.Config.Config.Labels, label) {
			r.taken(&registry.TagConflict{Reference: r.Name, Held: img.Digest})
			return errors.Join(exit.Findings, img.Close())
		}
	}
	return img.Close()
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

// verifyAndTag reads back what the registry holds by its digest, and names it if that is what was built.
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
	r.add(verify.Succession(ctx, r.Path, r.Manifest, image, p.remote.Options(ctx)...))
	r.Manifests, err = platformImages(image)
	return found, errors.Join(err, image.Close())
}

// tag gives the verified image its name, and then its aliases. Aliases move: a user who asks for latest means this image.
func (p *publisher) tag(ctx context.Context, r *Result) error {
	digest := r.Built.Digest
	already, err := p.remote.Tag(ctx, r.Name, digest, p.IfExists == IfExistsOverwrite)
	var conflict *registry.TagConflict
	switch {
	case errors.As(err, &conflict) && p.IfExists == IfExistsSkip:
		r.skip(conflictText(conflict) + "; not moved to " + conflict.Proposed)
		return nil
	case errors.As(err, &conflict):
		r.taken(conflict)
		return exit.Findings
	case err != nil:
		return err
	}
	r.Published = &Published{Reference: r.Name + "@" + digest, Tags: []string{tagOf(r.Name)}, Already: already}
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

// taken refuses to move a name.
func (r *Result) taken(c *registry.TagConflict) {
	version := r.Manifest.Job.PackageVersion
	hint := "raise packageVersion, or jobVersion where the job itself has changed"
	if next := nextVersion(version); next != "" {
		hint = fmt.Sprintf("raise packageVersion from %s to %s, or jobVersion where the job itself has changed", version, next)
	}
	message := conflictText(c)
	switch {
	case c.Proposed == "" && r.Task.Image != nil:
		message += ", whose manifest is another: not tried"
	case c.Proposed == "":
		message += ", whose manifest is another: not built"
	case c.Immutable && !c.Overtaken:
		message += ", and the registry lets no tag move; what was built is " + c.Proposed
	default:
		message += "; what was built is " + c.Proposed
	}
	r.addTag(diag.Diagnostic{Hint: hint, Message: message})
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

// nextVersion returns the version to publish after one that is taken: the release of a pre-release, else the next patch.
// It is empty if the version is no semantic version.
func nextVersion(version string) string {
	release, _, isPre := strings.Cut(version, "-")
	parts := strings.Split(release, ".")
	if len(parts) != 3 {
		return ""
	}
	patch, err := strconv.ParseUint(parts[2], 10, 32)
	switch {
	case err != nil:
		return ""
	case isPre:
		return release
	}
	return fmt.Sprintf("%s.%s.%d", parts[0], parts[1], patch+1)
}
