package pipeline

import (
	"time"

	"github.com/seedpack/seedpack/compare"
	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/verify"
)

// The stages of a job, in their order.
const (
	StageLint   = "lint"
	StageName   = "name"
	StageBuild  = "build"
	StageSmoke  = "smoke"
	StagePush   = "push"
	StageVerify = "verify"
	StageTag    = "tag"
)

// StageNames are the names of all stages, in their order.
func StageNames() []string {
	return []string{StageLint, StageName, StageBuild, StageSmoke, StagePush, StageVerify, StageTag}
}

// A Result is what happened to one job. Image gives its JSON form.
type Result struct {
	Task
	// Reports are all findings. Each gives them by file, sorted, with the severities of the job's policy.
	Reports   []*diag.Report
	Name      string          // reference that the image is named by; empty if the job did not come that far
	Built     *pack.Result    // nil unless it was built, tried and exported, or is published already
	Smoked    []Smoked        // one for each platform that was tried
	Manifests []PlatformImage // of an image that was read back from a registry or a file
	Published *Published      // nil unless the image has its name
	Skipped   bool            // the name was another image's before, and IfExistsSkip left it
	// SmokeAttestation is the digest of the manifest that says what the smoke run came to; empty if none is attached.
	SmokeAttestation string
	Plan             *Plan // of Pipeline.Plan
	Stages           Stages

	secrets   *secret.Set // of the call
	smokeFile []byte      // text of the smoke file that was read; nil if there is none
	holder    *holder     // the image that has the name already; nil if there is none
	// predecessor is the newest image that was published before; nil if there is none, or none that is known.
	predecessor *Predecessor
	succession  *compare.Comparison // of the job with the predecessor; nil if there is none
	aside       string              // file of the image that is compared with the holder; empty if it is pushed
	removeAside func() error
}

// A Smoked is what the smoke run of one platform came to.
type Smoked struct {
	Platform string
	*verify.Result
}

// A Published is the name that an image was given.
type Published struct {
	Reference string   // with the digest
	Tags      []string // the first is the manifest's own
	Already   bool     // the name was the same image's before
}

// Stages says how long a job was in each stage.
type Stages struct {
	Last  string                   // the stage that the job is in or ended in; empty before the first
	Took  map[string]time.Duration // of the stages that the job reached, rounded to milliseconds
	since time.Time                // it is in Last
}

// begin ends the stage that a job is in and begins the next.
func (s *Stages) begin(stage string, now time.Time) {
	s.end(now)
	s.Last, s.since = stage, now
}

// end adds the time since the last stage began. What is finer than a millisecond is noise.
func (s *Stages) end(now time.Time) {
	if s.Last == "" {
		return
	}
	if s.Took == nil {
		s.Took = map[string]time.Duration{}
	}
	s.Took[s.Last] += now.Sub(s.since).Round(time.Millisecond)
	s.since = now
}

// add adds reports; nil ones count as nothing.
func (r *Result) add(reports ...*diag.Report) {
	for _, found := range reports {
		if found != nil {
			r.Reports = append(r.Reports, found)
		}
	}
}

// fails sets the severities that the job's policy asks for, and reports whether the findings fail the job.
func (r *Result) fails() bool {
	for _, found := range r.Reports {
		r.Policy.Apply(found)
	}
	return r.Policy.Fails(r.Reports...)
}

// settle ends the last stage, redacts what was found once more, and sorts it.
func (r *Result) settle() {
	r.Stages.end(time.Now())
	for _, found := range r.Reports {
		for i := range found.Diagnostics {
			d := &found.Diagnostics[i]
			d.Message, d.Hint = r.secrets.HideAgain(d.Message), r.secrets.HideAgain(d.Hint)
		}
	}
	r.Reports = diag.Merge(r.Reports...)
	for _, found := range r.Reports {
		r.Policy.Apply(found)
	}
}

// Verdict returns the worst verdict of all platforms: Skipped if none was tried.
func (r *Result) Verdict() verify.Verdict {
	verdict := verify.Skipped
	for i, s := range r.Smoked {
		if i == 0 {
			verdict = s.Result.Verdict
		}
		verdict = max(verdict, s.Result.Verdict)
	}
	return verdict
}

// Written lists where the outputs are: files, directories, engines and "standard output".
func (r *Result) Written() (all []string) {
	if r.Built == nil {
		return nil
	}
	for _, o := range r.Built.Outputs {
		path := o.Path()
		if path == "-" {
			path = "standard output"
		}
		all = append(all, path)
	}
	return all
}

// release closes the image that had the name, and removes the one that was compared with it. A temporary file that stays matters
// less than the result.
func (r *Result) release() {
	if r.holder != nil {
		_ = r.holder.Close()
	}
	if r.predecessor != nil {
		_ = r.predecessor.Close()
	}
	if r.removeAside != nil {
		_ = r.removeAside()
	}
}

// discard throws away outputs that were not kept. A temporary file that stays matters less than the error before it.
func (r *Result) discard() {
	if r.Built == nil {
		return
	}
	for _, o := range r.Built.Outputs {
		_ = o.Discard()
	}
}
