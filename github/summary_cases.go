package github

import (
	"fmt"
	"strings"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/overview"
	"github.com/seedpack/seedpack/pipeline"
)

// cases writes what each smoke case came to, and what it took.
func (b *summary) cases(images []*pipeline.Image) {
	var rows [][]string
	for _, i := range images {
		for _, c := range i.Cases {
			name := c.Name
			if len(images) > 1 {
				name = overview.Title(i) + ": " + name
			}
			rows = append(rows, caseRow(name, &c))
		}
	}
	if len(rows) == 0 {
		return
	}
	b.table("smoke case", "platform", "result", "time", "memory", "CPU", "outputs")
	for _, row := range rows {
		b.row(row...)
	}
	b.add("\n")
}

func caseRow(name string, c *pipeline.CaseImage) []string {
	verdict := c.Verdict
	if c.Reason != "" {
		verdict += ": " + c.Reason
	}
	row := []string{cell(name), cell(c.Platform), sign(overview.CaseTone(c.Verdict)) + "&nbsp;" + cell(verdict), "", "", "", ""}
	u, d := c.Usage, c.Declared
	if u == nil {
		return row
	}
	if d == nil {
		d = &pipeline.CaseDeclared{}
	}
	row[3], row[4], row[5] = firm(overview.Seconds(u.Seconds)), firm(overview.Bytes(u.Memory)), firm(overview.Seconds(u.CPUSeconds))
	if d.Seconds > 0 {
		row[3] += " of " + firm(overview.Seconds(d.Seconds))
	}
	if d.Memory > 0 {
		row[4] += " of " + firm(overview.Bytes(d.Memory))
	}
	if curve := overview.Sparkline(u.Samples); curve != "" {
		row[4] += " " + curve
	}
	row[6] = firm(diag.Count(u.Files, "file")) + ", " + firm(overview.Bytes(u.OutputBytes))
	if d.Disk > 0 {
		row[6] += " of " + firm(overview.Bytes(d.Disk))
	}
	return row
}

// printed writes the end of what failed cases and failed steps printed.
func (b *summary) printed(images []*pipeline.Image) {
	for _, i := range images {
		if len(i.ErrorOutput) > 0 {
			b.add("**" + cell(overview.Title(i)) + "**: the end of what the step printed\n\n" + block(strings.Join(i.ErrorOutput, "\n")))
		}
		for _, c := range i.Cases {
			if c.Verdict != "failed" && c.Verdict != "inconclusive" {
				continue
			}
			for n, t := range []*pipeline.CaseText{c.Stderr, c.Stdout} {
				if t == nil || strings.TrimSpace(t.Tail) == "" {
					continue
				}
				what := []string{"standard error", "standard output"}[n]
				b.add(fmt.Sprintf("**%s**, case %s: the end of its %s, of %s\n\n%s", cell(overview.Title(i)), cell(c.Name), what, overview.Bytes(t.Bytes), block(lastLines(t.Tail))))
			}
		}
	}
}

// lastLines returns the end of a text that a reader can take in.
func lastLines(text string) string {
	const most = 30
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// block returns foreign text as it was printed, line by line. Nothing in it means anything in Markdown or HTML, so that no line
// can end the block.
func block(text string) string {
	return "<pre>\n" + report.Markdown(report.EscapeLines(text)) + "\n</pre>\n\n"
}

// outputs writes what the cases left, with sizes.
func (b *summary) outputs(images []*pipeline.Image) {
	files, size := 0, int64(0)
	for _, i := range images {
		for _, c := range i.Cases {
			for _, o := range c.Captured {
				files, size = files+o.Count, size+max(o.Bytes, 0)
			}
		}
	}
	if files == 0 {
		return
	}
	b.folded(diag.Count(files, "output file")+", "+overview.Bytes(size), func() {
		b.table("case", "output", "file", "size")
		for _, i := range images {
			for _, c := range i.Cases {
				for _, o := range c.Captured {
					b.output(overview.Title(i)+": "+c.Name, &o)
				}
			}
		}
	})
}

func (b *summary) output(name string, o *pipeline.CaseOutput) {
	for _, f := range o.Files {
		b.row(cell(name), cell(o.Name), cell(f.Name), firm(overview.Bytes(f.Size)))
	}
	if more := o.Count - len(o.Files); more > 0 {
		b.row(cell(name), cell(o.Name), "and "+diag.Count(more, "more file"), "")
	}
}
