package verify

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

const unmetCases = `cases:
  - name: one
    expect:
      error: bad
      stdout: [^done, ^never]
      outputs:
        table:
          count: 2
          min-size: 1
          sha256: 0000000000000000000000000000000000000000000000000000000000000000
      json:
        count: 9
  - name: two
    expect: {outputs: {table: {media-type: image/png}}, stderr: oops}
`

// What the smoke file expects and no run did is a finding in that file, where it is said. The findings about the manifest stay there.
func TestUnmet(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(repeated))
	path := filepath.Join(t.TempDir(), cases.File)
	all, found := cases.Read(path, []byte(unmetCases), m, func(string) string { return "" })
	if len(found.Diagnostics) > 0 {
		t.Fatal(findings(found.Diagnostics))
	}
	one := &pack.Outcome{Started: true, UID: 1, Stdout: pack.Excerpt{Head: []byte("done\n"), Total: 5},
		Files: []pack.File{holding("a.csv", "1,2\n"), with(file("b.png"), 0o600), holding(seed.OutputsFile, `{"count": 3}`)}}
	two := &pack.Outcome{Started: true, UID: 1, Files: []pack.File{holding("a.csv", "1,2\n")}}
	for _, tt := range []struct {
		name    string
		runs    []*pack.Outcome
		options Options
		want    string
	}{
		{"once", []*pack.Outcome{one, two}, Options{},
			`4:14 exit-unexpected: the job ended with exit status 0, the case expects 3 (case "one")
5:23 expected-text: nothing on stdout matches "^never", of 5 bytes (case "one")
8:18 expected-output: output "table" has 1 file, the case expects 2 (case "one")
10:19 expected-output: output "table": "a.csv" has the SHA-256 SUM, the case expects 0000000000000000000000000000000000000000000000000000000000000000 (case "one")
12:9 expected-json: JSON output "count" is 3, the case expects 9 (case "one")
14:44 expected-output: output "table": "a.csv" looks like text/plain; charset=utf-8, the case expects image/png (case "two")
14:65 expected-text: nothing on stderr matches "oops", of 0 bytes (case "two")
`},
		{"twice", []*pack.Outcome{two, one}, Options{Repeat: 2},
			`4:14 exit-unexpected: the job ended with exit status 0, the case expects 3
5:16 expected-text: nothing on stdout matches "^done", of 0 bytes
5:23 expected-text: nothing on stdout matches "^never", of 0 bytes
8:18 expected-output: output "table" has 1 file, the case expects 2
10:19 expected-output: output "table": "a.csv" has the SHA-256 SUM, the case expects 0000000000000000000000000000000000000000000000000000000000000000
12:9 expected-json: there is no seed.outputs.json, the case expects JSON outputs
`},
	} {
		tried := all
		if tt.options.Repeat > 0 {
			tried = all[:1]
		}
		tt.options.Parallel = 1
		result, err := smoked(t, &sequence{outcomes: tt.runs}, m, tried, tt.options)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for i := range result.Unmet.Diagnostics {
			d := &result.Unmet.Diagnostics[i]
			start := result.Unmet.Source.Position(d.Span.Start)
			fmt.Fprintf(&got, "%d:%d %s: %s\n", start.Line, start.Column, d.Rule.ID, d.Message)
		}
		text := strings.ReplaceAll(got.String(), fmt.Sprintf("%x", sha256.Sum256(one.Files[0].Content)), "SUM")
		if result.Unmet.Path != path || result.Verdict != Failed || text != tt.want {
			t.Errorf("%s: %s in %s:\n%s\nwant\n%s", tt.name, result.Verdict, result.Unmet.Path, text, tt.want)
		}
		if manifest := findings(result.Report.Diagnostics); !strings.Contains(manifest, "output-unreadable") || strings.Contains(manifest, "expect") {
			t.Errorf("%s: the findings on the manifest are %s", tt.name, manifest)
		}
	}
}
