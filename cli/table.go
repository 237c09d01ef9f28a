package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/overview"
	"github.com/seedpack/seedpack/pipeline"
)

// A tableRow is one of several jobs, in the table at the end of a command.
type tableRow struct {
	job, version, packaged string
	verdict                string
	tone                   overview.Tone
	took                   time.Duration
}

const (
	tableWidth = 100 // columns, if there is no terminal that says it
	tableMost  = 50  // rows
	leastName  = 12  // columns
)

// showTable prints one line for each of several jobs. It is for people: other formats have the same in their document.
func (p *printer) showTable(rows []tableRow) {
	if !p.text() || len(rows) < 2 {
		return
	}
	rows, left := worst(rows)
	options := textOptions(p.process, p.process.Stderr)
	width := options.Width
	if width <= 0 {
		width = tableWidth
	}
	fmt.Fprintln(p.process.Stderr)
	if len(rows) > 0 {
		writeTable(p.process.Stderr, rows, width, options.Colour)
	}
	if left > 0 {
		fmt.Fprintf(p.process.Stderr, "… and %d more\n", left)
	}
}

// worst returns the rows to show: all of a few, and of many those first that say most, in their order. Left is how many are not shown.
func worst(all []tableRow) (shown []tableRow, left int) {
	if len(all) <= tableMost {
		return all, 0
	}
	for _, tones := range [][]overview.Tone{{overview.Bad}, {overview.Warn, overview.Neutral}} {
		for _, row := range all {
			if len(shown) < tableMost && slices.Contains(tones, row.tone) {
				shown = append(shown, row)
			}
		}
	}
	return shown, len(all) - len(shown)
}

// writeTable aligns the columns. Foreign texts are escaped first. If a row is wider than the terminal, the names of jobs are cut.
func writeTable(w io.Writer, rows []tableRow, width int, colour bool) {
	const gap, version, took = 2, 14, 10
	most := []int{width, version, version, max(min(36, width-2*version-took-4*gap-leastName), leastName), took}
	lines := [][]string{{"JOB", "VERSION", "PACKAGE", "VERDICT", "TIME"}}
	for _, row := range rows {
		line := []string{row.job, row.version, row.packaged, row.verdict, overview.Duration(row.took)}
		for i := range line {
			line[i] = clipColumns(report.Escape(line[i]), most[i])
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], report.Columns(cell))
		}
	}
	all := gap * (len(widths) - 1)
	for _, n := range widths {
		all += n
	}
	widths[0] = max(min(widths[0], widths[0]-(all-width)), leastName)
	for n, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			cell = clipColumns(cell, widths[i])
			pad := strings.Repeat(" ", widths[i]-report.Columns(cell))
			switch {
			case i == len(line)-1:
				b.WriteString(pad + cell) // times stand at the right
				continue
			case i == 3 && n > 0 && colour:
				cell = painted(cell, rows[n-1].tone)
			}
			b.WriteString(cell + pad + strings.Repeat(" ", gap))
		}
		fmt.Fprintln(w, b.String())
	}
}

// painted colours a verdict for a terminal.
func painted(text string, tone overview.Tone) string {
	code := map[overview.Tone]string{overview.Good: "32", overview.Warn: "33", overview.Bad: "31"}[tone]
	if code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// clipColumns cuts a text that is wider than so many columns of a terminal.
func clipColumns(s string, room int) string {
	if report.Columns(s) <= room {
		return s
	}
	used := 1 // the ellipsis
	for i, r := range s {
		if used += report.Columns(string(r)); used > room {
			return s[:i] + "…"
		}
	}
	return s
}

// imageRow is the row of a job that was packed, tried or published.
func imageRow(i *pipeline.Image, took time.Duration) tableRow {
	row := tableRow{job: overview.Title(i), version: i.JobVersion, packaged: i.PackageVersion, took: took}
	row.verdict, row.tone = overview.JobVerdict(i)
	return row
}

// found sets the verdict of a row to what was found. Good is the word for nothing that counts.
func (row *tableRow) found(reports []*diag.Report, policy diag.Policy, good string) {
	errors, warnings, notices := 0, 0, 0
	for _, found := range reports {
		errors, warnings, notices = errors+found.Count(diag.Error), warnings+found.Count(diag.Warning), notices+found.Count(diag.Notice)
	}
	switch {
	case policy.Fails(reports...):
		row.verdict, row.tone = overview.Counts(errors, warnings, notices), overview.Bad
	case errors+warnings > 0:
		row.verdict, row.tone = overview.Counts(errors, warnings, 0), overview.Warn
	default:
		row.verdict, row.tone = good, overview.Good
	}
}
