package pipeline

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/source"
)

// An Image is the JSON form of a Result. Its members are kept: later versions add to them.
type Image struct {
	Name      string   `json:"name"`
	Manifest  string   `json:"manifest"` // path of seed.manifest.json
	Digest    string   `json:"digest,omitempty"`
	Reference string   `json:"reference,omitempty"` // with digest, once published
	Tags      []string `json:"tags"`
	Platforms []string `json:"platforms"`
	Published bool     `json:"published"`
	Smoke     string   `json:"smoke"` // passed, failed, inconclusive or skipped
	// SmokeAttestation is the digest of what is attached to the image to say so; empty if nothing is.
	SmokeAttestation string `json:"smokeAttestation,omitempty"`
	Error            string `json:"error,omitempty"`
	// ErrorOutput is the end of what the step printed that failed, line by line.
	ErrorOutput []string `json:"errorOutput,omitempty"`
	// ErrorAt is the step of the Dockerfile that failed; nil if the error is no such step's.
	ErrorAt *FailedAt `json:"errorAt,omitempty"`

	JobName        string `json:"jobName"`
	JobVersion     string `json:"jobVersion"`
	PackageVersion string `json:"packageVersion"`
	ImageID        string `json:"imageId,omitempty"` // of one platform
	// Stopped is the stage that ended the job, one of StageNames; empty if none did.
	Stopped string `json:"stopped,omitempty"`
	Skipped bool   `json:"skipped"` // --if-exists skip: the name was there before

	Manifests []PlatformImage    `json:"manifests"`      // of an image that was pushed
	Plan      *Plan              `json:"plan,omitempty"` // with --dry-run
	Cases     []CaseImage        `json:"cases"`
	Durations map[string]float64 `json:"durations"` // seconds of each stage that was reached

	// Reports are all findings about the job, as in Result. Documents have them at another place.
	Reports []*diag.Report `json:"-"`
}

// A CaseImage is one smoke case on one platform.
type CaseImage struct {
	Platform string        `json:"platform"`
	Name     string        `json:"name"`
	Verdict  string        `json:"verdict"`            // passed, failed, inconclusive or skipped
	Reason   string        `json:"reason,omitempty"`   // why it was skipped or is inconclusive
	Usage    *CaseUsage    `json:"usage,omitempty"`    // of the run, if there was one
	Declared *CaseDeclared `json:"declared,omitempty"` // what the run was allowed, if there was one
	// Captured are the outputs of the manifest, in its order, if the run ended with 0.
	Captured []CaseOutput `json:"captured,omitempty"`
	// JSON are the JSON outputs, if the run ended with 0, at most jsonShown. Members of the file that are no output of the
	// manifest come last. MoreJSON is how many are left out.
	JSON     []CaseJSON `json:"json,omitempty"`
	MoreJSON int        `json:"moreJSON,omitempty"`
	// ErrorName is the error of the manifest that the exit status stands for; empty if there is none.
	ErrorName string    `json:"errorName,omitempty"`
	Stdout    *CaseText `json:"stdout,omitempty"`
	Stderr    *CaseText `json:"stderr,omitempty"`
	Outputs   string    `json:"outputs,omitempty"` // directory where they were kept

	// Printed are stdout and stderr as far as the supervisor kept them: more than documents have.
	Printed [2]string `json:"-"`
}

// A CaseUsage is what the run of a smoke case took.
type CaseUsage struct {
	Exit        int          `json:"exit"`
	Signal      string       `json:"signal,omitempty"` // that ended the run
	TimedOut    bool         `json:"timedOut,omitempty"`
	Seconds     float64      `json:"seconds"`
	CPUSeconds  float64      `json:"cpuSeconds"`
	Memory      int64        `json:"memory"`    // peak, in bytes
	SharedMem   int64        `json:"sharedMem"` // peak, in bytes
	Files       int          `json:"files"`     // that outputs captured
	OutputBytes int64        `json:"outputBytes"`
	Samples     []CaseSample `json:"samples,omitempty"` // in the order of time, at most samplesShown

	// Course has all samples that the supervisor kept: more than documents have.
	Course []CaseSample `json:"-"`
}

// A CaseSample is what a run used at a time.
type CaseSample struct {
	Seconds    float64 `json:"seconds"`    // since the start
	Memory     int64   `json:"memory"`     // peak since the sample before, in bytes
	CPUSeconds float64 `json:"cpuSeconds"` // since the start; 0 in all samples if the engine does not say it
}

// A CaseDeclared is what the manifest declares for the input of a case; 0 is for what it does not declare.
type CaseDeclared struct {
	Seconds   float64 `json:"seconds,omitempty"` // the least of all timeouts that hold for the run
	CPUs      float64 `json:"cpus,omitempty"`
	Memory    int64   `json:"memory,omitempty"` // in bytes, as the others
	SharedMem int64   `json:"sharedMem,omitempty"`
	Disk      int64   `json:"disk,omitempty"`
}

// A CaseOutput is what the pattern of an output captured.
type CaseOutput struct {
	Name  string     `json:"name"`
	Count int        `json:"count"`
	Bytes int64      `json:"bytes"`
	Files []CaseFile `json:"files,omitempty"` // at most capturedShown
}

// A CaseFile is a file that an output captured.
type CaseFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// A CaseJSON is a JSON output of a run, or another member of seed.outputs.json.
type CaseJSON struct {
	Name     string `json:"name"`
	Type     string `json:"type"`     // that the manifest declares, or else that of the value
	Declared bool   `json:"declared"` // it is an output of the manifest
	Required bool   `json:"required"`
	Value    string `json:"-"` // JSON in short; empty if there is none
}

