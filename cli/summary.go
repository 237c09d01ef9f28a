package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/go-units"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/verify"
)

// words are the last line about a job, which each command says in its own way.
type words struct {
	done    func(r *pipeline.Result, took time.Duration) string // nothing is wrong with the job
	refused func(t pipeline.Task) string                        // its findings are above
	did     string                                              // what was not done with a job that failed: packed, tried or run
}

// present prints what came of a job: findings and the last line on standard output, an error and the times on standard
// error.
func (b *batch) present(ctx context.Context, f pipeline.Finished, image *pipeline.Image) error {
	if f.Err != nil && ctx.Err() == nil && !errors.Is(f.Err, exit.Findings) {
		of := ""
		if len(b.tasks) > 1 {
			of = f.Result.Path + ": "
		}
		complain(b.out.process, exit.Status(ctx, f.Err), of, f.Err)
	}
	var failed *pipeline.FailedStep
	if errors.As(f.Err, &failed) {
		showStep(b.out.process.Stderr, failed.Step) // the finding is printed on standard output
	}
	if !b.out.oneByOne() {
		return nil
	}
	if err := b.printJob(f, image); err != nil {
		return err
	}
	if b.options.Progress == "quiet" {
		return nil
	}
	_, err := fmt.Fprintf(b.out.process.Stderr, "%s: %s\n", report.Escape(f.Result.Path), times(f))
	return err
}

// printJob prints what was found in a job and, last, what came of it.
func (b *batch) printJob(f pipeline.Finished, image *pipeline.Image) error {
	found := &findings{reports: f.Result.Reports, failures: failures(image), images: b.found.images}
	if err := b.out.print(found, nil); err != nil {
		return err
	}
	if b.showPrinted {
		b.showJobs(f.Result)
	}
	sayKept(b.out.process.Stderr, f.Result)
	_, err := fmt.Fprintln(b.out.out, report.EscapeLines(b.out.process.secrets.HideAgain(b.lastLine(f))))
	return err
}

func (b *batch) lastLine(f pipeline.Finished) string {
	r, found := f.Result, errors.Is(f.Err, exit.Findings)
	switch {
	case r.Plan != nil && (f.Err == nil || found):
		return planText(r.Plan, r.Name)
	case f.Err == nil:
		return b.words.done(r, f.Took)
	case found:
		return b.words.refused(r.Task)
	case exit.Status(context.Background(), f.Err) == exit.StatusUsage:
		return fmt.Sprintf("%s: not %s, see above", r.Path, b.words.did)
	}
	return fmt.Sprintf("%s: not %s: something could not be checked or done, see above", r.Path, b.words.did)
}

// published returns the last line about a job whose name is settled; empty if it is not.
func published(r *pipeline.Result) string {
	switch {
	case r.Published != nil && r.Published.Already:
		return "already published " + r.Published.Reference
	case r.Published != nil:
		return "published " + r.Published.Reference
	case r.Skipped:
		return r.Name + ": its name is taken already; skipped, nothing published"
	}
	return ""
}

// tried says what the smoke run came to.
func tried(r *pipeline.Result, took time.Duration) string {
	built := "built, "
	if r.Task.Image != nil {
		built = ""
	}
	return fmt.Sprintf("%s: %ssmoke %s, in %s", r.Name, built, r.Verdict(), took.Round(10*time.Millisecond))
}

// total prints a table of several jobs, and the last line of standard error.
func (b *batch) total(images []*pipeline.Image, rows []tableRow, took time.Duration) {
	if len(images) < 2 || b.options.Progress == "quiet" {
		return
	}
	b.out.showTable(rows)
	stopped := 0
	for _, i := range images {
		if i.Stopped != "" && !i.Skipped {
			stopped++
		}
	}
	fmt.Fprintf(b.out.process.Stderr, "%d jobs in %.2f s: %d %s, %d not\n", len(images), took.Seconds(), len(images)-stopped, b.words.did, stopped)
}

// times returns how long a job took, in all and in each stage.
func times(f pipeline.Finished) string {
	line := fmt.Sprintf("%.2f s", f.Took.Seconds())
	for i, stage := range pipeline.StageNames() {
		at, ok := f.Result.Stages.Took[stage]
		switch {
		case !ok:
			continue
		case i == 0:
			line += ":"
		default:
			line += ","
		}
		line += fmt.Sprintf(" %s %.2f", stage, at.Seconds())
	}
	return line
}

// sayKept prints where outputs were kept, and which are missing.
func sayKept(w io.Writer, r *pipeline.Result) {
	for _, s := range r.Smoked {
		for _, c := range s.Cases {
			if c.Kept == nil {
				continue
			}
			fmt.Fprintln(w, keptLine(c.Kept))
			for _, why := range c.Kept.LeftOut {
				fmt.Fprintln(w, "  not kept: "+report.Escape(why))
			}
		}
	}
}

func keptLine(k *verify.Kept) string {
	switch {
	case k.Files == 0 && len(k.LeftOut) == 0:
		return "kept nothing in " + report.Escape(k.Dir) + ": the job left no files"
	case k.Files == 0:
		return "kept nothing in " + report.Escape(k.Dir)
	}
	return fmt.Sprintf("kept %s, %s, in %s", diag.Count(k.Files, "file"), units.BytesSize(float64(k.Bytes)), report.Escape(k.Dir))
}

// showJobs prints what the jobs printed. It is not to be trusted.
func (b *batch) showJobs(r *pipeline.Result) {
	for _, s := range r.Smoked {
		for _, c := range s.Cases {
			if c.Outcome == nil {
				continue
			}
			b.showLines(b.out.out, verify.ExcerptText(c.Outcome.Stdout))
			b.showLines(b.out.process.Stderr, verify.ExcerptText(c.Outcome.Stderr))
		}
	}
}

func (b *batch) showLines(w io.Writer, text []byte) {
	if text = bytes.TrimSuffix(text, []byte("\n")); len(text) > 0 {
		fmt.Fprintln(w, report.EscapeLines(b.out.process.secrets.Hide(string(text))))
	}
}
