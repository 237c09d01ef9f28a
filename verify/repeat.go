package verify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/pack/supervisor/wire"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// outputsDiffer is about several runs of one case, with the same values.
var outputsDiffer = &diag.Rule{ID: "outputs-differ", Severity: diag.Warning,
	Summary: "runs with the same inputs should leave the same outputs"}

// apart is how long the second run waits for after the first one. Zip archives keep times in steps of two seconds, and most other
// formats in seconds. Runs within one step would write the same time, and agree by chance.
const apart = 2 * time.Second

// repeatCase runs a case as often as the options say, one run after another, and compares what the runs left. Only of the first one
// is everything reported: of others what the first one does not have.
func repeatCase(ctx context.Context, c *cases.Case, opt Options, try func(context.Context, *cases.Case, Options) (CaseResult, error)) (CaseResult, error) {
	first, err := try(ctx, c, opt)
	if err != nil || first.run == nil {
		return first, err
	}
	runs := []*Run{first.run}
	for n := 2; n <= opt.Repeat; n++ {
		if n == 2 {
			if err := pause(ctx, apart); err != nil {
				return first, err
			}
		}
		again := *c
		again.Name = fmt.Sprintf("%s, run %d", c.Name, n)
		next, err := try(ctx, &again, opt)
		if err != nil {
			return first, err
		}
		first.add(n, next)
		if next.run == nil {
			break
		}
		runs = append(runs, next.run)
	}
	first.Diagnostics = append(first.Diagnostics, differences(runs)...)
	first.runs = runs
	return first, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// add adds what another run of the same case came to.
func (r *CaseResult) add(n int, next CaseResult) {
	if next.Verdict > r.Verdict {
		r.Verdict, r.Reason = next.Verdict, next.Reason
	}
	for _, d := range next.Diagnostics {
		known := slices.ContainsFunc(r.Diagnostics, func(other diag.Diagnostic) bool { return other.Rule == d.Rule && other.Pointer == d.Pointer })
		if !known {
			d.Message += fmt.Sprintf(" (in run %d)", n)
			r.Diagnostics = append(r.Diagnostics, d)
		}
	}
	r.addUnmet(n, next.Unmet)
}

// addUnmet adds what another run did not do and the runs before did.
func (r *CaseResult) addUnmet(n int, next *diag.Report) {
	if next == nil {
		return
	}
	if r.Unmet == nil {
		r.Unmet = &diag.Report{Path: next.Path, Source: next.Source}
	}
	for _, d := range next.Diagnostics {
		known := slices.ContainsFunc(r.Unmet.Diagnostics, func(other diag.Diagnostic) bool { return other.Rule == d.Rule && *other.Span == *d.Span })
		if !known {
			d.Message += fmt.Sprintf(" (in run %d)", n)
			r.Unmet.Add(d)
		}
	}
}

// differences returns a finding for each output in which a run differs from the first one, with the first place.
func differences(runs []*Run) (found []diag.Diagnostic) {
	if len(runs) < 2 {
		return nil
	}
	first, told := runs[0], map[seed.Pointer]bool{}
	tell := func(at seed.Pointer, message string) {
		if message != "" && !told[at] {
			told[at] = true
			found = append(found, diag.Diagnostic{Rule: outputsDiffer, Pointer: at, Message: message})
		}
	}
	for i, run := range runs[1:] {
		n := i + 2
		if run.ending() != first.ending() {
			tell("/job", first.hidef("the job %s in run 1, and in run %d it %s", first.ended(), n, run.ended()))
			continue
		}
		for i, out := range first.Manifest.Job.Interface.Outputs.Files {
			if i < len(first.Files) && i < len(run.Files) {
				tell(seed.AtOutputFiles.Index(i), differentFiles(out.Name, first, run, i, n))
			}
		}
		for i, out := range first.Manifest.Job.Interface.Outputs.JSON {
			tell(seed.AtOutputJSON.Index(i), differentJSON(out, first, run, n))
		}
	}
	return found
}

// ended says how a run ended, also if it ended well.
func (r *Run) ended() string {
	if r.asExpected() && !r.lacksOutputs() {
		return fmt.Sprintf("ended with exit status %d", r.Outcome.Exit)
	}
	return r.ending()
}

// differentFiles says how the files of an output differ between run 1 and run n; "" if they do not.
func differentFiles(name string, first, run *Run, output, n int) string {
	a, b := first.Files[output].Files, run.Files[output].Files
	var different []string
	place := ""
	for _, f := range a {
		g := run.file(f.Name)
		if g == nil || !slices.Contains(b, g) {
			return first.hidef("output %q differs between runs: run 1 left %q, and run %d did not", name, f.Name, n)
		}
		x, _ := first.resolve(f)
		y, _ := run.resolve(g)
		if at := first.differentBytes(x, y); at != "" {
			if different = append(different, f.Name); place == "" {
				place = at
			}
		}
	}
	for _, g := range b {
		if f := first.file(g.Name); f == nil || !slices.Contains(a, f) {
			return first.hidef("output %q differs between runs: run %d left %q, and run 1 did not", name, n, g.Name)
		}
	}
	if len(different) == 0 {
		return first.differentSideCars(name, run, a, n)
	}
	others := ""
	if more := len(different) - 1; more > 0 {
		others = "; 1 more file differs"
		if more > 1 {
			others = fmt.Sprintf("; %d more files differ", more)
		}
	}
	return first.hidef("output %q: %q differs between run 1 and run %d, %s%s", name, different[0], n, place, others)
}

func (r *Run) differentSideCars(name string, run *Run, files []*pack.File, n int) string {
	for _, f := range files {
		x, y := r.file(f.Name+seed.SideCarSuffix), run.file(f.Name+seed.SideCarSuffix)
		switch {
		case x == nil && y == nil:
		case x == nil || y == nil:
			return r.hidef("output %q: only one of run 1 and run %d left the side-car %q", name, n, f.Name+seed.SideCarSuffix)
		case x.Collected && y.Collected && !sameJSON(x.Content, y.Content):
			return r.hidef("output %q: the side-car %q differs between run 1 and run %d, %s", name, x.Name, n, r.differentBytes(x, y))
		}
	}
	return ""
}

// differentBytes says where two files differ; "" if they do not, or if that is not known.
func (r *Run) differentBytes(a, b *pack.File) string {
	const sizes = ", and has %s in place of %d"
	at, longer := "", ""
	if a.Size != b.Size {
		longer = fmt.Sprintf(sizes, diag.Count(int(b.Size), "byte"), a.Size)
	}
	switch {
	case a.Collected && b.Collected && bytes.Equal(a.Content, b.Content), a.Sum != nil && bytes.Equal(a.Sum, b.Sum):
		return ""
	case a.Collected && b.Collected:
		at = r.firstByte(a.Content, b.Content)
	case len(a.Blocks) > 0 && len(b.Blocks) > 0:
		block := 0
		for block+wire.BlockSum <= min(len(a.Blocks), len(b.Blocks)) && bytes.Equal(a.Blocks[block:block+wire.BlockSum], b.Blocks[block:block+wire.BlockSum]) {
			block += wire.BlockSum
		}
		at = fmt.Sprintf("first in the MiB that begins at byte %d", block/wire.BlockSum*wire.BlockSize+1)
	case a.Size == b.Size && (a.Sum == nil || b.Sum == nil):
		return ""
	default:
		return strings.TrimPrefix(cmp.Or(longer, "in its SHA-256"), ", and ")
	}
	return at + longer
}

// firstByte says where two contents differ first. Of text, it quotes the lines.
func (r *Run) firstByte(a, b []byte) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	where := fmt.Sprintf("from byte %d on", at+1)
	if !isText(a) || !isText(b) {
		return where
	}
	return where + fmt.Sprintf(", in line %d: %s and %s", bytes.Count(a[:at], []byte("\n"))+1, diag.Quote(r.brief(lineAt(a, at))), diag.Quote(r.brief(lineAt(b, at))))
}

