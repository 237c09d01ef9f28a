package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/seedpack/seedpack/diag/report"
	"github.com/seedpack/seedpack/overview"
)

// Columns stand below one another, also with wide characters. Names that do not fit are cut, and foreign text is escaped.
func TestWriteTable(t *testing.T) {
	t.Parallel()
	rows := []tableRow{
		{"scene-tiler", "1.2.0", "1.0.3", "published", overview.Good, 1240 * time.Millisecond},
		{"地図を作る", "10.0.0-rc.1", "1.0.0", "smoke failed", overview.Bad, 125 * time.Second},
		{"x\x1b[31m\n::error::y", "1", "1", "passed", overview.Good, 340 * time.Microsecond},
	}
	var b bytes.Buffer
	writeTable(&b, rows, 80, false)
	const want = `JOB                      VERSION      PACKAGE  VERDICT             TIME
scene-tiler              1.2.0        1.0.3    published         1.24 s
地図を作る               10.0.0-rc.1  1.0.0    smoke failed   2 min 5 s
x\u001b[31m\n::error::y  1            1        passed        under 1 ms
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

// No line is wider than the terminal, however long a text is.
func TestTableFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("very-long-", 30)
	rows := []tableRow{{long, long, long, long, overview.Bad, 100 * time.Hour}, {strings.Repeat("地", 300), "1", "1", "passed", overview.Good, 0}, {"a", "1", "1", "ok", overview.Neutral, 1}}
	for _, width := range []int{100, 120, 80} {
		var b bytes.Buffer
		writeTable(&b, rows, width, false)
		for line := range strings.Lines(b.String()) {
			if n := report.Columns(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns for %d: %s", n, width, line)
			}
		}
	}
	var b bytes.Buffer
	writeTable(&b, rows[2:], 80, true)
	if strings.Contains(b.String(), "\x1b[") {
		t.Errorf("a neutral verdict is coloured: %q", b.String())
	}
	b.Reset()
	writeTable(&b, []tableRow{{"a", "1", "1", "passed", overview.Good, 0}}, 80, true)
	if !strings.Contains(b.String(), "  \x1b[32mpassed\x1b[0m  ") {
		t.Errorf("a good verdict is not green: %q", b.String())
	}
}

// Of many jobs, those are shown that say most.
func TestWorst(t *testing.T) {
	t.Parallel()
	var all []tableRow
	for n := range 200 {
		tone := []overview.Tone{overview.Good, overview.Bad, overview.Good, overview.Warn}[n%4]
		all = append(all, tableRow{job: string(rune('a' + n%26)), tone: tone})
	}
	shown, left := worst(all)
	if len(shown) != tableMost || left != 150 || shown[0].tone != overview.Bad {
		t.Errorf("%d shown, %d left, the first is %+v", len(shown), left, shown[0])
	}
	if shown, left := worst(all[:tableMost]); len(shown) != tableMost || left != 0 {
		t.Errorf("%d shown, %d left", len(shown), left)
	}
}
