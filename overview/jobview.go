package overview

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/pipeline"
)

func (r *Run) job(n int, i *pipeline.Image) jobView {
	j := jobView{ID: fmt.Sprintf("job-%d", n+1), Title: Title(i), Version: i.JobVersion, Package: i.PackageVersion, Path: filepath.ToSlash(i.Manifest),
		Took: Duration(Took(i)), Digest: i.Digest, Platforms: i.Platforms, Error: i.Error, ErrorOutput: i.ErrorOutput, Stages: stageViews(i)}
	j.Verdict.Text, j.Verdict.Tone = JobVerdict(i)
	if i.Published || i.Skipped {
		j.Image, j.ImagePage = i.Name, ImagePage(i.Name, r.Repository)
	}
	cases := map[string]bool{}
	passed := 0
	for k := range i.Cases {
		c := &i.Cases[k]
		cases[c.Name] = true
		if c.Verdict == "passed" {
			passed++
		}
		j.Cases = append(j.Cases, r.caseOf(fmt.Sprintf("%s-case-%d", j.ID, k+1), i, c))
	}
	if len(i.Cases) > 0 {
		j.Passed = fmt.Sprintf("%d of %s", passed, diag.Count(len(i.Cases), "case"))
	}
	j.Findings = r.findings(i.Reports, func(d *diag.Diagnostic) bool { return !cases[d.Case] })
	counts := map[string]int{}
	for _, found := range i.Reports {
		for k := range found.Diagnostics {
			counts[found.Diagnostics[k].Level().String()]++
		}
	}
	j.Counts = Counts(counts["error"], counts["warning"], counts["notice"])
	return j
}

// stageViews returns the stages as bars, one after the other.
func stageViews(i *pipeline.Image) (all []stageView) {
	total := 0.0
	for _, s := range Stages(i) {
		total += s.Seconds
	}
	at := 0.0
	for _, s := range Stages(i) {
		v := stageView{Name: s.Name, Took: Seconds(s.Seconds), Tone: s.Tone, X: "0%", Width: "0%"}
		if total > 0 {
			v.X, v.Width = fmt.Sprintf("%.2f%%", 100*at/total), fmt.Sprintf("%.2f%%", 100*s.Seconds/total)
		}
		if s.Seconds == 0 {
			v.Took = "under 1 ms"
		}
		at += s.Seconds
		all = append(all, v)
	}
	return all
}

func (r *Run) caseOf(id string, i *pipeline.Image, c *pipeline.CaseImage) caseView {
	v := caseView{ID: id, Name: c.Name, Platform: c.Platform, Reason: c.Reason, Verdict: badge{c.Verdict, CaseTone(c.Verdict)}, Kept: filepath.ToSlash(c.Outputs)}
	v.Findings = r.findings(i.Reports, func(d *diag.Diagnostic) bool { return d.Case == c.Name && d.Case != "" })
	for _, o := range c.Captured {
		out := outputView{Name: o.Name, Total: diag.Count(o.Count, "file") + ", " + Bytes(o.Bytes), More: o.Count - len(o.Files)}
		for _, f := range o.Files {
			out.Files = append(out.Files, fileSize{f.Name, Bytes(f.Size)})
		}
		v.Outputs = append(v.Outputs, out)
	}
	v.JSON, v.MoreJSON = jsonViews(c.JSON), c.MoreJSON
	for n, t := range []*pipeline.CaseText{c.Stdout, c.Stderr} {
		if t == nil {
			continue
		}
		p := printedView{Name: []string{"Standard output", "Standard error"}[n], Text: c.Printed[n], Size: Bytes(t.Bytes)}
		if p.Text == "" {
			p.Text = t.Tail
		}
		v.Printed = append(v.Printed, p)
	}
	if c.Usage != nil {
		v.Figures, v.Charts = figures(c), charts(c.Usage, c.Declared)
	}
	return v
}

func jsonViews(all []pipeline.CaseJSON) (views []jsonView) {
	for _, o := range all {
		v := jsonView{Name: o.Name, Type: o.Type, Value: clipRight(o.Value), Note: "optional"}
		switch {
		case !o.Declared:
			v.Note = "not declared"
		case o.Required:
			v.Note = "required"
		}
		views = append(views, v)
	}
	return views
}

