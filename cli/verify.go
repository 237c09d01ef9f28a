package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/overview"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
)

// verifyOptions are the flags of verify. Those that it shares with smoke are for --smoke.
type verifyOptions struct {
	sharedFlags sharedFlags
	against     string
	attestSmoke bool
}

func newVerifyCommand(p *Process) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify SOURCE...",
		Short: "Check images against the manifest they carry",
		Long: `Verify reads an image's label and configuration from where it is, without pulling layers, lints
the manifest inside, and checks that name and tag, the images of all platforms, dates and
annotations are what it says.

SOURCE is ` + source.Forms + `.
It is one image, or an index over those of several platforms.

With --against the label is compared with a manifest file, member by member. With --smoke the
image is run as well, as smoke --image does, in the cases beside that file if there are any;
--smoke=required wants one case that comes to a conclusion. --attest-smoke attaches the result to
the image in its registry.`,
		Example: `  seedpack verify registry.example.com/team/my-job-1.0.0-seed:1.0.0
  seedpack verify oci-archive:my-job.tar --against jobs/my-job
  seedpack verify --smoke registry.example.com/team/my-job-1.0.0-seed@sha256:…`,
		Args:        cobra.MinimumNArgs(1),
		Annotations: pathArgs(imagePath),
		RunE:        func(cmd *cobra.Command, args []string) error { return verifyImages(cmd.Context(), p, o, args) },
	}
	s := cmd.Flags()
	o.sharedFlags.add(s)
	pathVar(s, &o.against, "against", "", wholePath, "a job's directory or manifest: say what the label has otherwise")
	s.BoolVar(&o.attestSmoke, "attest-smoke", false, "with --smoke: "+attestSmokeUsage)
	smoke := s.Lookup("smoke")
	smoke.DefValue, smoke.NoOptDefVal, smoke.Usage = smokeOff, smokeAuto, "run the image too, as an executor would: auto, required or off"
	o.sharedFlags.smoke.mode = smokeOff
	s.Lookup("insecure-registry").Usage = "plain http also to registries on other machines"
	return cmd
}

// A verified is what was found about one source.
type verified struct {
	policy  diag.Policy
	reports []*diag.Report
	err     error
	job     *seed.Manifest  // of the label; nil if it could not be read
	image   *pipeline.Image // what the smoke run came to; nil without one
	took    time.Duration

	Source    string             `json:"source"`
	Name      string             `json:"name,omitempty"`      // that the manifest gives
	Reference string             `json:"reference,omitempty"` // in a registry, with the digest
	Digest    string             `json:"digest,omitempty"`
	Platforms []verifiedPlatform `json:"platforms"`
	// Attestations are listed, not checked. If the registry did not list them, Unknown says why.
	Attestations []source.Attestation `json:"attestations"`
	Unknown      string               `json:"attestationsUnknown,omitempty"`
	Smoke        string               `json:"smoke,omitempty"`
	// SmokeAttestation is the digest of what was attached to the image to say so; empty if nothing was.
	SmokeAttestation string `json:"smokeAttestation,omitempty"`
	Error            string `json:"error,omitempty"`
}

type verifiedPlatform struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest,omitempty"`
	ImageID  string `json:"imageId"`
	Created  string `json:"created,omitempty"`
	Label    string `json:"label"` // json, other (that not every reader understands), unreadable or missing
}

// A verifyDocument is what verify prints as JSON: lint's object with the sources.
type verifyDocument struct {
	report.Document
	Sources []*verified `json:"sources"`
}

