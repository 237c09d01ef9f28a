package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/seed"
)

// Expect is what a published image should be. Members with a zero value are not compared.
type Expect struct {
	Manifest  *seed.Manifest
	Platforms []string  // os/arch[/variant]
	Reference string    // the name that it will get, if it is read by digest
	Now       time.Time // default: the current time
}

// Rules of a published image.
var (
	labelMissing = &diag.Rule{ID: "label-missing", Severity: diag.Error, Spec: "1.1 S-1.1-03 J-02 J-05",
		Summary: "the image must carry its manifest in the label " + seed.Label}
	labelUnreadable = &diag.Rule{ID: "label-unreadable", Severity: diag.Error, Spec: "2 S-2-01",
		Summary: "the label must hold a manifest"}
	labelForm = &diag.Rule{ID: "label-form", Severity: diag.Warning, Spec: "1.1, 4.4 S-4.4-01, T-21",
		Summary: "the label should hold plain JSON, which every reader understands"}
	labelJobPack = &diag.Rule{ID: "label-jobpack", Severity: diag.Warning, Spec: "1.1 J-02",
		Summary: "a Seed image should not carry the label of JobPack"}
	labelDiffers = &diag.Rule{ID: "label-differs", Severity: diag.Error, Spec: "2.1 S-2.1-01",
		Summary: "the label must hold the manifest that was packed"}
	platformsDisagree = &diag.Rule{ID: "platforms-disagree", Severity: diag.Error, Spec: "4 T-11",
		Summary: "the images of all platforms must carry the same manifest"}
	platformsDiffer = &diag.Rule{ID: "platforms-differ", Severity: diag.Error,
		Summary: "the image must be published for the platforms that were built"}
	nameDiffers = &diag.Rule{ID: "name-differs", Severity: diag.Error, Spec: "1.1 S-1.1-01, 4 S-4-01, T-37",
		Summary: "repository and tag must be those that the manifest gives"}
	publishedNothing = &diag.Rule{ID: "published-nothing-to-run", Severity: diag.Error, Spec: "2.1.1.3 S-2.1.1.3-04",
		Summary: "a published image must have something to run"}
	platformDeclared = &diag.Rule{ID: "platform-declared", Severity: diag.Error,
		Summary: "an index must say of each image what it is for"}
	createdImplausible = &diag.Rule{ID: "created-implausible", Severity: diag.Warning,
		Summary: "an image should be dated to when it can have been made"}
	annotationDiffers = &diag.Rule{ID: "annotation-differs", Severity: diag.Warning,
		Summary: "the annotations of an image should say what its manifest says"}
)

var publishedRules = []*diag.Rule{labelMissing, labelUnreadable, labelForm, labelJobPack, labelDiffers, platformsDisagree, platformsDiffer, nameDiffers, publishedNothing,
	platformDeclared, createdImplausible, annotationDiffers}

// Published reads an image back from its registry, without its layers, and reports how it differs from what it should
// be. want may be nil. The report's path is the reference, and its pointers are into the manifest of the label. The
// caller closes the image. An error means that the registry could not be read.
func Published(ctx context.Context, ref name.Reference, want *Expect, options ...remote.Option) (*diag.Report, *source.Image, error) {
	img, err := source.OpenReference(ctx, ref, options...)
	if err != nil {
		return nil, nil, err
	}
	report, _ := Image(img, want)
	report.Path = ref.String()
	return report, img, nil
}

// Image reports how an image, wherever it is stored, differs from what it should be. want may be nil. The report's path
// is the source. Its pointers are into the manifest of the label, which Image also returns; it is nil if no label holds
// one.
func Image(img *source.Image, want *Expect) (*diag.Report, *seed.Manifest) {
	if want == nil {
		want = &Expect{}
	}
	c := &check{want: want, image: img, report: &diag.Report{Path: img.Source.String()}}
	c.run()
	c.report.Sort()
	return c.report, c.manifest
}

// A check is the state of Image.
type check struct {
	want   *Expect
	image  *source.Image
	report *diag.Report
	// manifest is the manifest of the label. It is nil until one could be read.
	manifest *seed.Manifest
	from     string // the platform whose label holds manifest
	value    any
}

