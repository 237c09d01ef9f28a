package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/engine"
	"github.com/seedpack/seedpack/pack/registry"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify"
	"github.com/seedpack/seedpack/verify/cases"
)

// A packRun is one call of pack or smoke: what holds for all of its jobs.
type packRun struct {
	*packFlags
	program *program
	push    bool
	remote  registry.Registry
	// engine connects at its first call, so that jobs that fail before need none.
	engine func(context.Context) (*engine.Engine, error)
	close  func() error

	sideBySide bool       // several jobs at a time
	progressMu sync.Mutex // of what they show
}

func newPackRun(p *program, f *packFlags) *packRun {
	r := &packRun{packFlags: f, program: p, remote: p.registry(f)}
	var mu sync.Mutex
	var connected *engine.Engine
	r.engine = func(ctx context.Context) (*engine.Engine, error) {
		mu.Lock()
		defer mu.Unlock()
		if connected != nil {
			return connected, nil
		}
		var err error
		options := f.engineOptions(p)
		options.Trust = f.trust
		connected, err = engine.Connect(ctx, options)
		return connected, err
	}
	r.close = func() error {
		mu.Lock()
		defer mu.Unlock()
		if connected == nil {
			return nil
		}
		return connected.Close()
	}
	return r
}

// cacheDir is where Seedpack keeps what it can make again; empty when the environment names no place.
func cacheDir(getenv func(string) string) string {
	if dir := getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "seedpack")
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "seedpack")
}

// A packed is what came of one job.
type packed struct {
	job     *task
	reports []*diag.Report
	smokes  []platformSmoke
	written []string
	already bool // the name was there before, for the same image
	stage   string
	since   time.Time // it is in that stage

	Name      string   `json:"name"`
	Manifest  string   `json:"manifest"`
	Digest    string   `json:"digest,omitempty"`
	Reference string   `json:"reference,omitempty"` // with digest, once published
	Tags      []string `json:"tags"`
	Platforms []string `json:"platforms"`
	Published bool     `json:"published"`
	Smoke     string   `json:"smoke"` // passed, failed, inconclusive or skipped
	Error     string   `json:"error,omitempty"`

	JobName        string `json:"jobName"`
	JobVersion     string `json:"jobVersion"`
	PackageVersion string `json:"packageVersion"`
	ImageID        string `json:"imageId,omitempty"` // of one platform
	// Stopped is the stage that ended the job, one of lint, name, build, smoke, push, verify and tag; empty when none did.
	Stopped string `json:"stopped,omitempty"`
	Skipped bool   `json:"skipped"` // --if-exists skip: the name was there before

	Manifests []manifest         `json:"manifests"`      // of an image that was pushed
	Plan      *plan              `json:"plan,omitempty"` // with --dry-run
	Cases     []measured         `json:"cases"`
	Durations map[string]float64 `json:"durations"` // seconds of each stage that was come to
}

// begin says which stage a job has come to.
func (r *packRun) begin(result *packed, stage string) {
	now := time.Now()
	result.endStage(now)
	result.stage, result.since = stage, now
	if r.program.stage != nil && !r.sideBySide {
		r.program.stage(result.job.Path, stage)
	}
}

// endStage notes how long the stage took that a job has been in.
func (p *packed) endStage(now time.Time) {
	if p.stage == "" {
		return
	}
	if p.Durations == nil {
		p.Durations = map[string]float64{}
	}
	p.Durations[p.stage] += seconds(now.Sub(p.since))
}

// smoke tries the image of each platform.
func (r *packRun) smoke(ctx context.Context, result *packed, candidates []*pack.Candidate, cases []cases.Case) error {
	if r.smokeMode == smokeOff {
		return nil
	}
	r.begin(result, "smoke")
	for _, c := range r.runnable(candidates) {
		smoked, err := verify.Smoke(ctx, c, c.Config, result.job.Manifest, cases, r.smokeOptions(result.job, c))
		if err != nil {
			return err
		}
		result.addSmoke(c.Platform, smoked)
	}
	return nil
}

type platformSmoke struct {
	platform string
	result   *verify.Result
}

func (p *packed) addSmoke(platform string, s *verify.Result) {
	p.smokes = append(p.smokes, platformSmoke{platform, s})
	for _, c := range s.Cases {
		p.Cases = append(p.Cases, measure(platform, c))
	}
	p.add(s.Report)
}

func (p *packed) setBuilt(b *pack.Result) {
	p.Digest, p.ImageID, p.Platforms = b.Digest, b.ImageID, b.Platforms
	for _, o := range b.Outputs {
		path := o.Path()
		if path == "-" {
			path = "standard output"
		}
		p.written = append(p.written, path)
	}
}

// smokeVerdict is the worst of all platforms: skipped when none was tried.
func (p *packed) smokeVerdict() verify.Verdict {
	verdict := verify.Skipped
	for i, s := range p.smokes {
		if i == 0 {
			verdict = s.result.Verdict
		}
		verdict = max(verdict, s.result.Verdict)
	}
	return verdict
}

// syntaxRule is lint's own for Dockerfiles: a frontend that a "# syntax=" line names says the same, only later.
func syntaxRule() *diag.Rule {
	all := allRules()
	return all[slices.IndexFunc(all, func(r *diag.Rule) bool { return r.ID == "dockerfile-syntax" })]
}

