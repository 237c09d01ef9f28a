// Package verify checks whether an image does what its manifest says. It runs a candidate as an executor would, probes
// what the run left behind, and reads back what a registry holds.
//
// It builds nothing and publishes nothing. Package pack runs processes in images.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A Runner runs a process in the image under test: a pack.Candidate, or a test's.
type Runner interface {
	Run(context.Context, pack.Process) (*pack.Outcome, error)
}

// Options are options of Smoke.
type Options struct {
	Path     string        // of the manifest, as reports name it
	Grace    time.Duration // between TERM and KILL
	Platform string        // of the candidate; cases for other platforms are skipped
	// Foreign is true if the engine's machine has another platform. A program that cannot run is then the engine's
	// fault.
	Foreign bool
	// Skip says why nothing is tried. Empty: all is.
	Skip string
	// Required makes it an error if the smoke run is inconclusive or skipped.
	Required bool
	Timeout  time.Duration // limit of each case, besides the manifest's; default: none
	Budget   time.Duration // limit of all cases together: it cuts the last case short and skips later ones; default: none
	Parallel int           // cases run at once; default: 2
	Provides []string      // resources of the machine, besides those in the standard, such as gpus
	Strict   bool          // refuse a job that needs other resources
	Keep     *Keeping      // which files of the runs stay; default: none
	Repeat   int           // how often each case runs, one run after another; default: once
	// Update takes what runs leave as what is expected of them: see CaseResult.Left. Nothing is compared with the expectations of
	// outputs that there are.
	Update bool
	// Secrets gets the values of the secret settings. They are redacted in all that the result says of the job, except in
	// Outcome. Default: a set of its own.
	Secrets *secret.Set
}

// A Verdict is the result of a run. A greater one is worse.
type Verdict int

// Verdicts of a case and of a smoke run. A smoke run passes only if a case passed.
const (
	Skipped Verdict = iota
	Passed
	Inconclusive
	Failed
)

var verdicts = []string{"skipped", "passed", "inconclusive", "failed"}

// String returns skipped, passed, inconclusive or failed.
func (v Verdict) String() string { return verdicts[v] }

// MarshalText writes the text of String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Result is the result of all cases.
type Result struct {
	Verdict Verdict
	Cases   []CaseResult // in the order of the cases
	Report  *diag.Report // its pointers are into the manifest
	Unmet   *diag.Report // what the smoke file expects and no run did, at its places there; nil if nothing
}

// A CaseResult is the result of one case.
type CaseResult struct {
	Name    string
	Verdict Verdict
	Reason  string        // why it was skipped or is inconclusive
	Outcome *pack.Outcome // nil if there was no run
	Files   []Captured    // of each output, in the manifest's order
	// OutputNames are the names of all outputs that are files, in the manifest's order.
	OutputNames []string
	// JSON are the JSON outputs of a run that ended with 0. Those of the manifest come first, in its order.
	JSON []CapturedJSON
	// ErrorName is the error of the manifest that the exit status stands for; empty if there is none.
	ErrorName string
	// Allocated is what the job was given of each resource of the manifest, in its unit (2.1.1.2). Timeout is when the run would
	// have been ended.
	Allocated map[string]float64
	Timeout   time.Duration
	Kept      *Kept // nil if no files of the run stay
	// Diagnostics are the findings on this case. Their pointers are into the manifest.
	Diagnostics []diag.Diagnostic
	// Unmet is what the smoke file expects of this case and the run did not do, at its places there; nil if nothing.
	Unmet *diag.Report

	run  *Run   // nil if there was none
	runs []*Run // all runs, of which the first is run
}

// Rules of a smoke run as a whole.
var (
	caseSkipped = &diag.Rule{ID: "smoke-skipped", Severity: diag.Warning,
		Summary: "every smoke case should be tried"}
	caseInconclusive = &diag.Rule{ID: "smoke-inconclusive", Severity: diag.Warning,
		Summary: "smoke cases should have values that the job can work with"}
	smokeRequired = &diag.Rule{ID: "smoke-required", Severity: diag.Error,
		Summary: "a smoke run that is required must come to a conclusion"}
	supervisorStopped = &diag.Rule{ID: "supervisor-stopped", Severity: diag.Error,
		Summary: "the job must leave alone the program that runs it"}
)

