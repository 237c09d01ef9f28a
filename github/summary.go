package github

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/overview"
	"github.com/seedpack/seedpack/pipeline"
)

// A summary is Markdown that ends before it is too large for a runner. It has the content of the page of --html, and
// "## Seedpack" is its only heading of the first two levels.
type summary struct {
	strings.Builder
	env        func(string) string
	repository string // address on GitHub; empty if there is none
	left       int    // rows and parts that were left out
}

const (
	summaryMax     = 1 << 20 // bytes that a runner takes
	summaryReserve = 2 << 10 // bytes for what ends the summary
	rowMax         = 8 << 10 // bytes of one row: a value that is quoted may be large
)

// add adds a part as a whole, or counts it.
func (b *summary) add(text string) bool {
	if b.Len()+len(text) > summaryMax-summaryReserve {
		if strings.TrimSpace(text) != "" {
			b.left++
		}
		return false
	}
	b.WriteString(text)
	return true
}

// row adds a row of a table.
func (b *summary) row(cells ...string) { b.add("| " + strings.Join(cells, " | ") + " |\n") }

func (b *summary) table(heads ...string) {
	b.add("| " + strings.Join(heads, " | ") + " |\n" + strings.Repeat("|---", len(heads)) + "|\n")
}

// folded adds what a reader opens with a click. The title is Markdown's own, without foreign text.
func (b *summary) folded(title string, write func()) {
	if b.add("<details><summary>" + title + "</summary>\n\n") {
		write()
		b.WriteString("\n</details>\n\n") // there is room in the reserve
	}
}

// writeSummary writes what a person reads first: jobs, smoke cases, the end of what failed ones printed, and all findings.
func writeSummary(env func(string) string, r *Document, hide func(string) string) error {
	b := &summary{env: env}
	var log string
	b.repository, log = Addresses(env)
	b.WriteString("## Seedpack\n\n")
	if t, _ := trustOf(env); t == untrusted {
		b.WriteString("A pull request of a fork is tried, and nothing is published.\n\n")
	}
	b.lead(r, log)
	b.jobs(r.Images)
	b.cases(r.Images)
	b.failures(r)
	b.printed(r.Images)
	b.findings(r)
	b.comparisons(r.Comparisons)
	b.outputs(r.Images)
	b.notices(r)
	if b.left > 0 {
		fmt.Fprintf(b, "\n%d more are in the log\n", b.left)
	}
	return appendTo(env, "GITHUB_STEP_SUMMARY", hide(b.String()))
}

// sign is what stands before a verdict. The words behind it say the same.
func sign(tone overview.Tone) string {
	switch tone {
	case overview.Good:
		return "✅"
	case overview.Bad:
		return "❌"
	case overview.Warn:
		return "⚠️"
	}
	return "⚪"
}

// lead says in one line what came of the step.
func (b *summary) lead(r *Document, log string) {
	var parts []string
	if len(r.Images) == 1 {
		parts = append(parts, b.jobLine(r.Images[0]))
	} else if n := len(r.Images); n > 1 {
		good := 0
		for _, i := range r.Images {
			if _, tone := overview.JobVerdict(i); tone != overview.Bad {
				good++
			}
		}
		tone := overview.Good
		if good < n {
			tone = overview.Bad
		}
		parts = append(parts, fmt.Sprintf("%s **%d of %d jobs** went through", sign(tone), good, n))
	}
	parts = append(parts, overview.Counts(r.Errors, r.Warnings, r.Notices))
	if log != "" {
		parts = append(parts, "[log]("+log+")")
	}
	b.add(strings.Join(parts, " · ") + "\n\n")
}

// jobLine is the line of the only job: its name and version first.
func (b *summary) jobLine(i *pipeline.Image) string {
	verdict, tone := overview.JobVerdict(i)
	line := sign(tone) + " **" + strings.TrimSpace(b.job(i)+" "+cell(i.JobVersion)) + "**"
	if i.PackageVersion != "" {
		line += " (package " + cell(i.PackageVersion) + ")"
	}
	line += ": " + cell(verdict)
	if image := b.image(i); image != "" {
		line += ", " + image
	}
	if took := overview.Took(i); took > 0 {
		line += ", in " + firm(overview.Duration(took))
	}
	return line
}

// job returns the name of a job, with a link to its manifest if GitHub has it.
func (b *summary) job(i *pipeline.Image) string {
	name := cell(overview.Title(i))
	if to := LineAddress(b.env, i.Manifest, 0); to != "" {
		return "[" + name + "](" + to + ")"
	}
	return name
}