// buildError turns what the Dockerfile's author has to mend into a diagnostic, and leaves what could not be found out.
func (p *packed) buildError(err error, path string) error {
	var syntax *pack.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	text, readErr := os.ReadFile(path)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	source := &seed.Source{Text: text}
	span := source.Line(max(1, syntax.Line))
	r := &diag.Report{Path: path, Source: source}
	r.Add(diag.Diagnostic{Rule: syntaxRule(), Span: &span, Message: syntax.Message})
	p.add(r)
	return exit.Findings
}

// A dockerfileText is the Dockerfile of a job.
type dockerfileText struct {
	Path string
	text []byte
}

func (r *packRun) readDockerfile(j *task) (dockerfileText, error) {
	if j.image != nil {
		return dockerfileText{}, nil
	}
	path := filepath.Join(j.Dir, "Dockerfile")
	if r.file != "" {
		path = r.file
	}
	if err := r.program.roots.Check(path); err != nil {
		return dockerfileText{}, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && r.file == "" {
		return dockerfileText{}, exit.Usagef("%s: there is no such file\nwrite a Dockerfile beside the manifest, or name one with --file", path)
	}
	return dockerfileText{path, text}, err
}

// cases are those of seed.smoke.yaml beside the manifest, or else one made from the manifest.
func (r *packRun) cases(j *task) ([]cases.Case, *diag.Report, error) {
	path, named := r.casesPath(j)
	switch {
	case r.single != nil:
		cases, err := r.single.cases(r.program, j)
		return cases, nil, err
	case r.smokeMode == smokeOff:
		return nil, nil, nil
	case j.Dir == "" && !named:
		return cases.Made(j.Manifest), nil, nil
	}
	if err := r.program.roots.Check(path); err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return cases.Made(j.Manifest), nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	cases, found := cases.Read(path, text, j.Manifest, caseEnv(r.program.getenv))
	return cases, found, nil
}

func (r *packRun) request(j *task, file, reference string, tried []cases.Case) (pack.Request, error) {
	label, err := pack.EncodeLabel(j.Manifest.Source.Text)
	if err != nil {
		return pack.Request{}, fmt.Errorf("job %s: %w", j.Path, err)
	}
	request := pack.Request{
		Context: r.contextOf(j), Dockerfile: file, Image: j.image, Remote: r.remote, Label: label, Target: r.target, Platforms: r.platforms,
		BuildArgs: r.buildArgs, BuildContexts: r.buildContexts, Annotations: r.annotations, Inputs: cases.Inputs(tried), Options: r.options,
		Progress: pack.Progress{Mode: r.progress, Writer: r.progressWriter(j), Escape: report.Escape},
	}
	if request.Epoch, err = r.epoch(); err != nil {
		return request, err
	}
	if r.push {
		request.Repository, request.Insecure = reference[:strings.LastIndex(reference, ":")], r.insecureRegistry
		request.PushTimeout, request.Trust = r.pushTimeout, r.trust
	}
	for _, o := range r.outputs {
		o.Name = reference
		request.Outputs = append(request.Outputs, o)
	}
	return request, nil
}

// published reads back what the registry holds, by the digest that the build pushed.
func (r *packRun) published(ctx context.Context, result *packed, reference string, built *pack.Result) (*diag.Report, error) {
	digest, err := r.remote.Parse(reference[:strings.LastIndex(reference, ":")] + "@" + built.Digest)
	if err != nil {
		return nil, err
	}
	want := &verify.Expect{Manifest: result.job.Manifest, Platforms: slices.Clone(built.Platforms), Reference: reference}
	found, image, err := verify.Published(ctx, digest, want, r.remote.Options(ctx)...)
	if err != nil {
		return nil, err
	}
	result.add(verify.Succession(ctx, result.job.Path, result.job.Manifest, image, r.remote.Options(ctx)...))
	result.Manifests, err = manifests(image)
	return found, errors.Join(err, image.Close())
}

func keepAll(ctx context.Context, files []pack.Written) error {
	for _, f := range files {
		if err := f.Keep(ctx); err != nil {
			return err
		}
	}
	return nil
}

// discardAll throws away what was not kept. That a temporary file stays is not worth more than the error before it.
func discardAll(files []pack.Written) {
	for _, f := range files {
		_ = f.Discard()
	}
}

// summary is the last line about a job, in text.
func (p *packed) summary(r *packRun, took time.Duration) string {
	switch {
	case p.already:
		return "already published " + p.Reference
	case p.Published:
		return "published " + p.Reference
	case p.Skipped:
		return p.Name + ": its name is taken already; skipped, nothing published"
	}
	built := "built, "
	if p.job.image != nil {
		built = ""
	}
	line := fmt.Sprintf("%s: %ssmoke %s, in %s", p.Name, built, p.smokeVerdict(), took.Round(10*time.Millisecond))
	switch {
	case r.single != nil:
		return r.single.summary(p, took)
	case len(p.written) > 0:
		return line + ", written to " + strings.Join(p.written, ", ")
	case r.smokeOnly, p.job.image != nil:
		return line + "; nothing exported"
	}
	return line + "; nothing exported: --push publishes it, --output writes it to a file"
}
