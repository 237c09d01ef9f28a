package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seedpack/seedpack/lint/diag"
	"github.com/seedpack/seedpack/lint/seed"
	"github.com/seedpack/seedpack/pack"
)

// Expect is what a published image should be. Zero members are not compared.
type Expect struct {
	Manifest  *seed.Manifest
	Platforms []string // os/arch[/variant]
	Reference string   // the name that it is to have, where it is read by digest
}

// An Image is what a registry holds under a reference.
type Image struct {
	Digest    string
	Platforms []PublishedPlatform // in the order of the index
	// Manifest is the text that the label holds, of the first platform that has a label that can be read; nil without.
	Manifest []byte
}

// A PublishedPlatform is one image of an index, or the only one.
type PublishedPlatform struct {
	Platform string
	Digest   string
	Config   v1.Config
}

// Rules of a published image.
var (
	labelMissing = &diag.Rule{ID: "label-missing", Severity: diag.Error, Spec: "1.1 S-1.1-03",
		Summary: "the image must carry its manifest in the label " + seed.Label}
	labelUnreadable = &diag.Rule{ID: "label-unreadable", Severity: diag.Error, Spec: "2 S-2-01",
		Summary: "the label must hold a manifest"}
	labelForm = &diag.Rule{ID: "label-form", Severity: diag.Warning, Spec: "1.1 T-21",
		Summary: "the label should hold plain JSON, which every reader understands"}
	labelDiffers = &diag.Rule{ID: "label-differs", Severity: diag.Error, Spec: "2.1 S-2.1-01",
		Summary: "the label must hold the manifest that was packed"}
	platformsDisagree = &diag.Rule{ID: "platforms-disagree", Severity: diag.Error, Spec: "4 T-11",
		Summary: "the images of all platforms must carry the same manifest"}
	platformsDiffer = &diag.Rule{ID: "platforms-differ", Severity: diag.Error,
		Summary: "the image must be published for the platforms that were built"}
	nameDiffers = &diag.Rule{ID: "name-differs", Severity: diag.Error, Spec: "1.1 S-1.1-01, T-37",
		Summary: "repository and tag must be those that the manifest gives"}
	publishedNothing = &diag.Rule{ID: "published-nothing-to-run", Severity: diag.Error, Spec: "2.1.1.3 S-2.1.1.3-04",
		Summary: "a published image must have something to run"}
)

var publishedRules = []*diag.Rule{labelMissing, labelUnreadable, labelForm, labelDiffers, platformsDisagree, platformsDiffer, nameDiffers, publishedNothing}

// Published reads an image back from its registry, without its layers, and says whether it is what it should be. Want
// may be nil. The report is about the reference, its pointers are into the manifest of the label. An error means that
// the registry did not tell.
func Published(ctx context.Context, ref name.Reference, want *Expect, options ...remote.Option) (*diag.Report, *Image, error) {
	options = append(options, remote.WithContext(ctx))
	found, err := remote.Get(ref, options...)
	if err != nil {
		return nil, nil, err
	}
	image := &Image{Digest: found.Digest.String()}
	if err := image.read(found); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", ref, err)
	}
	if want == nil {
		want = &Expect{}
	}
	c := &check{want: want, image: image, report: &diag.Report{Path: ref.String()}}
	c.run(ref)
	c.report.Sort()
	return c.report, image, nil
}

const maxPlatforms = 64

func (i *Image) read(found *remote.Descriptor) error {
	if !found.MediaType.IsIndex() {
		img, err := found.Image()
		if err != nil {
			return err
		}
		return i.add(img, found.Digest)
	}
	index, err := found.ImageIndex()
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range manifest.Manifests {
		if d.Platform != nil && d.Platform.OS == "unknown" || !d.MediaType.IsImage() {
			continue // an attestation
		}
		if len(i.Platforms) == maxPlatforms {
			return fmt.Errorf("the index has more than %d images", maxPlatforms)
		}
		img, err := index.Image(d.Digest)
		if err != nil {
			return err
		}
		if err := i.add(img, d.Digest); err != nil {
			return err
		}
	}
	return nil
}

func (i *Image) add(img v1.Image, digest v1.Hash) error {
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	platform := v1.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
	i.Platforms = append(i.Platforms, PublishedPlatform{platform.String(), digest.String(), config.Config})
	return nil
}

// A check is one look at a published image.
type check struct {
	want   *Expect
	image  *Image
	report *diag.Report
	// manifest is that of the label, nil until one could be read.
	manifest *seed.Manifest
	value    any
}

