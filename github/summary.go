package github

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/disk"
	"github.com/seedpack/seedpack/pipeline"
)

// A summary is Markdown that ends before it is too large for a runner.
type summary struct {
	strings.Builder
	env  func(string) string
	left int // rows that were left out
}

const (
	summaryMax = 1 << 20 // bytes that a runner takes
	rowMax     = 8 << 10 // bytes of one row: a value that is quoted may be large
)

// row adds a row of a table, or counts it.
func (b *summary) row(cells ...string) {
	row := "| " + strings.Join(cells, " | ") + " |\n"
	if b.Len()+len(row) > summaryMax-1024 {
		b.left++
		return
	}
	b.WriteString(row)
}

func (b *summary) table(heads ...string) {
	b.row(heads...)
	b.WriteString(strings.Repeat("|---", len(heads)) + "|\n")
}

// writeSummary writes what a person reads first: jobs, smoke cases, and all findings.
func writeSummary(env func(string) string, r *Document, hide func(string) string) error {
	b := &summary{env: env}
	b.WriteString("## Seedpack\n\n")
	if t, _ := trustOf(env); t == untrusted {
		b.WriteString("A pull request of a fork is tried, and nothing is published.\n\n")
	}
	b.jobs(r.Images)
	b.cases(r.Images)
	b.comparisons(r.Comparisons)
	fmt.Fprintf(b, "%s, %s, %s\n\n", plural(r.Errors, "error"), plural(r.Warnings, "warning"), plural(r.Notices, "notice"))
	b.failures(r)
	b.findings(r)
	if b.left > 0 {
		fmt.Fprintf(b, "\n%d more are in the log\n", b.left)
	}
	return appendTo(env, "GITHUB_STEP_SUMMARY", hide(b.String()))
}

// mark returns a sign for a stage: passed, failed, or empty if the job did not come to it.
func mark(i *pipeline.Image, stage string) string {
	stages := pipeline.StageNames()
	at, stopped := slices.Index(stages, stage), slices.Index(stages, i.Stopped)
	switch {
	case stopped < 0 || at < stopped:
		return "✓"
	case at == stopped && !i.Skipped:
		return "✗"
	}
	return ""
}

// jobs writes how far each job came.
func (b *summary) jobs(images []*pipeline.Image) {
	if len(images) == 0 {
		return
	}
	b.table("job", "lint", "build", "smoke", "image", "digest")
	for _, p := range images {
		name, digest := "not published", ""
		switch {
		case p.Published:
			name, digest = p.Name, p.Digest
		case p.Skipped:
			name = p.Name + " was there already"
		}
		smoke := p.Smoke
		if mark(p, "smoke") == "" {
			smoke = ""
		}
		b.row(cell(p.Manifest), mark(p, "lint"), mark(p, "build"), cell(smoke), cell(name), cell(digest))
	}
	b.WriteString("\n")
}

// cases writes what each smoke case came to, and what it took.
func (b *summary) cases(images []*pipeline.Image) {
	var rows [][]string
	for _, p := range images {
		for _, c := range p.Cases {
			rows = append(rows, caseRow(p.JobName, c))
		}
	}
	if len(rows) == 0 {
		return
	}
	b.table("smoke case", "platform", "result", "time", "memory", "outputs")
	for _, row := range rows {
		b.row(row...)
	}
	b.WriteString("\n")
}

// comparisons writes what changed in each job since its base.
func (b *summary) comparisons(all []*JobComparison) {
	for _, c := range all {
		if len(c.Changes) == 0 {
			continue
		}
		table := ComparisonTable(c.Comparison)
		if b.Len()+len(table) > summaryMax/2 {
			b.left++
			continue
		}
		b.WriteString(table)
	}
}

func caseRow(job string, c pipeline.CaseImage) []string {
	verdict := c.Verdict
	if c.Reason != "" {
		verdict += ": " + c.Reason
	}
	row := []string{cell(job + ": " + c.Name), cell(c.Platform), cell(verdict), "", "", ""}
	if u := c.Usage; u != nil {
		row[3], row[4] = fmt.Sprintf("%.3g s", u.Seconds), fmt.Sprintf("%.3g MiB", float64(u.Memory)/(1<<20))
		row[5] = fmt.Sprintf("%s, %s in all", plural(u.Files, "file"), plural(int(u.OutputBytes), "byte"))
	}
	return row
}

func (b *summary) failures(r *Document) {
	for _, a := range failures(b.env, r) {
		b.WriteString("- " + strings.TrimPrefix(cell(a.fields["file"]+": "+a.message), ": ") + "\n")
	}
	b.WriteString("\n")
}

func (b *summary) findings(r *Document) {
	if r.Errors+r.Warnings+r.Notices == 0 {
		return
	}
	b.table("where", "severity", "finding", "rule")
	for _, level := range []string{"error", "warning", "notice"} {
		for _, f := range r.Reports {
			for _, e := range f.Diagnostics {
				if e.Severity.String() == level {
					b.row(link(b.env, f.Path, e), level, cell(withHint(e)), cell(e.Rule))
				}
			}
		}
	}
}

// link returns where a finding is. If GitHub has the file, it links to its line at the commit.
func link(env func(string) string, path string, e report.Entry) string {
	c := checkoutOf(env, path)
	if c.path == "" {
		return cell(place(path, e))
	}
	text := cell(place(c.path, e))
	base := blobs(env, c.dir)
	if base == "" {
		return text
	}
	var segments []string
	for segment := range strings.SplitSeq(c.path, "/") {
		segments = append(segments, strings.NewReplacer("&", "%26", "@", "%40", "_", "%5F").Replace(url.PathEscape(segment)))
	}
	line := ""
	if e.Line > 0 {
		line = fmt.Sprintf("#L%d", e.Line)
	}
	return fmt.Sprintf("[%s](%s%s%s)", text, base, strings.Join(segments, "/"), line)
}

var (
	commitForm     = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
	serverForm     = regexp.MustCompile(`^https?://[A-Za-z0-9.:-]+$`)
)

// blobs returns the address of the files of a commit, with a slash at its end. It is empty if the checkout is not of the
// workflow's repository, or if its commit is unknown.
func blobs(env func(string) string, dir string) string {
	server, repository := env("GITHUB_SERVER_URL"), env("GITHUB_REPOSITORY")
	if !serverForm.MatchString(server) || !repositoryForm.MatchString(repository) {
		return ""
	}
	config, err := disk.ReadFile(filepath.Join(dir, ".git", "config"), disk.MaxText)
	if err != nil || !strings.Contains(strings.ReplaceAll(string(config), ".git\n", "\n")+"\n", "url = "+server+"/"+repository+"\n") {
		return ""
	}
	head, err := disk.ReadFile(filepath.Join(dir, ".git", "HEAD"), disk.MaxText)
	commit := strings.TrimSpace(string(head))
	if ref, ok := strings.CutPrefix(commit, "ref: "); ok && filepath.IsLocal(ref) {
		head, err = disk.ReadFile(filepath.Join(dir, ".git", filepath.FromSlash(ref)), disk.MaxText)
		commit = strings.TrimSpace(string(head))
	}
	if err != nil || !commitForm.MatchString(commit) {
		return ""
	}
	return server + "/" + repository + "/blob/" + commit + "/"
}

// cell makes foreign text mean nothing in a table of Markdown: no links, images, tags or mentions.
func cell(s string) string {
	s = report.Escape(s)
	if len(s) > rowMax {
		s = strings.ToValidUTF8(s[:rowMax], "") + " …"
	}
	return report.Markdown(s)
}
