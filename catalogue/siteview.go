package catalogue

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/page"
	"github.com/seedpack/seedpack/seed"
)

// Values of the templates in package page.

type listPage struct {
	Jobs, Images, Skipped int
	Registries            []string
}

func listView(c *Catalogue, jobs []*Job) listPage {
	images := 0
	for _, j := range jobs {
		images += len(j.Images)
	}
	return listPage{len(jobs), images, len(c.Skipped), c.Registries}
}

type allRow struct{ Path, Name, Version, Title, Place string }

func allView(jobs []*Job) []allRow {
	rows := make([]allRow, len(jobs))
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b *Job) int { return strings.Compare(a.Name, b.Name) })
	for n, j := range jobs {
		job := &j.Images[0].Seed().Job
		rows[n] = allRow{j.file(".html"), j.Name, job.JobVersion, clip(job.Title, maxTitle), j.place()}
	}
	return rows
}

// maxSkipped is how many skipped images a page names.
const maxSkipped = 2_000

type skippedPage struct {
	Rows []Skipped
	More int
}

func skippedView(c *Catalogue) skippedPage {
	shown := min(len(c.Skipped), maxSkipped)
	return skippedPage{c.Skipped[:shown], len(c.Skipped) - shown}
}

// A jobPage is the page of a job.
type jobPage struct {
	Title, Name, Place   string
	Badges               []badge
	Tags                 []string
	Description          string
	Inputs, Outputs      []port // in the picture
	MoreInputs           int    // that are only in the tables
	MoreOutputs          int
	Needs                string
	Commands             []shellCommand
	InputFiles           []seed.InputFile
	InputJSON            []seed.InputJSON
	OutputFiles          []seed.OutputFile
	OutputJSON           []seed.OutputJSON
	Settings             []seed.Setting
	Mounts               []seed.Mount
	Resources            []resource
	Errors               []seed.Error
	Versions             []version
	MoreVersions         int // that are not shown
	Manifest             string
	Facts                []fact
	BadgeFile, BadgeText string
	PageFile             string
}

// A badge is a fact in two words. Tone is "", good, warn or bad.
type badge struct{ Key, Value, Tone string }

// A port is an input or output in the picture.
type port struct {
	Name, What string
	Required   bool
}

type resource struct {
	Name, Amount string
	Multiplier   float64
}

type version struct {
	Version, Package, Created, Reference string
	Tags                                 []string // others of the same image, such as latest
	Badges                               []badge  // lint, if it is not clean, and the smoke run, if there is a result
	Changes                              []Change
}

type fact struct {
	Key, Value, Link string
	Mono             bool
}

// maxVersions is how many versions a page shows.
const maxVersions = 200

func jobView(j *Job, opt SiteOptions) *jobPage {
	i := j.Images[0]
	job := &i.Seed().Job
	v := &jobPage{
		Title: j.title(), Name: j.Name, Place: j.place(),
		Badges: append([]badge{{Key: "version", Value: job.JobVersion}, lintBadge(i.Lint)}, smokeBadge(i.Smoke)...), Description: job.Description,
		Inputs: inputPorts(job), Outputs: outputPorts(job), Needs: needs(job), Commands: commands(i, opt.Exports),
		InputFiles: job.Interface.Inputs.Files, InputJSON: job.Interface.Inputs.JSON, OutputFiles: job.Interface.Outputs.Files,
		OutputJSON: job.Interface.Outputs.JSON, Settings: job.Interface.Settings, Mounts: job.Interface.Mounts, Errors: job.Errors,
		Manifest: indented(i.Manifest), Facts: imageFacts(i), BadgeFile: path.Base(j.file(".svg")), PageFile: path.Base(j.file(".html")),
		BadgeText: "Seed job " + j.Name,
	}
	for _, s := range job.Resources.Scalar {
		v.Resources = append(v.Resources, resource{s.Name, amountText(s), s.InputMultiplier})
	}
	for _, text := range job.Tags[:min(len(job.Tags), maxFew)] {
		v.Tags = append(v.Tags, clip(page.Text(strings.TrimSpace(text)), maxValue))
	}
	for _, i := range j.Images[:min(len(j.Images), maxVersions)] {
		v.Versions = append(v.Versions, versionView(i, j.Tags(i)))
	}
	v.MoreVersions = len(j.Images) - len(v.Versions)
	v.Inputs, v.MoreInputs = few(v.Inputs)
	v.Outputs, v.MoreOutputs = few(v.Outputs)
	return v
}

// maxPorts is how many inputs and outputs the picture has room for. There may be one more: a line that says so takes as much.
const maxPorts = 8

// few returns the ports for the picture, and the number of the others.
func few(all []port) ([]port, int) {
	if len(all) <= maxPorts+1 {
		return all, 0
	}
	return all[:maxPorts], len(all) - maxPorts
}

func versionView(i *Image, tags []string) version {
	job := &i.Seed().Job
	v := version{Version: job.JobVersion, Package: job.PackageVersion, Created: i.Created, Reference: i.Reference, Tags: tags, Changes: i.Changes}
	if found := lintBadge(i.Lint); found.Tone != "good" {
		v.Badges = append(v.Badges, found)
	}
	v.Badges = append(v.Badges, smokeBadge(i.Smoke)...)
	return v
}

func lintBadge(l Lint) badge {
	switch {
	case l.Errors > 0:
		return badge{"lint", diag.Count(l.Errors, "error"), "bad"}
	case l.Warnings > 0:
		return badge{"lint", diag.Count(l.Warnings, "warning"), "warn"}
	}
	return badge{"lint", "clean", "good"}
}