// Smoke runs the cases and probes what each run left behind. An error means that a case could not be run.
func Smoke(ctx context.Context, runner Runner, cfg pack.Config, m *seed.Manifest, all []cases.Case, opt Options) (*Result, error) {
	if opt.Secrets == nil {
		opt.Secrets = new(secret.Set)
	}
	for i := range all {
		opt.Secrets.Add(all[i].Secrets(m)...)
	}
	results := make([]CaseResult, len(all))
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(max(opt.Parallel, 1))
	if opt.Parallel == 0 {
		group.SetLimit(2)
	}
	begin := time.Now()
	for i := range all {
		group.Go(func() (err error) {
			c := &all[i]
			results[i], err = repeatCase(groupContext, c, opt, func(ctx context.Context, c *cases.Case, opt Options) (CaseResult, error) {
				if opt.Budget > 0 {
					left := opt.Budget - time.Since(begin)
					if left <= 0 {
						return skip(c, fmt.Sprintf("the time for all cases, %v, is over", opt.Budget)), nil
					}
					opt.Timeout = min(cmp.Or(opt.Timeout, left), left)
				}
				return smokeCase(ctx, runner, cfg, m, c, opt)
			})
			if err != nil {
				err = fmt.Errorf("smoke case %q: %w", c.Name, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return conclude(m, results, opt), nil
}

func skip(c *cases.Case, reason string) CaseResult {
	return CaseResult{Name: c.Name, Reason: reason, Diagnostics: []diag.Diagnostic{{Rule: caseSkipped, Pointer: "/job", Message: "not tried: " + reason}}}
}

func smokeCase(ctx context.Context, runner Runner, cfg pack.Config, m *seed.Manifest, c *cases.Case, opt Options) (CaseResult, error) {
	if c.Skip != "" {
		return skip(c, c.Skip), nil
	}
	if opt.Skip != "" {
		r := skip(c, opt.Skip)
		r.Diagnostics[0].Severity = diag.Notice // the reason has a finding of its own
		return r, nil
	}
	if len(c.Platforms) > 0 && opt.Platform != "" && !slices.Contains(c.Platforms, opt.Platform) {
		r := skip(c, "it is not for "+opt.Platform)
		r.Diagnostics = nil
		return r, nil
	}
	if refused := unknownResources(m, opt); opt.Strict && len(refused) > 0 {
		return CaseResult{Name: c.Name, Verdict: Failed, Diagnostics: refused}, nil
	}
	for _, name := range c.Requires {
		if !slices.Contains(opt.Provides, name) {
			r := skip(c, fmt.Sprintf("it requires %q, which nobody says is here", name))
			r.Diagnostics[0].Severity = diag.Notice
			r.Diagnostics[0].Hint = "say so with --provides " + oneLine(name)
			return r, nil
		}
	}
	env := prepare(m, c)
	env.provides = opt.Provides
	process, refused := env.process(cfg, m, c, opt)
	if refused != nil {
		return CaseResult{Name: c.Name, Verdict: Failed, Diagnostics: []diag.Diagnostic{*refused}}, nil
	}
	archive, places := opt.Keep.paths(env)
	process.Archive = archive
	outcome, err := runner.Run(ctx, process)
	if lost := new(pack.LostError); errors.As(err, &lost) {
		return stopped(c, lost), nil
	}
	if err != nil {
		return CaseResult{}, err
	}
	if opt.Foreign && !outcome.Started && strings.Contains(outcome.StartError, "exec format error") {
		r := skip(c, "the engine cannot run programs for "+opt.Platform)
		r.Outcome = outcome
		return r, nil
	}
	run := newRun(m, c, env, opt.Secrets.Redactor(), outcome)
	run.config, run.args = cfg, process.Args
	result := judge(run, opt)
	result.run = run
	result.Allocated, result.Timeout = env.allocated, process.Timeout
	for _, out := range m.Job.Interface.Outputs.Files {
		result.OutputNames = append(result.OutputNames, out.Name)
	}
	result.JSON, result.ErrorName = run.capturedJSON(), run.errorName()
	result.Diagnostics = append(result.Diagnostics, env.shadowed(cfg, m)...)
	err = opt.Keep.save(&result, places, run.secrets)
	return result, err
}

// stopped is the result of a case whose job stopped its supervisor. Nothing is known of what the job did.
func stopped(c *cases.Case, lost *pack.LostError) CaseResult {
	return CaseResult{Name: c.Name, Verdict: Failed, Diagnostics: []diag.Diagnostic{{Rule: supervisorStopped, Pointer: "/job",
		Message: "the job " + lost.Reason, Hint: "a job that runs as root can stop or end other processes of its container; give its image a USER"}}}
}

// judge runs the probes. If values were made up, a run that fails on them is inconclusive, unless the program could not
// even start.
func judge(r *Run, opt Options) CaseResult {
	result := CaseResult{Name: r.Case.Name, Verdict: Passed, Outcome: r.Outcome, Files: r.Files}
	for _, p := range probes {
		if r.probe = p; !opt.Update || p != expectedOutput && p != expectedJSON {
			p.Check(r)
		}
	}
	result.Diagnostics, result.Unmet = r.found, r.unmet
	if r.hasErrors() {
		result.Verdict = Failed
	}
	switch {
	case r.succeeded() && r.Outcome.FilesCut > 0 && r.lacksOutputs():
		result.Reason = r.hidef("the job left more files than are listed, %d and %d more, so it is not known whether these outputs are there: %s",
			len(r.Outcome.Files), r.Outcome.FilesCut, diag.QuoteFew(r.lacking()))
		if result.Verdict = Inconclusive; r.hasErrors() {
			result.Verdict = Failed
			return result
		}
		result.Diagnostics = append(result.Diagnostics, diag.Diagnostic{Rule: caseInconclusive, Pointer: seed.AtOutputFiles.Parent(), Message: "inconclusive: " + result.Reason})
		return result
	case r.cannotStart() || result.Verdict == Passed:
		return result
	case r.Outcome.TimedOut && timeout(r.Manifest, r.Case, opt) < declaredTimeout(r.Manifest):
		result.Reason = fmt.Sprintf("it was ended after %v, before the manifest's own timeout", timeout(r.Manifest, r.Case, opt))
	case len(r.Case.MadeUp) > 0 && (!r.asExpected() || r.lacksOutputs()):
		result.Reason = r.hidef("it was given made-up values for %s and %s", diag.QuoteFew(r.Case.MadeUpNames(r.Manifest)), r.ending())
	default:
		return result
	}
	result.Verdict, result.Unmet = Inconclusive, nil
	result.Diagnostics = []diag.Diagnostic{{Rule: caseInconclusive, Pointer: firstMadeUp(r.Case), Message: "inconclusive: " + result.Reason, Hint: exampleHint(r)}}
	for _, d := range r.found {
		if d.Rule == &networkMissing.Rule { // this does not depend on the values
			result.Diagnostics = append(result.Diagnostics, d)
		}
	}
	return result
}

func firstMadeUp(c *cases.Case) seed.Pointer {
	if len(c.MadeUp) > 0 {
		return c.MadeUp[0]
	}
	return "/job/timeout"
}

// exampleHint returns one line to write into the smoke file.
func exampleHint(r *Run) string {
	if len(r.Case.MadeUp) == 0 {
		return ""
	}
	hint := r.hidef("give real values in %s: %s", cases.File, strings.TrimSpace(cases.ExampleLine(r.Manifest)))
	if words := r.lastLine(); words != "" && !r.asExpected() {
		hint = words + "; " + hint
	}
	return hint
}

// conclude joins the results of the cases. If there are several, findings name their case.
func conclude(m *seed.Manifest, all []CaseResult, opt Options) *Result {
	result := &Result{Cases: all, Report: &diag.Report{Path: opt.Path, Source: m.Source}}
	counts := map[Verdict]int{}
	for _, c := range all {
		counts[c.Verdict]++
		add := func(to *diag.Report, found []diag.Diagnostic) {
			for _, d := range found {
				if d.Case = c.Name; len(all) > 1 {
					d.Message += fmt.Sprintf(" (case %q)", c.Name)
				}
				to.Add(d)
			}
		}
		add(result.Report, c.Diagnostics)
		if c.Unmet == nil {
			continue
		}
		if result.Unmet == nil {
			result.Unmet = &diag.Report{Path: c.Unmet.Path, Source: c.Unmet.Source}
		}
		add(result.Unmet, c.Unmet.Diagnostics)
	}
	switch {
	case counts[Failed] > 0:
		result.Verdict = Failed
	case counts[Passed] > 0:
		result.Verdict = Passed
	case counts[Inconclusive] > 0:
		result.Verdict = Inconclusive
	}
	if opt.Required && (result.Verdict == Skipped || result.Verdict == Inconclusive) {
		result.Report.Add(diag.Diagnostic{Rule: smokeRequired, Pointer: "/job",
			Message: fmt.Sprintf("the smoke run is %s, it should pass: no case came to a conclusion", result.Verdict)})
		result.Verdict = Failed
	}
	result.Report.Sort()
	if result.Unmet != nil {
		result.Unmet.Sort()
	}
	return result
}