// figures returns what a run took, each next to what is declared.
func figures(c *pipeline.CaseImage) []figure {
	u, d := c.Usage, c.Declared
	if d == nil {
		d = &pipeline.CaseDeclared{}
	}
	size := func(key string, used, declared int64) figure {
		return part(figure{Key: key, Value: Bytes(used)}, float64(used), float64(declared), Bytes(declared))
	}
	ended := figure{Key: "Ended with", Value: fmt.Sprintf("exit status %d", u.Exit)}
	switch {
	case u.TimedOut:
		ended.Value, ended.Tone = "timeout", Bad
	case u.Signal != "":
		ended.Value, ended.Tone = "signal: "+u.Signal, Bad
	case c.ErrorName != "":
		ended.Of = c.ErrorName
	}
	all := []figure{ended, part(figure{Key: "Time", Value: Seconds(u.Seconds)}, u.Seconds, d.Seconds, Seconds(d.Seconds)),
		size("Peak memory", u.Memory, d.Memory)}
	cpu := figure{Key: "CPU time", Value: Seconds(u.CPUSeconds)}
	if d.CPUs > 0 {
		cpu.Of = Number(d.CPUs) + " CPU"
		if d.CPUs != 1 {
			cpu.Of += "s"
		}
		cpu.Of += " declared"
	}
	all = append(all, cpu, size("Outputs", u.OutputBytes, d.Disk))
	if d.SharedMem > 0 || u.SharedMem > 0 {
		all = append(all, size("Shared memory", u.SharedMem, d.SharedMem))
	}
	return all
}

// part adds what is declared to a figure.
func part(f figure, used, declared float64, text string) figure {
	if !(declared > 0) {
		return f
	}
	f.Of, f.Tone = "of "+text, Good
	share := used / declared
	switch {
	case share > 1:
		f.Tone = Bad
	case share > 0.9:
		f.Tone = Warn
	}
	f.Part = fmt.Sprintf("%.1f%%", 100*min(max(share, 0), 1))
	return f
}

// findings returns those that a function picks, the worst first. Nil picks all.
func (r *Run) findings(reports []*diag.Report, pick func(*diag.Diagnostic) bool) (all []findingView) {
	for _, level := range []diag.Severity{diag.Error, diag.Warning, diag.Notice} {
		for _, found := range reports {
			for i := range found.Diagnostics {
				if d := &found.Diagnostics[i]; d.Level() == level && (pick == nil || pick(d)) {
					all = append(all, r.finding(found, d))
				}
			}
		}
	}
	return all
}

func (r *Run) finding(found *diag.Report, d *diag.Diagnostic) findingView {
	v := findingView{Severity: d.Level().String(), Message: d.Message, Hint: advice(d), Rule: d.Rule.ID, Where: filepath.ToSlash(found.Path)}
	if d.Case != "" {
		v.Message = strings.TrimSuffix(v.Message, fmt.Sprintf(" (case %q)", d.Case)) // it stands below its case
	}
	v.Tone = map[diag.Severity]Tone{diag.Error: Bad, diag.Warning: Warn}[d.Level()]
	if found.Source == nil {
		return v
	}
	at := found.Place(d)
	from := found.Source.Position(at.Start)
	v.Where += fmt.Sprintf(":%d:%d", from.Line, from.Column)
	if r.Line != nil {
		v.Link = r.Line(found.Path, from.Line)
	}
	line := found.Source.Line(from.Line)
	text := func(start, end int) string { return string(found.Source.Text[start:end]) }
	start := min(at.Start, line.End)
	end := max(min(at.End, line.End), start)
	v.Before, v.Place, v.After = clipLeft(text(line.Start, start)), clipRight(text(start, end)), clipRight(text(end, line.End))
	return v
}

// advice returns the hint. Without a hint, it returns what the only fix would do.
func advice(d *diag.Diagnostic) string {
	e := report.Entry{Hint: d.Hint}
	for _, f := range d.Fixes {
		e.Fixes = append(e.Fixes, f.Title)
	}
	return e.Advice()
}

// maxLine is how many characters of a line are shown on each side of a place.
const maxLine = 160

func clipRight(s string) string {
	if utf8.RuneCountInString(s) <= maxLine {
		return s
	}
	return string([]rune(s)[:maxLine]) + "…"
}

func clipLeft(s string) string {
	s = strings.TrimLeft(s, " \t")
	runes := []rune(s)
	if len(runes) <= maxLine {
		return s
	}
	return "…" + string(runes[len(runes)-maxLine:])
}
