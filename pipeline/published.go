package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// This file is about a name that an image has already. In this order:
//
//  1. The image was built from the same sources and has the same manifest: it is published already, and nothing is built.
//  2. Otherwise the image is built and compared with it, and not pushed. If nothing differs that counts, it is published already.
//  3. Otherwise the name is taken: the error says what differs, and which version must rise.

// A holder is the image that has the name of a job.
type holder struct {
	*source.Image
	manifest *seed.Manifest // of its label; nil if none can be read
	// says is what begins findings about it.
	says string
}

// open looks for the image that has a name. It returns nil if there is none.
func (p *publisher) open(ctx context.Context, reference string) (*holder, error) {
	ref, err := p.remote.Parse(reference)
	if err != nil {
		return nil, err
	}
	img, err := source.OpenReference(ctx, ref, p.remote.Options(ctx)...)
	switch {
	case registry.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look up %s: %w", reference, err)
	}
	m, _ := verify.FromLabel(img)
	return &holder{img, m, fmt.Sprintf("%q names another image already, %s", reference, img.Digest)}, nil
}

// checkHolder looks at the image that has the name of a job. It reports done if that is the job's own, and returns
// exit.Findings if the name is taken for certain. Otherwise the result keeps the holder, to compare what is built with it.
func (p *publisher) checkHolder(ctx context.Context, r *Result, request *pack.Request) (done bool, err error) {
	held, err := p.open(ctx, r.Name)
	if held == nil || err != nil {
		return false, err
	}
	r.holder = held
	same, err := p.judge(ctx, r, held, request)
	if err != nil || !same {
		return r.Skipped, err
	}
	r.already(held)
	r.add(p.baseMoved(ctx, r, held))
	return true, p.alias(ctx, r)
}

// judge compares the image that has the name with what is known before anything is built. It returns exit.Findings if the name
// is taken for certain.
func (p *publisher) judge(ctx context.Context, r *Result, held *holder, request *pack.Request) (same bool, err error) {
	switch {
	case held.manifest == nil:
		r.taken(held, nil, "")
		return false, exit.Findings
	case r.Task.Image != nil:
		return p.compare(ctx, r, held, r.Task.Image, "not tried")
	case len(request.Outputs) == 0 && held.isFrom(request):
		return true, nil
	}
	if c := compare.Manifests(held.manifest, r.Manifest); c.Another || c.Class() != compare.None {
		r.taken(held, c, "not built")
		return false, exit.Findings
	}
	return false, nil
}

// isFrom reports whether an image was built from the sources of a request, and carries its manifest.
func (h *holder) isFrom(request *pack.Request) bool {
	digest := request.Marks[seed.SourceLabel]
	return digest != "" && len(h.Platforms) > 0 && !slices.ContainsFunc(h.Platforms, func(p source.Platform) bool {
		labels := p.Config.Config.Labels
		return labels[seed.SourceLabel] != digest || !pack.Labelled(labels, request.Label)
	})
}

// settle decides about a job whose name is another image's, once there is an image of the job. The error is exit.Findings if the
// name is taken. Instead says what was not done because of it.
func (p *publisher) settle(ctx context.Context, r *Result, held *holder, img *source.Image, instead string) error {
	same, err := p.compare(ctx, r, held, img, instead)
	if err != nil || !same {
		return err
	}
	r.already(held)
	return p.alias(ctx, r)
}

// compare compares the image that has the name with another one. If they differ, it reports that, and returns exit.Findings
// unless the user wants such a job skipped.
func (p *publisher) compare(ctx context.Context, r *Result, held *holder, img *source.Image, instead string) (same bool, err error) {
	if held.manifest == nil {
		r.taken(held, nil, instead)
		return false, exit.Findings
	}
	c := compare.Manifests(held.manifest, r.Manifest)
	alike := !c.Another && c.Class() == compare.None
	changes, err := CompareImages(held.Image, img, held.manifest, r.Manifest, source.Exact)
	if err != nil {
		return false, err
	}
	// How the layers of an image were made is no part of what it is.
	c.Add(slices.DeleteFunc(changes, func(c compare.Change) bool { return c.History })...)
	switch {
	case alike && c.Class() == compare.None:
		return true, nil
	case alike && fromSameCommit(held.Image, img) && p.IfExists == IfExistsSkip:
		r.skip(r.notReproducible(held, c))
		return false, nil
	case alike && fromSameCommit(held.Image, img):
		r.addTag(diag.Diagnostic{Message: r.notReproducible(held, c), Hint: "make the build reproducible, or raise " + r.raise(c)})
		return false, exit.Findings
	}
	if base := movedBase(held.Image, img); base != "" {
		instead = strings.Trim(base+", "+instead, ", ")
	}
	r.taken(held, c, instead)
	return false, exit.Findings
}

