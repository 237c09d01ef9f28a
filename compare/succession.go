package compare

import (
	"fmt"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// Rules on a job and the image that was published before it under the same jobVersion. What must rise is the matter of other rules.
var (
	jobIdentity = &diag.Rule{ID: "job-identity", Severity: diag.Warning, Spec: "2.1.1 S-2.1.1-18",
		Summary: "name and jobVersion should stand for one job"}
	jobChanged = &diag.Rule{ID: "job-changed", Severity: diag.Notice, Spec: "2.1.1 S-2.1.1-19",
		Summary: "a new packageVersion should not stand for a change of the job itself"}
	errorCodeMoved = &diag.Rule{ID: "error-code-moved", Severity: diag.Notice, Spec: "2.1.1.4 S-2.1.1.4-05",
		Summary: "an error should keep its code"}
	predecessorUnknown = &diag.Rule{ID: "predecessor-unknown", Severity: diag.Notice, Spec: "2.1.1 S-2.1.1-18",
		Summary: "what was published before should be known"}
)

// Succession returns what Report does not say of a job and the image that was published before it: that the same name and
// jobVersion seem to stand for another job, and that errors have other codes. With another jobVersion there is nothing to say.
func (c *Comparison) Succession(path, since string) *diag.Report {
	r := &diag.Report{Path: path, Source: c.New.Source}
	if !c.sameJob() {
		return r
	}
	now, then := &c.New.Job, &c.Old.Job
	if now.Title != then.Title && now.Maintainer.Name != then.Maintainer.Name && now.Maintainer.Email != then.Maintainer.Email {
		r.Add(diag.Diagnostic{Rule: jobIdentity, Pointer: seed.AtJob.Member("name"),
			Message: diag.Sprintf("%s is another job, %q by %q: a job of its own should have a name of its own", since, then.Title, then.Maintainer.Name)})
	}
	for i, e := range now.Errors {
		for _, old := range then.Errors {
			if old.Name == e.Name && old.Code != e.Code {
				r.Add(diag.Diagnostic{Rule: errorCodeMoved, Pointer: seed.AtErrors.Index(i).Member("code"),
					Message: diag.Sprintf("error %q has code %d, it had %d in %s: a reader who compares runs should find one code", e.Name, e.Code, old.Code, since)})
			}
		}
	}
	r.Sort()
	return r
}

// Repackaged returns the finding that only packageVersion rose, and files of the image differ. Only the author knows whether the job
// itself changed.
func (c *Comparison) Repackaged(path, since string) *diag.Report {
	r := &diag.Report{Path: path, Source: c.New.Source}
	for _, change := range c.Changes {
		if change.Files == nil || !c.sameJob() {
			continue
		}
		r.Add(diag.Diagnostic{Rule: jobChanged, Pointer: versionAt(packageVersion),
			Message: fmt.Sprintf("the files of the image are not those of %s: if the job itself changed, jobVersion should be raised", since)})
		break
	}
	return r
}

// sameJob reports whether both states are one job with one jobVersion.
func (c *Comparison) sameJob() bool {
	return !c.Another && equal(c.New.Job.JobVersion, c.Old.Job.JobVersion)
}

// Unknown returns the finding that what was published before a job is not known.
func Unknown(path string, m *seed.Manifest, err error) *diag.Report {
	r := &diag.Report{Path: path, Source: m.Source}
	r.Add(diag.Diagnostic{Rule: predecessorUnknown, Pointer: versionAt(packageVersion),
		Message: fmt.Sprintf("the image is not compared with those that were published before: %v", err)})
	return r
}