// image returns the name of an image, with its digest. It links to the page that the registry has of it.
func (b *summary) image(i *pipeline.Image) string {
	if !i.Published && !i.Skipped {
		return ""
	}
	text := cell(i.Name)
	if to := overview.ImagePage(cmp.Or(checked(referenceForm, i.Reference), i.Name), b.repository); to != "" {
		text = "[" + text + "](" + to + ")"
	}
	if i.Published && digestForm.MatchString(i.Digest) {
		text += " " + shortDigest(i.Digest)
	}
	return text
}

// shortDigest returns the beginning of a digest as code, with the whole of it for the pointer.
func shortDigest(digest string) string {
	return fmt.Sprintf(`<code title="%s">%s</code>`, digest, digest[:len("sha256:")+12])
}

// jobs writes how far each job came. Of one job, the line above says what it is.
func (b *summary) jobs(images []*pipeline.Image) {
	if len(images) == 1 {
		b.stages(images[0])
	}
	if len(images) > 1 {
		b.table("job", "version", "package", "verdict", "smoke", "image", "time")
		for _, i := range images {
			verdict, tone := overview.JobVerdict(i)
			b.row("**"+b.job(i)+"**", cell(i.JobVersion), cell(i.PackageVersion), sign(tone)+"&nbsp;"+cell(verdict), cell(smokeOf(i)), b.image(i),
				firm(overview.Duration(overview.Took(i))))
		}
		b.add("\n")
	}
	b.pull(images)
}

// smokeOf returns what came of the smoke run, if the job came to it.
func smokeOf(i *pipeline.Image) string {
	if !overview.Passed(i, pipeline.StageSmoke) && i.Stopped != pipeline.StageSmoke {
		return ""
	}
	if len(i.Cases) == 0 {
		return i.Smoke
	}
	passed := 0
	for _, c := range i.Cases {
		if c.Verdict == "passed" {
			passed++
		}
	}
	return fmt.Sprintf("%s, %d of %s passed", i.Smoke, passed, diag.Count(len(i.Cases), "case"))
}

// stages writes how long the only job was in each stage.
func (b *summary) stages(i *pipeline.Image) {
	all := overview.Stages(i)
	if len(all) == 0 {
		return
	}
	var names, times []string
	for _, s := range all {
		names = append(names, s.Name)
		took := overview.Seconds(s.Seconds)
		if s.Seconds == 0 {
			took = "under 1 ms"
		}
		times = append(times, firm(sign(s.Tone)+" "+took))
	}
	b.table(names...)
	b.row(times...)
	b.add("\n")
}

// pull writes the references to copy.
func (b *summary) pull(images []*pipeline.Image) {
	var lines []string
	for _, i := range images {
		if reference := checked(referenceForm, i.Reference); i.Published && reference != "" {
			lines = append(lines, "docker pull "+reference)
		}
	}
	if len(lines) > 0 {
		b.folded("Pull "+diag.Count(len(lines), "image"), func() { b.add(block(strings.Join(lines, "\n"))) })
	}
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
		b.add(table)
	}
}

func (b *summary) failures(r *Document) {
	all := failures(b.env, r)
	for _, a := range all {
		lines := strings.Split(strings.TrimSpace(a.message), "\n")
		for i := range lines {
			lines[i] = cell(lines[i])
		}
		b.add("- ❌ " + strings.TrimPrefix(cell(a.fields["file"])+": "+strings.Join(lines, "<br>"), ": ") + "\n")
	}
	if len(all) > 0 {
		b.add("\n")
	}
}

// findings writes errors and warnings.
func (b *summary) findings(r *Document) {
	if r.Errors+r.Warnings > 0 {
		b.table("where", "severity", "finding", "rule")
		b.level(r, "error")
		b.level(r, "warning")
		b.add("\n")
	}
}

// notices folds notices.
func (b *summary) notices(r *Document) {
	if r.Notices > 0 {
		b.folded(diag.Count(r.Notices, "notice"), func() {
			b.table("where", "severity", "finding", "rule")
			b.level(r, "notice")
		})
	}
}

func (b *summary) level(r *Document, level string) {
	for _, f := range r.Reports {
		for _, e := range f.Diagnostics {
			if e.Severity.String() == level {
				b.row(link(b.env, f.Path, e), level, cell(withHint(e)), cell(e.Rule))
			}
		}
	}
}

// firm keeps an amount and its unit on one line.
func firm(amount string) string { return strings.ReplaceAll(amount, " ", "&nbsp;") }

// cell makes foreign text mean nothing in Markdown, also in a table: no links, images, tags or mentions.
func cell(s string) string {
	s = report.Escape(s)
	if len(s) > rowMax {
		s = strings.ToValidUTF8(s[:rowMax], "") + " …"
	}
	return report.Markdown(s)
}
