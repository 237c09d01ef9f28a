package verify

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// summed is a file that is too large to be returned.
func summed(name string, size int64, sum string, blocks ...byte) pack.File {
	f := pack.File{Name: name, Mode: 0o644, ReadableByOther: true, Size: size, Content: []byte("\x89PNG\r\n\x1a\n"), Sum: []byte(sum)}
	for _, b := range blocks {
		f.Blocks = append(f.Blocks, b, 0, 0, 0)
	}
	return f
}

const repeated = `{"job": {"name": "r", "timeout": 10, "interface": {"outputs": {
"files": [{"name": "table", "pattern": "*.csv", "required": false}, {"name": "tiles", "pattern": "*.png", "multiple": true, "required": false}],
"json": [{"name": "count", "type": "integer", "required": false}]}}, "errors": [{"code": 3, "name": "bad"}]}}`

// Outputs that differ between runs are reported with the first place at which they do.
func TestRepeat(t *testing.T) {
	t.Parallel()
	run := func(files ...pack.File) *pack.Outcome { return &pack.Outcome{Started: true, UID: 1, Files: files} }
	const table, tiles, count = "/job/interface/outputs/files/0: warning: output \"table\"", "/job/interface/outputs/files/1: warning: output \"tiles\"", "/job/interface/outputs/json/0: warning: JSON output \"count\""
	for _, tt := range []struct {
		name string
		runs []*pack.Outcome
		want string
	}{
		{"the same", []*pack.Outcome{run(holding("a.csv", "1\n")), run(holding("a.csv", "1\n")), run(holding("a.csv", "1\n"))}, ""},
		{"text", []*pack.Outcome{run(holding("a.csv", "x\n1,2\n")), run(holding("a.csv", "x\n1,3\n"))}, table + `: "a.csv" differs between run 1 and run 2, from byte 5 on, in line 2: "1,2" and "1,3" [outputs-differ]`},
		{"a longer text", []*pack.Outcome{run(holding("a.csv", "x\n")), run(holding("a.csv", "x\ny\n"))}, table + `: "a.csv" differs between run 1 and run 2, from byte 3 on, in line 2: "" and "y", and has 4 bytes in place of 2 [outputs-differ]`},
		{"only the third", []*pack.Outcome{run(holding("a.csv", "x")), run(holding("a.csv", "x")), run(holding("a.csv", "y"))}, table + `: "a.csv" differs between run 1 and run 3, from byte 1 on, in line 1: "x" and "y" [outputs-differ]`},
		{"bytes", []*pack.Outcome{run(holding("a.csv", "\x00\x01")), run(holding("a.csv", "\x00\x02"))}, table + `: "a.csv" differs between run 1 and run 2, from byte 2 on [outputs-differ]`},
		{"large", []*pack.Outcome{run(summed("a.png", 5<<20, "s", 1, 2, 3, 4, 5)), run(summed("a.png", 5<<20, "t", 1, 2, 9, 4, 5))}, tiles + `: "a.png" differs between run 1 and run 2, first in the MiB that begins at byte 2097153 [outputs-differ]`},
		{"large, and longer", []*pack.Outcome{run(summed("a.png", 1<<20, "s", 1)), run(summed("a.png", 2<<20, "t", 1, 2))}, tiles + `: "a.png" differs between run 1 and run 2, first in the MiB that begins at byte 1048577, and has 2097152 bytes in place of 1048576 [outputs-differ]`},
		{"large, the same", []*pack.Outcome{run(summed("a.png", 5<<20, "s", 1)), run(summed("a.png", 5<<20, "s", 1))}, ""},
		{"too large", []*pack.Outcome{run(summed("a.png", 5<<20, "s")), run(summed("a.png", 5<<20, "t"))}, tiles + `: "a.png" differs between run 1 and run 2, in its SHA-256 [outputs-differ]`},
		{"several", []*pack.Outcome{run(summed("a.png", 1, "s", 1), summed("b.png", 1, "s", 1), summed("c.png", 1, "s", 1)), run(summed("a.png", 1, "s", 1), summed("b.png", 1, "t", 2), summed("c.png", 1, "t", 2))},
			tiles + `: "b.png" differs between run 1 and run 2, first in the MiB that begins at byte 1; 1 more file differs [outputs-differ]`},
		{"one more", []*pack.Outcome{run(summed("a.png", 1, "s", 1)), run(summed("a.png", 1, "s", 1), summed("b.png", 1, "s", 1))}, tiles + ` differs between runs: run 2 left "b.png", and run 1 did not [outputs-differ]`},
		{"one less", []*pack.Outcome{run(summed("a.png", 1, "s", 1)), run()}, tiles + ` differs between runs: run 1 left "a.png", and run 2 did not [outputs-differ]`},
		{"a side-car", []*pack.Outcome{run(summed("a.png", 1, "s", 1), holding("a.png.metadata.json", `{"type": "Point", "coordinates": [1, 2]}`)), run(summed("a.png", 1, "s", 1), holding("a.png.metadata.json", `{"type": "Point", "coordinates": [1, 3]}`))},
			tiles + `: the side-car "a.png.metadata.json" differs between run 1 and run 2, from byte 38 on, in line 1: ` + "`{\"type\": \"Point\", \"coordinates\": [1, 2]}` and `{\"type\": \"Point\", \"coordinates\": [1, 3]}` [outputs-differ]"},
		{"JSON", []*pack.Outcome{run(holding(seed.OutputsFile, `{"count": 3}`)), run(holding(seed.OutputsFile, `{"count": 4}`))}, count + ` is 3 in run 1, and 4 in run 2 [outputs-differ]`},
		{"JSON, written otherwise", []*pack.Outcome{run(holding(seed.OutputsFile, `{"count": 3}`)), run(holding(seed.OutputsFile, `{ "count":3 }`))}, ""},
		{"JSON, once", []*pack.Outcome{run(holding(seed.OutputsFile, `{"count": 3}`)), run(holding(seed.OutputsFile, `{}`))}, count + ` is 3 in run 1, and has no value in run 2 [outputs-differ]`},
		{"the end", []*pack.Outcome{run(), {Started: true, UID: 1, Exit: 3}}, "/job: warning: the job ended with exit status 0 in run 1, and in run 2 it ended with exit status 3, its error \"bad\" [outputs-differ]\n" +
			`/job/errors/0: error: the job ended with exit status 3, its error "bad" of category job (in run 2) [exit-mapped]`},
	} {
		runner := &sequence{outcomes: tt.runs}
		result, err := smoked(t, runner, seed.Parse([]byte(repeated)), []cases.Case{{Name: "first"}}, Options{Repeat: len(tt.runs)})
		if err != nil {
			t.Fatal(err)
		}
		if got := findings(result.Report.Diagnostics); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if names := fmt.Sprint(runner.ran); !strings.HasPrefix(names, "[first first, run 2") || !slices.Contains(runner.collected, "*.csv") {
			t.Errorf("%s: ran %s, and collected %q", tt.name, names, runner.collected)
		}
	}
}

