package cli

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/policy"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/exit"
	"github.com/seedpack/seedpack/github"
	"github.com/seedpack/seedpack/job"
	"github.com/seedpack/seedpack/lint"
	"github.com/seedpack/seedpack/lint/dockerfile"
	"github.com/seedpack/seedpack/overview"
	"github.com/seedpack/seedpack/pipeline"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A linter lints all files of a call.
type linter struct {
	process  *Process
	options  lint.Options
	work     *lintWork
	streams  map[string][]byte // texts that have been read
	failures []error           // what could not be read
	base     *baseline         // with which jobs are compared; nil: with nothing
	policies *policy.Chooser

	comparisons []*github.JobComparison // of the jobs that were compared
	rows        []tableRow              // of all tasks
}

// A linted is what came of one task.
type linted struct {
	reports []*diag.Report
	name    lint.Named
	compare *github.JobComparison // nil: it was not compared
	row     tableRow
	err     error
}

// all lints all tasks, and adds their reports in the order of the tasks. What cannot be read does not keep the others from
// being linted.
func (l *linter) all(ctx context.Context, all *findings) error {
	results := make([]linted, len(l.work.tasks))
	group, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for i := taken.Add(1) - 1; i < int64(len(results)); i = taken.Add(1) - 1 {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				begin := time.Now()
				results[i] = l.one(ctx, l.work.tasks[i])
				results[i].row.took = time.Since(begin)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	l.clashes(results)
	for _, err := range l.work.found.Unreadable {
		l.fail(all, "", err)
	}
	for i, r := range results {
		if r.err != nil {
			l.fail(all, l.work.tasks[i].path(), r.err)
		}
		if r.compare != nil {
			l.comparisons = append(l.comparisons, r.compare)
		}
		for _, found := range r.reports {
			all.judge(found, l.work.tasks[i].policy)
		}
		l.rows = append(l.rows, r.finished(l.work.tasks[i]))
	}
	return nil
}

// finished returns the row of a task in the table at the end.
func (r *linted) finished(t *lintTask) tableRow {
	row := r.row
	row.job = cmp.Or(row.job, t.path())
	if r.err != nil {
		row.verdict, row.tone = "not read", overview.Bad
		return row
	}
	row.found(r.reports, t.policy, "clean")
	return row
}

// fail records and says what could not be read.
func (l *linter) fail(all *findings, path string, err error) {
	l.failures = append(l.failures, err)
	all.failures = append(all.failures, report.Failure{Path: path, Message: err.Error()})
	complain(l.process, exit.StatusFailure, "", err)
}

// one lints the manifest and the files of a task. It keeps only what will be printed.
func (l *linter) one(ctx context.Context, t *lintTask) (out linted) {
	if t.err != nil {
		out.err = t.err
		return out
	}
	var m *seed.Manifest
	if t.manifest != "" {
		var err error
		if m, err = l.read(t.manifest); err != nil {
			out.err = err
			return out
		}
	}
	if m != nil && !t.alone {
		// Clones do not keep the text of the manifest, of which the names are parts.
		out.row = tableRow{job: strings.Clone(m.Job.Name), version: strings.Clone(m.Job.JobVersion), packaged: strings.Clone(m.Job.PackageVersion)}
	}
	if !t.alone {
		out.name = lint.NameOf(t.manifest, m)
		found := lint.Manifest(t.manifest, m, l.options)
		if l.base != nil {
			var report *diag.Report
			if report, out.err = l.compare(ctx, t, m, &out); out.err != nil {
				return out
			}
			found = diag.Merge(found, report)[0]
		}
		out.reports = append(out.reports, t.policy.Apply(found).DropDocument())
	}
	if m != nil && (len(m.Source.Problems) > 0 || m.Source.Kind(seed.AtJob) != "object") {
		m = nil // what it says of the other files is not certain
	}
	for _, f := range t.files {
		found, err := lintFileOf(f, m, t.build, t.alone)
		if err != nil {
			out.err = err
			continue
		}
		if found != nil {
			out.reports = append(out.reports, t.policy.Apply(found).DropDocument())
		}
	}
	return out
}

// compare compares a job with its base. It gives the task the severities of the base.
func (l *linter) compare(ctx context.Context, t *lintTask, m *seed.Manifest, out *linted) (report *diag.Report, err error) {
	j := &job.Job{Path: t.manifest, Dir: filepath.Dir(t.manifest), Manifest: m}
	if job.IsStream(t.manifest) {
		return nil, nil
	}
	if t.policy, err = l.base.policyOf(ctx, j, t.policy, l.policies); err != nil {
		return nil, err
	}
	report, c, err := l.base.report(ctx, j)
	if c != nil {
		out.compare = c.document(t.manifest)
	}
	return report, err
}

func (l *linter) read(path string) (*seed.Manifest, error) {
	if text, ok := l.streams[path]; ok {
		return seed.Parse(text), nil
	}
	j, err := job.Read(path, l.process.roots, l.process.Stdin)
	if err != nil {
		return nil, err
	}
	return j.Manifest, nil
}

// lintFileOf lints a file besides the manifest. It returns nil for a file about which there is nothing to say: a policy file,
// which has been read, and a smoke file of a manifest that could not be read. If the user named the file, a link is followed anywhere.
func lintFileOf(f lintFile, m *seed.Manifest, build pipeline.Build, named bool) (*diag.Report, error) {
	if f.kind == policyFile || f.kind == smokeFile && m == nil {
		return nil, nil
	}
	if refused := refusedLink(f); refused != nil && !named {
		return refused, nil
	}
	text, err := disk.ReadFile(f.path, disk.MaxJobText)
	if err != nil {
		return nil, err
	}
	if f.kind == dockerFile {
		return diag.Merge(dockerfile.CheckTarget(f.path, text, m, build.Target), dockerfile.SecretArgs(f.path, text, build.Args))[0], nil
	}
	_, found := cases.Read(f.path, text, m, func(string) string { return "" }) // no secret is needed to judge it
	return found, nil
}

// refusedLink returns the report on a file that is a link which packing the job would not follow; nil for another file.
func refusedLink(f lintFile) *diag.Report {
	var link *disk.StrayLink
	dir := filepath.Dir(f.path)
	switch {
	case f.kind == dockerFile && errors.As(disk.CheckLink(f.path, dir), &link): // the builder is given no other directory
		return dockerfile.Refused(f.path, link)
	case f.kind == smokeFile && errors.As(disk.CheckLink(f.path, disk.Checkout(dir)), &link):
		return cases.Refused(f.path, link)
	}
	return nil
}

// clashes reports jobs whose images have the same name.
func (l *linter) clashes(results []linted) {
	names := make([]lint.Named, len(results))
	for i, r := range results {
		names[i] = r.name
	}
	for _, c := range lint.Clashes(names) {
		if sameFile(names[c.Of].Path, names[c.With].Path) {
			continue
		}
		m, err := l.read(names[c.Of].Path)
		if err != nil || lint.NameOf(names[c.Of].Path, m) != names[c.Of] {
			continue // it has changed since, or is a stream
		}
		t, r := l.work.tasks[c.Of], results[c.Of].reports[0]
		own := &diag.Report{Path: r.Path, Source: m.Source}
		lint.ReportClash(own, c, m, names[c.With].Path)
		results[c.Of].reports[0] = diag.Merge(r, t.policy.Apply(own).DropDocument())[0]
	}
}

// sameFile reports whether two paths lead to one file, as a link and its target do.
func sameFile(a, b string) bool {
	x, errX := filepath.EvalSymlinks(a)
	y, errY := filepath.EvalSymlinks(b)
	return errX == nil && errY == nil && x == y
}
