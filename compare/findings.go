package compare

import (
	"embed"
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Rules on the versions of a job, and on what changed since another state of it.
var (
	versionLowered = &diag.Rule{ID: "version-lowered", Severity: diag.Error, Spec: "2.1.1 S-2.1.1-18",
		Summary: "a version must not be lower than before"}
	versionNotRaised = &diag.Rule{ID: "version-not-raised", Severity: diag.Error, Spec: "2.1.1 S-2.1.1-18, S-2.1.1-19",
		Summary: "a version must rise if the job changes"}
	versionTooSmall = &diag.Rule{ID: "version-too-small", Severity: diag.Error, Spec: "2.1.1 S-2.1.1-18, S-2.1.1-19",
		Summary: "a version must rise as far as the changes ask for"}
	interfaceBroken = &diag.Rule{ID: "interface-broken", Severity: diag.Notice, Spec: "2.1.1.3 S-2.1.1-18",
		Summary: "what is connected to a job should know that its interface breaks"}
)

// Rules returns all rules of this package.
func Rules() []*diag.Rule {
	return []*diag.Rule{versionLowered, versionNotRaised, versionTooSmall, interfaceBroken, jobIdentity, jobChanged, errorCodeMoved, predecessorUnknown}
}

//go:embed testdata/*.txtar
var archives embed.FS

// Explain returns the archive of a rule, like lint.Explain.
func Explain(id string) (archive string, ok bool) {
	text, err := archives.ReadFile("testdata/" + id + ".txtar")
	return string(text), err == nil
}

// BumpHint ends findings about versions.
const BumpHint = "seedpack bump writes it"

// Report returns the findings about a manifest. Path is the new manifest's. Since says in a few words what it is compared
// with, such as "tag 1.0.0". Two different jobs have no findings.
func (c *Comparison) Report(path, since string) *diag.Report {
	r := &diag.Report{Path: path, Source: c.New.Source}
	if c.Another {
		return r
	}
	for _, change := range c.Changes {
		if change.Class == Breaking {
			r.Add(diag.Diagnostic{Rule: interfaceBroken, Pointer: change.Pointer, Message: change.Message + ", since " + since})
		}
	}
	if d := c.versions(since); d != nil {
		r.Add(*d)
	}
	r.Sort()
	return r
}

// versions returns the finding about the versions; nil if they are enough.
func (c *Comparison) versions(since string) *diag.Diagnostic {
	if c.Enough() {
		return nil
	}
	if lowJob, lowPackage := c.lowered(); lowJob || lowPackage {
		return c.low(since, lowJob)
	}
	job, packaged := c.raised()
	need := c.Required()
	at, member, is, least := versionAt(jobVersion), jobVersion, c.New.Job.JobVersion, need.Job
	if need.Package != "" {
		at, member, is, least = versionAt(packageVersion), packageVersion, c.New.Job.PackageVersion, need.Package
	}
	if c.unreadable() { // then it has not risen, whatever packageVersion says
		at, member, is, least = versionAt(jobVersion), jobVersion, c.New.Job.JobVersion, need.Job
		need.Package = ""
	}
	d := &diag.Diagnostic{Rule: versionNotRaised, Severity: c.severityNotRaised(), Pointer: c.near(at), Hint: BumpHint}
	what := fmt.Sprintf("%s is still %s since %s", member, is, since)
	switch {
	case is == "" && least != "":
		what = fmt.Sprintf("%s is missing, unlike in %s", member, since)
	case meant(is) == "" && least != "":
		what = diag.Sprintf("%s is %q, which is no version that has risen since %s", member, is, since)
	case job || packaged:
		d.Rule, d.Severity = versionTooSmall, c.severityTooSmall()
		what = fmt.Sprintf("%s is %s, too little since %s", member, is, since)
	}
	if least == "" { // the old version is none
		d.Message = fmt.Sprintf("%s, and %s: raise it", what, c.reason())
		d.Hint = ""
		return d
	}
	d.Message = fmt.Sprintf("%s, and %s: write %s at least", what, c.reason(), least)
	if need.Package != "" && need.Job != "" {
		d.Message += fmt.Sprintf(", or jobVersion %s", need.Job)
	}
	return d
}

const (
	jobVersion     = "jobVersion"
	packageVersion = "packageVersion"
)

func versionAt(member string) seed.Pointer { return seed.AtJob.Member(member) }

// near returns the pointer of a member, or of what it should be in.
func (c *Comparison) near(at seed.Pointer) seed.Pointer {
	for at != "" && !c.New.Source.Has(at) {
		at = at.Parent()
	}
	return at
}

// low is about a version that is lower than before.
func (c *Comparison) low(since string, isJob bool) *diag.Diagnostic {
	member, was, is := packageVersion, c.Old.Job.PackageVersion, c.New.Job.PackageVersion
	need := c.Required()
	least := need.Package
	if isJob {
		member, was, is, least = jobVersion, c.Old.Job.JobVersion, c.New.Job.JobVersion, need.Job
	} else if least == "" {
		member, least = jobVersion, need.Job
	}
	d := &diag.Diagnostic{Rule: versionLowered, Pointer: versionAt(packageVersion), Hint: BumpHint}
	if isJob {
		d.Pointer = versionAt(jobVersion)
		d.Message = fmt.Sprintf("jobVersion is %s, and was %s in %s: write jobVersion %s at least", is, was, since, least)
		if bump := c.Bump(); bump.Package != "" {
			d.Message = fmt.Sprintf("jobVersion is %s, and was %s in %s: write jobVersion %s with packageVersion %s at least", is, was, since, bump.Job, bump.Package)
		}
		return d
	}
	d.Message = fmt.Sprintf("packageVersion is %s, and was %s in %s: write %s %s at least", is, was, since, member, least)
	return d
}

// reason says why a version must rise: the first change of those that ask for most.
func (c *Comparison) reason() string {
	most, first, n := c.rise(), "", 0
	for _, change := range c.Changes {
		if change.Rise == most {
			if n++; n == 1 {
				first = change.Message
			}
		}
	}
	if n > 1 {
		first += fmt.Sprintf(", and %d more", n-1)
	}
	return strings.TrimSuffix(first, ".")
}

// severityNotRaised returns Warning if only words changed, or if only files or the image's configuration tell of a change.
func (c *Comparison) severityNotRaised() diag.Severity {
	for _, change := range c.Changes {
		if change.Class > Words && !(change.Class == Behaviour && change.OfImage()) {
			return diag.Unset
		}
	}
	return diag.Warning
}

// severityTooSmall returns Warning unless something breaks that is more than media types.
func (c *Comparison) severityTooSmall() diag.Severity {
	for _, change := range c.Changes {
		if change.Class == Breaking && !change.Media {
			return diag.Unset
		}
	}
	return diag.Warning
}