// MarshalJSON adds the value as "value". A value that is cut, or is no JSON, is "text" instead.
func (c CaseJSON) MarshalJSON() ([]byte, error) {
	type plain CaseJSON
	form := struct {
		plain
		Value json.RawMessage `json:"value,omitempty"`
		Text  string          `json:"text,omitempty"`
	}{plain: plain(c)}
	if json.Valid([]byte(c.Value)) {
		form.Value = json.RawMessage(c.Value)
	} else {
		form.Text = c.Value
	}
	return json.Marshal(form)
}

// A CaseText is the end of what a run printed.
type CaseText struct {
	Tail  string `json:"tail"`  // at most printedShown bytes, in whole lines where there are some
	Bytes int64  `json:"bytes"` // that were printed
}

// A PlatformImage is the image of one platform as a registry holds it.
type PlatformImage struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest"`
	ImageID  string `json:"imageId"`
	Size     int64  `json:"size"` // of layers and configuration, compressed, in bytes
	Layers   int    `json:"layers"`
}

// A Plan is what --dry-run says would be done. Values of build arguments and secrets are not in it.
type Plan struct {
	Build *BuildPlan `json:"build,omitempty"` // nil for an image that was built elsewhere
	Cases []string   `json:"cases"`           // smoke cases to run
	Push  string     `json:"push,omitempty"`  // repository; empty when nothing is pushed
	Tags  []string   `json:"tags"`
	// AttestSmoke says that what the smoke run comes to is attached.
	AttestSmoke bool          `json:"attestSmoke,omitempty"`
	Held        string        `json:"held,omitempty"` // digest that the name has now
	Write       []PlannedFile `json:"write"`
	// IfHeld is what becomes of the name if an image has it: HeldSame, HeldRefused or HeldMoved.
	IfHeld string `json:"ifHeld,omitempty"`
}

// A BuildPlan is the part of a Plan that is about a Dockerfile.
type BuildPlan struct {
	Dockerfile    string     `json:"dockerfile"`
	Context       string     `json:"context"`
	Target        string     `json:"target,omitempty"`
	Platforms     []string   `json:"platforms"`       // empty: the builder's own
	Nodes         []NodePlan `json:"nodes,omitempty"` // of a builder with several
	BuildArgs     []string   `json:"buildArgs"`       // names
	BuildContexts []string   `json:"buildContexts"`   // names
	Attestations  []string   `json:"attestations"`
	// From says where settings come from, by the names of their flags: PATH:LINE of a policy file, or the flag.
	From map[string]string `json:"from,omitempty"`
}

// A NodePlan is what a node of the builder would build and try.
type NodePlan struct {
	Node      string   `json:"node"`
	Platforms []string `json:"platforms"` // empty: its own
}

// A PlannedFile is an output that would be written.
type PlannedFile struct {
	Type string `json:"type"`
	Dest string `json:"dest"`
}

// Image returns the JSON form of a result and of the error that ended it, which may be nil.
func (r *Result) Image(err error) *Image {
	i := &Image{
		Name: r.Name, Manifest: r.Path, Tags: []string{}, Platforms: []string{}, Smoke: r.Verdict().String(), Skipped: r.Skipped,
		SmokeAttestation: r.SmokeAttestation, Manifests: r.Manifests, Plan: r.Plan, Cases: r.cases(), Durations: r.Stages.seconds(),
		Reports: r.Reports,
	}
	if r.Manifest != nil {
		members := &r.Manifest.Job
		i.JobName, i.JobVersion, i.PackageVersion = members.Name, members.JobVersion, members.PackageVersion
	}
	if r.Built != nil {
		i.Digest, i.ImageID = r.Built.Digest, r.Built.ImageID
		i.Platforms = append(i.Platforms, r.Built.Platforms...)
	}
	if r.Published != nil {
		i.Published, i.Reference, i.Tags = true, r.Published.Reference, r.Published.Tags
	}
	if err != nil || r.Skipped {
		i.Stopped = r.Stages.Last
	}
	var step *pack.StepError
	if errors.As(err, &step) {
		i.ErrorOutput = step.Tail // also if the error is a finding
	}
	if err != nil && !errors.Is(err, exit.Findings) {
		i.Error = r.secrets.Hide(err.Error())
		if step != nil && step.Line > 0 {
			i.ErrorAt = &FailedAt{Path: step.File, Line: step.Line}
		}
	}
	if i.Manifests == nil {
		i.Manifests = []PlatformImage{}
	}
	return i
}

// A FailedAt is where an error comes from.
type FailedAt struct {
	Path string `json:"path"`
	Line int    `json:"line"` // counts from 1
}

// platformImages lists the images of an image that was read back.
func platformImages(image *source.Image) ([]PlatformImage, error) {
	var all []PlatformImage
	for _, p := range image.Platforms {
		found := PlatformImage{Platform: p.Name, Digest: p.Digest, ImageID: p.ImageID}
		if found.Digest == "" {
			found.Digest = image.Digest
		}
		held, err := p.Image.Manifest()
		if err != nil {
			return nil, err
		}
		found.Size, found.Layers = held.Config.Size, len(held.Layers)
		for _, layer := range held.Layers {
			found.Size += layer.Size
		}
		all = append(all, found)
	}
	return all, nil
}

// seconds returns nil if the job came to no stage.
func (s *Stages) seconds() map[string]float64 {
	if s.Took == nil {
		return nil
	}
	all := map[string]float64{}
	for stage, took := range s.Took {
		all[stage] = seconds(took)
	}
	return all
}

// seconds rounds to milliseconds: what is finer is noise.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}