func (c *check) add(rule *diag.Rule, at seed.Pointer, hint, format string, args ...any) {
	c.report.Add(diag.Diagnostic{Rule: rule, Pointer: at, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

func (c *check) run(ref name.Reference) {
	if len(c.image.Platforms) == 0 {
		c.add(platformsDiffer, "", "", "the index has no images")
		return
	}
	for _, p := range c.image.Platforms {
		c.label(p)
	}
	if c.manifest == nil {
		return
	}
	c.compare()
	c.name(ref)
	for _, p := range c.image.Platforms {
		if len(p.Config.Entrypoint)+len(p.Config.Cmd) == 0 && strings.TrimSpace(c.manifest.Job.Interface.Command) == "" {
			c.add(publishedNothing, "/job", "", "%s: the image has neither ENTRYPOINT nor CMD and the manifest no command", p.Platform)
		}
	}
}

// label reads the label of one platform; the first that can be read is what the others are compared with.
func (c *check) label(p PublishedPlatform) {
	value, ok := p.Config.Labels[seed.Label]
	if !ok {
		c.add(labelMissing, "", otherLabel(p.Config.Labels), "%s: there is no label %s", p.Platform, seed.Label)
		return
	}
	text, notes, err := pack.DecodeLabel(value)
	if err != nil {
		c.add(labelUnreadable, "", "", "%s: %v", p.Platform, err)
		return
	}
	for _, note := range notes {
		c.add(labelForm, "", "publish the job again: strict readers cannot read this label", "%s", note)
	}
	m := seed.Parse(text)
	if c.manifest == nil {
		c.manifest, c.value, c.image.Manifest = m, m.Source.Value(), text
		c.report.Source = m.Source
		return
	}
	if !same(c.value, m.Source.Value()) {
		c.add(platformsDisagree, "", "", "the manifest of %s is another than that of %s", p.Platform, c.image.Platforms[0].Platform)
	}
}

func (c *check) compare() {
	if want := c.want.Manifest; want != nil {
		if at, ok := difference("", want.Source.Value(), c.value); ok {
			c.add(labelDiffers, at, "", "the label's manifest is another than the one that was packed, first at %q", string(at))
		}
	}
	if want := c.want.Platforms; len(want) > 0 {
		var got []string
		for _, p := range c.image.Platforms {
			got = append(got, p.Platform)
		}
		want = slices.Sorted(slices.Values(want))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.add(platformsDiffer, "", "", "the registry holds %s, built were %s", strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
}

// name compares repository and tag with what the manifest gives: a name is never taken apart (trap T-37).
func (c *check) name(ref name.Reference) {
	repository, tag := ref.Context().RepositoryStr(), ""
	if t, ok := ref.(name.Tag); ok {
		tag = t.TagStr()
	}
	if c.want.Reference != "" {
		if t, err := name.NewTag(c.want.Reference, name.Insecure); err == nil {
			repository, tag = t.RepositoryStr(), t.TagStr()
		}
	}
	last := repository[strings.LastIndexByte(repository, '/')+1:]
	if want := c.manifest.Repository(); last != want {
		c.add(nameDiffers, "/job/name", "", "the repository is called %q, the manifest gives %q", last, want)
	}
	if want := c.manifest.Job.PackageVersion; tag != "" && tag != want {
		c.add(nameDiffers, "/job/packageVersion", "", "the tag is %q, the manifest gives %q", tag, want)
	}
}

// difference is the first place where two JSON values are not the same.
func difference(at seed.Pointer, a, b any) (seed.Pointer, bool) {
	x, ok1 := a.(map[string]any)
	y, ok2 := b.(map[string]any)
	if ok1 && ok2 {
		for _, k := range members(x, y) {
			_, in1 := x[k]
			_, in2 := y[k]
			if in1 != in2 {
				return at.Member(k), true
			}
			if p, differs := difference(at.Member(k), x[k], y[k]); differs {
				return p, true
			}
		}
		return "", false
	}
	l, ok1 := a.([]any)
	r, ok2 := b.([]any)
	if ok1 && ok2 && len(l) == len(r) {
		for i := range l {
			if p, differs := difference(at.Index(i), l[i], r[i]); differs {
				return p, true
			}
		}
		return "", false
	}
	return at, !same(a, b)
}

func members(x, y map[string]any) []string {
	var all []string
	for k := range x {
		all = append(all, k)
	}
	for k := range y {
		all = append(all, k)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// same compares JSON values; numbers by how they are written, or by what they are worth.
func same(a, b any) bool {
	x, ok1 := a.(json.Number)
	y, ok2 := b.(json.Number)
	if ok1 && ok2 && x != y {
		f, err1 := x.Float64()
		g, err2 := y.Float64()
		return err1 == nil && err2 == nil && f == g
	}
	switch a.(type) {
	case map[string]any, []any:
		if reflect.TypeOf(a) != reflect.TypeOf(b) {
			return false
		}
		if l, ok := a.([]any); ok && len(l) != len(b.([]any)) {
			return false
		}
		_, differs := difference("", a, b)
		return !differs
	}
	return a == b
}