// verifyImages looks at all images, also if one of them cannot be read.
func verifyImages(ctx context.Context, p *Process, o *verifyOptions, args []string) (err error) {
	s, err := o.sharedFlags.options(p, nil, nil)
	if err != nil {
		return err
	}
	var file *job.Job
	path := ""
	if o.against != "" {
		if file, err = job.ReadOne([]string{o.against}, p.roots, p.Stdin); err != nil {
			return err
		}
		path = file.Path
	}
	pipe, err := pipeline.New(s.options, p.host(s.engine), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.engine.close()) }()
	attest, err := o.attests(ctx, p, s)
	if err != nil {
		return err
	}
	var all []*verified
	for _, arg := range args {
		v := &verified{Source: arg, Platforms: []verifiedPlatform{}}
		if v.policy, err = s.policies.For(cmp.Or(path, arg)); err != nil {
			return policyError(err)
		}
		all = append(all, v)
		begin := time.Now()
		if v.err = v.find(ctx, s, pipe, file, attest); v.err != nil {
			v.Error = v.err.Error()
		}
		v.took = time.Since(begin)
		if ctx.Err() != nil {
			break
		}
	}
	return printVerified(s.out, all)
}

// attests reports whether results are attached: whether that was asked for, and whether the event may publish.
func (o *verifyOptions) attests(ctx context.Context, p *Process, s *session) (bool, error) {
	if o.attestSmoke && s.options.Smoke.Off {
		return false, exit.Usagef("--attest-smoke attaches what a smoke run came to: give --smoke, too")
	}
	if !o.attestSmoke {
		return false, nil
	}
	return mayPush(ctx, p, true, []string{cmp.Or(o.against, ".")})
}

// find opens the image and collects all findings. The file may be nil. Attest attaches what the smoke run came to.
func (v *verified) find(ctx context.Context, s *session, pipe *pipeline.Pipeline, file *job.Job, attest bool) (err error) {
	from, err := source.Parse(v.Source)
	if err != nil {
		return exit.Usage(err)
	}
	img, err := s.options.Remote.Open(ctx, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, img.Close()) }()
	if attest && img.Reference == nil {
		return exit.Usagef("%s is not in a registry, so --attest-smoke can attach nothing to it", v.Source)
	}
	v.list(img)
	found, manifest := verify.Image(img, nil)
	v.reports = []*diag.Report{found}
	if manifest == nil {
		return nil
	}
	v.Name, v.job = manifest.ImageName(), manifest
	v.reports = append(v.reports, lint.Manifest(found.Path, manifest, lint.Options{}))
	j := &job.Job{Path: found.Path, Manifest: manifest, Policy: v.policy}
	if file != nil {
		v.reports = append(v.reports, verify.Against(manifest, file.Manifest, file.Path))
		j.Path, j.Dir, j.Manifest = file.Path, file.Dir, file.Manifest
	}
	if s.options.Smoke.Off {
		return nil
	}
	return v.try(ctx, pipe, pipeline.Task{Job: j, Image: img}, attest)
}

// try runs the image, unless something is wrong with its manifest.
func (v *verified) try(ctx context.Context, pipe *pipeline.Pipeline, t pipeline.Task, attest bool) error {
	r, err := pipe.Try(ctx, t)
	v.reports = append(v.reports, r.Reports...)
	v.Smoke = r.Verdict().String()
	if attest && (err == nil || errors.Is(err, exit.Findings)) {
		if failed := pipe.AttestSmoke(ctx, r, t.Image.Reference.Context().Name(), t.Image.Digest); failed != nil {
			err = failed
		}
		v.SmokeAttestation = r.SmokeAttestation
	}
	v.image = r.Image(err)
	if errors.Is(err, exit.Findings) {
		return nil
	}
	return err
}

func (v *verified) list(img *source.Image) {
	v.Digest = img.Digest
	if img.Reference != nil {
		v.Reference = img.Reference.Context().Name() + "@" + img.Digest
	}
	for _, p := range img.Platforms {
		found := verifiedPlatform{Platform: p.Name, Digest: p.Digest, ImageID: p.ImageID, Label: labelKind(p)}
		if at := p.Config.Created.Time; !at.IsZero() {
			found.Created = at.UTC().Format(time.RFC3339)
		}
		v.Platforms = append(v.Platforms, found)
	}
	var err error
	if v.Attestations, err = img.Attestations(); err != nil {
		v.Unknown = err.Error()
	}
	if v.Attestations == nil {
		v.Attestations = []source.Attestation{}
	}
}