func (c *check) add(rule *diag.Rule, at seed.Pointer, hint, format string, args ...any) {
	c.report.Add(diag.Diagnostic{Rule: rule, Pointer: at, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

func (c *check) run() {
	if len(c.image.Platforms) == 0 {
		c.add(platformsDiffer, "", "", "the index has no images")
		return
	}
	for _, p := range c.image.Platforms {
		c.label(p)
		c.platform(p)
	}
	if c.manifest == nil {
		return
	}
	c.compare()
	c.name()
	for _, p := range c.image.Platforms {
		c.annotations(p)
		if len(p.Config.Config.Entrypoint)+len(p.Config.Config.Cmd) == 0 && strings.TrimSpace(c.manifest.Job.Interface.Command) == "" {
			c.add(publishedNothing, "/job", "", "%s: the image has neither ENTRYPOINT nor CMD and the manifest no command", p.Name)
		}
	}
}

// label reads the label of one platform. All others are compared with the first readable one.
func (c *check) label(p source.Platform) {
	text, found := readLabel(p.Name, p.Config.Config.Labels)
	if found != nil {
		c.report.Add(*found)
		return
	}
	for _, note := range labelNotes(p) {
		c.report.Add(note)
	}
	if note := jobPackNote(p); note != nil {
		c.report.Add(*note)
	}
	m := seed.Parse(text)
	if c.manifest == nil {
		c.manifest, c.from, c.value = m, p.Name, m.Source.Value()
		c.report.Source = m.Source
		return
	}
	if !equalJSON(c.value, m.Source.Value()) {
		c.add(platformsDisagree, "", "", "the manifest of %s is another than that of %s", p.Name, c.from)
	}
}

// platform compares the index with the image of one platform, and checks the image's date.
func (c *check) platform(p source.Platform) {
	if p.Declared != "" && p.Declared != p.Name {
		c.add(platformDeclared, "", "", "the index says %s of an image that is for %s: executors take the wrong one", p.Declared, p.Name)
	}
	now := c.want.Now
	if now.IsZero() {
		now = time.Now()
	}
	created := p.Config.Created.Time
	switch {
	case created.IsZero(): // it is optional
	case created.Unix() < 0:
		c.add(createdImplausible, "", "", "%s: the image was created on %s, before there were computers to do it", p.Name, created.UTC().Format(time.DateOnly))
	case created.After(now.Add(clockSkew)):
		c.add(createdImplausible, "", "", "%s: the image was created on %s, which is yet to come", p.Name, created.UTC().Format(time.DateOnly))
	}
}

// clockSkew is how much the clocks of two machines may differ.
const clockSkew = 24 * time.Hour

// annotations compares the annotations of an image manifest with the Seed manifest.
func (c *check) annotations(p source.Platform) {
	job := &c.manifest.Job
	for _, a := range []struct {
		name     string
		at       seed.Pointer
		severity diag.Severity
		want     []string
	}{
		{"version", "/job/jobVersion", diag.Unset, []string{job.JobVersion, job.PackageVersion, job.JobVersion + "-" + job.PackageVersion}},
		{"title", "/job/title", diag.Notice, []string{job.Title, job.Name}},
		{"description", "/job/description", diag.Notice, []string{job.Description}},
	} {
		got, ok := p.Annotations["org.opencontainers.image."+a.name]
		if ok && !slices.Contains(a.want, got) {
			c.report.Add(diag.Diagnostic{Rule: annotationDiffers, Severity: a.severity, Pointer: a.at,
				Message: fmt.Sprintf("the annotation org.opencontainers.image.%s of %s is %q, the manifest gives %q", a.name, p.Name, got, a.want[0])})
		}
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
			got = append(got, p.Name)
		}
		want = slices.Sorted(slices.Values(want))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.add(platformsDiffer, "", "", "the registry holds %s, built were %s", strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
}

// name compares repository and tag with those of the manifest. It builds the expected name and never splits the actual
// one (trap T-37). Outside of a registry, a name is not final.
func (c *check) name() {
	repository, tag := imageName(c.image)
	if c.want.Reference != "" {
		if t, err := name.NewTag(c.want.Reference, name.Insecure); err == nil {
			repository, tag = t.RepositoryStr(), t.TagStr()
		}
	}
	severity := diag.Unset
	if c.image.Reference == nil {
		severity = diag.Warning
	}
	last := repository[strings.LastIndexByte(repository, '/')+1:]
	if want := c.manifest.Repository(); repository != "" && last != want {
		hint := ""
		if strings.HasSuffix(last, "-jobpack") {
			hint = "that is how JobPack, the standard before Seed, called images"
		}
		c.report.Add(diag.Diagnostic{Rule: nameDiffers, Severity: severity, Pointer: "/job/name", Hint: hint, Message: fmt.Sprintf("the repository is called %q, the manifest gives %q", last, want)})
	}
	if want := c.manifest.Job.PackageVersion; tag != "" && tag != want {
		c.report.Add(diag.Diagnostic{Rule: nameDiffers, Severity: severity, Pointer: "/job/packageVersion", Message: fmt.Sprintf("the tag is %q, the manifest gives %q", tag, want)})
	}
}

// imageName returns the repository and the tag of an image. Either may be empty.
func imageName(img *source.Image) (repository, tag string) {
	ref := img.Reference
	if ref == nil {
		if !strings.ContainsAny(img.Name, ":/") {
			return "", img.Name // a layout may have an image under a tag alone
		}
		var err error
		if ref, err = name.ParseReference(img.Name); err != nil {
			return "", ""
		}
	}
	if t, ok := ref.(name.Tag); ok {
		tag = t.TagStr()
	}
	return ref.Context().RepositoryStr(), tag
}