// smoked runs cases in a time that does not pass.
func smoked(t *testing.T, runner Runner, m *seed.Manifest, all []cases.Case, opt Options) (result *Result, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		result, err = Smoke(t.Context(), runner, pack.Config{Entrypoint: []string{"x"}}, m, all, opt)
	})
	return result, err
}

// A dated job writes the time, as its format keeps it, after a while.
type dated struct{ step, takes time.Duration }

func (d dated) Run(context.Context, pack.Process) (*pack.Outcome, error) {
	time.Sleep(d.takes)
	return &pack.Outcome{Started: true, UID: 1, Files: []pack.File{holding("a.csv", time.Now().Truncate(d.step).String())}}, nil
}

// Two runs never write the same time in formats that keep seconds, or every second one, however quick the job is.
func TestRepeatApart(t *testing.T) {
	t.Parallel()
	for _, d := range []dated{{time.Second, 0}, {time.Second, 300 * time.Millisecond}, {2 * time.Second, time.Millisecond}, {2 * time.Second, 1900 * time.Millisecond}} {
		result, err := smoked(t, d, seed.Parse([]byte(repeated)), []cases.Case{{Name: "first"}}, Options{Repeat: 2})
		if err != nil {
			t.Fatal(err)
		}
		if got := findings(result.Report.Diagnostics); !strings.Contains(got, "[outputs-differ]") {
			t.Errorf("%+v: %q", d, got)
		}
	}
}

// A sequence has an outcome for each run, one after the other.
type sequence struct {
	outcomes  []*pack.Outcome
	ran       []string
	collected []string
}

func (s *sequence) Run(_ context.Context, p pack.Process) (*pack.Outcome, error) {
	s.ran, s.collected = append(s.ran, p.Name), append(s.collected, p.Collect...)
	return s.outcomes[len(s.ran)-1], nil
}

// What runs left, on several platforms, is written into the smoke file. Expectations that do not hold are no findings then.
func TestLeft(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(repeated))
	const text = "cases:\n  - name: first\n    expect: { json: { count: 9 } } # nine\n  - name: second\n"
	all, found := cases.Read(cases.File, []byte(text), m, os.Getenv)
	if len(found.Diagnostics) > 0 {
		t.Fatal(found.Diagnostics[0].Message)
	}
	file := holding("a.csv", "a,b\n1,2\n")
	file.Sum = []byte(strings.Repeat("\xab", 32))
	one := &pack.Outcome{Started: true, UID: 1, Files: []pack.File{file, holding(seed.OutputsFile, `{"count": 3}`)}}
	bad := &pack.Outcome{Started: true, UID: 1, Exit: 3}
	var results []*Result
	for range 2 {
		r, err := smoked(t, &sequence{outcomes: []*pack.Outcome{one, one, bad, bad}}, m, all, Options{Repeat: 2, Update: true, Parallel: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Report.Diagnostics) != 1 || r.Report.Diagnostics[0].Rule.ID != "exit-mapped" {
			t.Error(findings(r.Report.Diagnostics))
		}
		results = append(results, r)
	}
	got, err := cases.Update(cases.File, []byte(text), m, os.Getenv, Left(m, results...))
	if err != nil {
		t.Fatal(err)
	}
	want := "cases:\n  - name: first\n    expect: { json: { count: 3 }, outputs: { table: { count: 1, min-size: 8, max-size: 8, media-type: text/csv, sha256: " + strings.Repeat("ab", 32) + " }, tiles: { count: 0 } } } # nine\n  - name: second\n"
	if string(got.Text) != want || fmt.Sprint(got.Notes) != `[case "second" stays as it is: it failed, see above]` {
		t.Errorf("got %s\n%q\nwant %s", got.Text, got.Notes, want)
	}
	// The new expectations hold.
	all, _ = cases.Read(cases.File, got.Text, m, os.Getenv)
	r, err := Smoke(t.Context(), &sequence{outcomes: []*pack.Outcome{one, bad}}, pack.Config{Entrypoint: []string{"x"}}, m, all, Options{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cases[0].Verdict != Passed && (r.Unmet == nil || !strings.Contains(findings(r.Unmet.Diagnostics), "SHA-256")) {
		t.Errorf("%s: %+v", findings(r.Report.Diagnostics), r.Unmet)
	}
}