func labelKind(p source.Platform) string {
	value, ok := p.Config.Config.Labels[seed.Label]
	if !ok {
		return "missing"
	}
	_, notes, err := pack.DecodeLabel(value)
	switch {
	case err != nil:
		return "unreadable"
	case len(notes) > 0 || !pack.ReadsBlindly(value):
		return "other"
	}
	return "json"
}

// printVerified prints what was found of all sources, and returns the error that ends the command.
func printVerified(out *printer, all []*verified) error {
	found := &findings{command: "verify", images: true}
	var failures []error
	for _, v := range all {
		if v.err != nil {
			failures = append(failures, v.err)
			found.failures = append(found.failures, report.Failure{Path: v.Source, Message: v.Error})
		}
		v.reports = diag.Merge(v.reports...)
		if v.image != nil {
			v.image.Reports = v.reports
			found.jobs = append(found.jobs, v.image)
		}
		for _, r := range v.reports {
			found.judge(v.policy.Apply(r), v.policy)
		}
	}
	err := errors.Join(out.writeFiles(found), out.print(found, verifyDocument{report.New(found.reports), all}))
	if out.text() {
		err = errors.Join(err, printSources(out, all))
	}
	switch {
	case err != nil:
		return err
	case len(failures) > 0:
		return errors.Join(failures...)
	case slices.ContainsFunc(all, func(v *verified) bool { return v.policy.Fails(v.reports...) }):
		return exit.Findings
	}
	return nil
}

func printSources(out *printer, all []*verified) error {
	var text strings.Builder
	for _, v := range all {
		if v.Unknown != "" {
			fmt.Fprintln(out.process.Stderr, "seedpack: "+report.EscapeLines(v.Unknown))
		}
		if v.err != nil || v.policy.Fails(v.reports...) {
			continue
		}
		fmt.Fprintln(&text, "verified", report.Escape(v.Source))
		if out.verbose {
			v.describe(&text)
		}
	}
	_, err := io.WriteString(out.lines(), text.String())
	sayVerified(out, all)
	return err
}

// sayVerified prints a table of several images, and how many are as they should be.
func sayVerified(out *printer, all []*verified) {
	if len(all) < 2 {
		return
	}
	var rows []tableRow
	good := 0
	for _, v := range all {
		row := v.row()
		if row.tone != overview.Bad {
			good++
		}
		rows = append(rows, row)
	}
	out.showTable(rows)
	fmt.Fprintf(out.process.Stderr, "%d images in %.2f s: %d verified, %d not\n", len(all), time.Since(out.began).Seconds(), good, len(all)-good)
}

func (v *verified) row() tableRow {
	row := tableRow{job: v.Source, took: v.took}
	if v.job != nil {
		row.job, row.version, row.packaged = v.job.Job.Name, v.job.Job.JobVersion, v.job.Job.PackageVersion
	}
	if v.err != nil {
		row.verdict, row.tone = "not read", overview.Bad
		return row
	}
	row.found(v.reports, v.policy, "verified")
	return row
}

func (v *verified) describe(b *strings.Builder) {
	line := func(fields ...string) {
		fmt.Fprintln(b, report.Escape("  "+strings.Join(strings.Fields(strings.Join(fields, " ")), " ")))
	}
	line("name", v.Name, v.Digest)
	for _, p := range v.Platforms {
		line("platform", p.Platform, p.Digest, "created", p.Created)
	}
	for _, a := range v.Attestations {
		line("attested", a.Type, "of", a.Subject)
	}
	if v.Smoke != "" {
		line("smoke", v.Smoke)
	}
	if v.SmokeAttestation != "" {
		line("attached", v.SmokeAttestation)
	}
}