// smokeBadge returns the badge for the result of a smoke run, or none if nobody has said one.
func smokeBadge(result string) []badge {
	tone, known := map[string]string{SmokePassed: "good", SmokeInconclusive: "warn", SmokeFailed: "bad"}[result]
	if !known {
		return nil
	}
	return []badge{{"smoke", result, tone}}
}

func inputPorts(job *seed.Job) (ports []port) {
	for _, f := range job.Interface.Inputs.Files {
		what := cmp.Or(strings.Join(f.MediaTypes, ", "), "any file")
		if f.Multiple {
			what += ", several"
		}
		ports = append(ports, port{f.Name, what, f.Required})
	}
	for _, v := range job.Interface.Inputs.JSON {
		ports = append(ports, port{v.Name, v.Type, v.Required})
	}
	return ports
}

func outputPorts(job *seed.Job) (ports []port) {
	for _, f := range job.Interface.Outputs.Files {
		what := cmp.Or(f.MediaType, "any file")
		if f.Multiple {
			what += ", several"
		}
		ports = append(ports, port{f.Name, what, f.Required})
	}
	for _, v := range job.Interface.Outputs.JSON {
		ports = append(ports, port{v.Name, v.Type, v.Required})
	}
	return ports
}

// needs says in a few words what a job needs.
func needs(job *seed.Job) string {
	var all []string
	if n := amount(job, "cpus"); n > 0 {
		all = append(all, fmt.Sprintf("%.6g CPU", n))
	}
	if n := amount(job, "mem"); n > 0 {
		all = append(all, page.Bytes(int64(n*(1<<20)))+" memory")
	}
	if n := amount(job, "gpus"); n > 0 {
		all = append(all, fmt.Sprintf("%.6g GPU", n))
	}
	return strings.Join(all, ", ")
}

// amountText returns the amount of a resource. Storage is in MiB.
func amountText(s seed.Scalar) string {
	switch seed.Variable(s.Name) {
	case "MEM", "DISK", "SHAREDMEM":
		return page.Bytes(int64(s.Value * (1 << 20)))
	}
	return fmt.Sprintf("%.6g", s.Value)
}

func indented(manifest json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, manifest, "", "  ") != nil {
		return string(manifest)
	}
	return b.String()
}

// emailForm is an address that may become a link. Any other text is only shown.
var emailForm = regexp.MustCompile(`^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// imageFacts returns what is known of an image besides its manifest.
func imageFacts(i *Image) (all []fact) {
	job := &i.Seed().Job
	add := func(f fact) {
		if strings.TrimSpace(f.Value) != "" {
			all = append(all, f)
		}
	}
	add(fact{Key: "Image", Value: i.Reference, Mono: true})
	add(fact{Key: "Digest", Value: i.Digest, Mono: true})
	add(fact{Key: "Package version", Value: job.PackageVersion})
	add(fact{Key: "Platforms", Value: strings.Join(i.Platforms, ", ")})
	if i.Size > 0 {
		add(fact{Key: "Size", Value: page.Bytes(i.Size)})
	}
	add(fact{Key: "Created", Value: page.Date(i.Created)})
	if job.Timeout > 0 {
		add(fact{Key: "Timeout", Value: duration(job.Timeout)})
	}
	m := job.Maintainer
	add(fact{Key: "Maintainer", Value: m.Name})
	add(fact{Key: "Organization", Value: m.Organization})
	email := fact{Key: "Email", Value: m.Email}
	if emailForm.MatchString(m.Email) {
		email.Link = "mailto:" + m.Email
	}
	add(email)
	add(fact{Key: "Website", Value: m.URL, Link: page.Link(m.URL)})
	add(fact{Key: "Phone", Value: m.Phone})
	add(fact{Key: "Source", Value: i.Source, Link: page.Link(i.Source)})
	add(fact{Key: "Revision", Value: i.Revision, Mono: true})
	if i.Smoke != "" {
		add(fact{Key: "Smoke run", Value: i.Smoke + ", as said by whoever pushed it (not verified)"})
	}
	add(fact{Key: "Attached", Value: attached(i.Attachments)})
	return all
}

// attached names what is attached to an image, or says that nothing is. It is empty if nobody has asked.
func attached(all []Attachment) string {
	if all == nil {
		return ""
	}
	var names []string
	for _, a := range all {
		if name := attachmentKind(a.Type); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	slices.Sort(names)
	return strings.Join(names, ", ") + " (not verified)"
}

// attachmentKind names a document about an image by its type.
func attachmentKind(kind string) string {
	lower := strings.ToLower(kind)
	for _, known := range []struct{ part, name string }{
		{"slsa", "provenance"}, {"provenance", "provenance"}, {"spdx", "bill of materials"}, {"cyclonedx", "bill of materials"}, {"sbom", "bill of materials"},
		{"/test-result/", "test result"}, {"sig", "signature"},
	} {
		if strings.Contains(lower, known.part) {
			return known.name
		}
	}
	return "other"
}

// duration returns seconds for people.
func duration(seconds int64) string {
	const most = int64(1) << 32
	if seconds > most {
		return fmt.Sprintf("%d s", seconds)
	}
	d := (time.Duration(seconds) * time.Second).String()
	d = strings.TrimSuffix(d, "0s")
	if strings.HasSuffix(d, "h0m") {
		d = strings.TrimSuffix(d, "0m")
	}
	if d == "" || !strings.ContainsAny(d[len(d)-1:], "hms") {
		d += "0s"
	}
	return d
}