func isText(content []byte) bool {
	head := content[:min(len(content), wire.HeadSize)]
	for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
		head = head[:len(head)-1] // a character may be cut
	}
	return utf8.Valid(head) && bytes.IndexByte(head, 0) < 0
}

// lineAt returns the line with an offset, which may be the end.
func lineAt(text []byte, at int) []byte {
	start := bytes.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := bytes.Cut(text[start:], []byte("\n"))
	return line
}

func differentJSON(out seed.OutputJSON, first, run *Run, n int) string {
	x, y := first.jsonValue(out), run.jsonValue(out)
	switch {
	case x == nil && y == nil:
		return ""
	case x == nil:
		return first.hidef("JSON output %q has no value in run 1, and in run %d it is %s", out.Name, n, first.brief(y))
	case y == nil:
		return first.hidef("JSON output %q is %s in run 1, and has no value in run %d", out.Name, first.brief(x), n)
	case sameJSON(x, y):
		return ""
	}
	return first.hidef("JSON output %q is %s in run 1, and %s in run %d", out.Name, first.brief(x), first.brief(y), n)
}

// jsonValue returns the value of a JSON output, or nil.
func (r *Run) jsonValue(out seed.OutputJSON) []byte {
	if !r.hasOutputs() {
		return nil
	}
	return r.Outputs.Raw(seed.Pointer("").Member(outputKey(out)))
}