// fromSameCommit reports whether an image that has no digest of its sources was built from the same commit.
func fromSameCommit(held, img *source.Image) bool {
	for _, p := range held.Platforms {
		labels := p.Config.Config.Labels
		revision := labels[pack.AttributePrefix+"revision"]
		own := platformOf(img, p.Name)
		if revision == "" || labels[seed.SourceLabel] != "" || own.Config == nil || own.Config.Config.Labels[pack.AttributePrefix+"revision"] != revision {
			return false
		}
	}
	return true
}

// notReproducible says how an image differs from the published one of the same commit.
func (r *Result) notReproducible(held *holder, c *compare.Comparison) string {
	where := ""
	for _, change := range c.Changes {
		what := change.Message
		if change.Files != nil {
			what = filesUnder(change.Files)
		}
		where += ", " + what
	}
	return fmt.Sprintf("%q names %s already, built from the same commit: the build is not reproducible%s", r.Name, held.Digest, where)
}

// filesUnder says how many files differ, and the directory that they are all in.
func filesUnder(f *compare.Files) string {
	all := slices.Concat(f.Added, f.Removed, f.Changed)
	if len(all) == 1 {
		return "1 file differs: " + diag.QuoteFew(all)
	}
	common := path.Dir(all[0])
	for _, name := range all {
		for common != "/" && common != "." && !strings.HasPrefix(name, common+"/") {
			common = path.Dir(common)
		}
	}
	return fmt.Sprintf("%d files under %s differ", f.Count(), diag.QuoteFew([]string{common}))
}

// movedBase says that two images have different base images; empty if that is not known.
func movedBase(held, img *source.Image) string {
	base := func(img *source.Image) string {
		for _, p := range img.Platforms {
			labels := p.Config.Config.Labels
			if name := labels[pack.AttributePrefix+"base.name"]; name != "" {
				return name + "@" + labels[pack.AttributePrefix+"base.digest"]
			}
		}
		return ""
	}
	if was, is := base(held), base(img); was != "" && is != "" && was != is {
		return fmt.Sprintf("its base image is %s, it was %s", is, was)
	}
	return ""
}

// already settles a job whose image is published already.
func (r *Result) already(held *holder) {
	built := &pack.Result{Digest: held.Digest}
	for _, p := range held.Platforms {
		built.Platforms = append(built.Platforms, p.Name)
	}
	if len(held.Platforms) == 1 {
		built.ImageID = held.Platforms[0].ImageID
	}
	if r.Built != nil {
		built.Outputs = r.Built.Outputs
	}
	r.Built = built
	r.Published = &Published{Reference: r.Name + "@" + held.Digest, Tags: []string{tagOf(r.Name)}, Already: true}
	if manifests, err := platformImages(held.Image); err == nil {
		r.Manifests = manifests
	}
}

// headWait is how long the registry of a base image is waited for. A closed network may swallow the request.
const headWait = 5 * time.Second

// head returns the digest that a base image has now, or "" if that is not known. It asks once for each base image.
func (p *publisher) head(ctx context.Context, name string) string {
	ask := sync.OnceValue(func() string {
		ctx, cancel := context.WithTimeout(ctx, headWait)
		defer cancel()
		digest, err := p.remote.Head(ctx, name)
		if err != nil {
			return ""
		}
		return digest
	})
	known, _ := p.heads.LoadOrStore(name, ask)
	return known.(func() string)()
}

// baseMoved reports that the base image of a published image has another digest now. If the registry of the base image does not
// answer, there is nothing to report.
func (p *publisher) baseMoved(ctx context.Context, r *Result, held *holder) *diag.Report {
	labels := held.Platforms[0].Config.Config.Labels
	name, was := labels[pack.AttributePrefix+"base.name"], labels[pack.AttributePrefix+"base.digest"]
	if name == "" || was == "" || strings.Contains(name, "@") {
		return nil
	}
	is := p.head(ctx, name)
	if is == "" || is == was {
		return nil
	}
	found := &diag.Report{Path: r.Path, Source: r.Manifest.Source}
	d := diag.Diagnostic{Rule: baseMoved, Pointer: "/job/packageVersion",
		Message: fmt.Sprintf("the base image %s has moved since this was published, from %s to %s", name, was, is)}
	if next := compare.Next(r.Manifest.Job.PackageVersion, compare.Patch); next != "" {
		d.Hint = fmt.Sprintf("raise packageVersion to %s to ship it", next)
	}
	found.Add(d)
	return found
}

// setAside has a build leave its image in a file of ours instead of pushing it, to compare it with the image that has its name.
// A classic store of a Docker Engine cannot write such a file: there the image is pushed without a name, and compared then.
func (r *Result) setAside(ctx context.Context, e *engine.Builder, request *pack.Request) error {
	classic, err := e.Classic(ctx, request.Platforms)
	if err != nil || classic {
		return err
	}
	dir, remove, err := disk.Scratch("", "seedpack-compare-")
	if err != nil {
		return err
	}
	r.removeAside = remove
	r.aside = filepath.Join(dir, "image.tar")
	request.Repository = ""
	request.Outputs = append(slices.Clip(request.Outputs), pack.Output{Type: "oci", Dest: r.aside, Name: r.Name,
		Attrs: map[string]string{"compression": "uncompressed", "force-compression": "true"},
		Load:  func(_ context.Context, from io.Reader) error { return r.receive(from) }})
	return nil
}

func (r *Result) receive(from io.Reader) error {
	to, err := os.Create(r.aside)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// compareAside compares the image that was set aside with the one that has its name. The other outputs are kept if the image is
// published already.
func (p *Pipeline) compareAside(ctx context.Context, r *Result) (err error) {
	outputs := r.Built.Outputs
	i := slices.IndexFunc(outputs, func(o pack.Written) bool { return o.Path() == r.aside })
	if i < 0 {
		return errors.New("the engine gave no image to compare")
	}
	aside := outputs[i]
	r.Built.Outputs = slices.Delete(outputs, i, i+1)
	if err := aside.Keep(ctx); err != nil {
		return err
	}
	img, err := source.Open(ctx, source.Source{Kind: source.LayoutArchive, Path: r.aside}, source.Options{})
	if err != nil {
		return fmt.Errorf("compare what was built: %w", err)
	}
	defer func() { err = errors.Join(err, img.Close()) }()
	if err := p.publisher().settle(ctx, r, r.holder, img, "not pushed"); err != nil {
		return err
	}
	return r.keep(ctx, p.opt.Outputs)
}

// conflict decides about a name that another image got while the job was built.
func (p *publisher) conflict(ctx context.Context, r *Result, c *registry.TagConflict) error {
	held, err := p.open(ctx, repositoryOf(r.Name)+"@"+c.Held)
	if held == nil || err != nil {
		r.conflict(c)
		return exit.Findings
	}
	defer held.Close()
	held.says = conflictText(c)
	built, err := p.open(ctx, repositoryOf(r.Name)+"@"+r.Built.Digest)
	if built == nil || err != nil || c.Immutable {
		r.conflict(c)
		return exit.Findings
	}
	defer built.Close()
	return p.settle(ctx, r, held, built.Image, "what was built is "+c.Proposed)
}

// taken reports that another image has the name. The comparison may be nil: the image holds no manifest.
func (r *Result) taken(held *holder, c *compare.Comparison, instead string) {
	message := held.says
	hint := "raise " + r.raise(c)
	switch {
	case c == nil:
		message += ", which holds no manifest that can be read"
	case c.Another:
		message += fmt.Sprintf(", which is another job, %q", c.Old.Job.Name)
	default:
		message += ": " + changed(c)
	}
	if instead != "" {
		message += "; " + instead
	}
	r.addTag(diag.Diagnostic{Hint: hint, Message: message})
}

// changed names the first changes.
func changed(c *compare.Comparison) string {
	const few = 3
	var all []string
	for i, change := range c.Changes {
		if i == few {
			all = append(all, fmt.Sprintf("and %d more", len(c.Changes)-few))
			break
		}
		all = append(all, change.Message)
	}
	return strings.Join(all, "; ")
}

// raise says which version must rise for a new name.
func (r *Result) raise(c *compare.Comparison) string {
	job := &r.Manifest.Job
	if c != nil && !c.Another {
		if need := c.Required(); need.Job != "" && need.Package == "" {
			return fmt.Sprintf("jobVersion from %s to %s", job.JobVersion, need.Job)
		}
	}
	if next := compare.Next(job.PackageVersion, compare.Patch); next != "" {
		return fmt.Sprintf("packageVersion from %s to %s, or jobVersion where the job itself has changed", job.PackageVersion, next)
	}
	return "packageVersion, or jobVersion where the job itself has changed"
}
