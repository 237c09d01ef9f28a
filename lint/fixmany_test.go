package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// One run fixes all findings of a kind, also those beyond the findings that a report holds.
func TestFixManyOfAKind(t *testing.T) {
	t.Parallel()
	const many = 2*diag.MaxFindings + 50
	var settings []string
	for i := range many {
		settings = append(settings, fmt.Sprintf(`{"name": "S%d_TOKEN"}`, i))
	}
	text := []byte(fmt.Sprintf(`{"seedVersion": "1.0.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "A", "description": "B",
 "maintainer": {"name": "C", "email": "c@example.com"}, "timeout": 60, "interface": {"command": "run", "settings": [%s]}}}`, strings.Join(settings, ",\n")))
	fixed := Fix("it", text, Options{}, diag.Policy{}, true)
	if n := strings.Count(string(fixed.Text), `"secret": true`); n != many {
		t.Errorf("%d of %d settings are marked", n, many)
	}
	for _, d := range Manifest("it", seed.Parse(fixed.Text), Options{}).Diagnostics {
		if d.Rule.ID == "setting-secret" {
			t.Fatalf("there is still: %s", d.Message)
		}
	}
}

// Findings without a fix do not hide one that has a fix, however many they are.
func TestFixBehindManyOthers(t *testing.T) {
	t.Parallel()
	const many = 3000
	repeat := func(item string) string { return strings.TrimSuffix(strings.Repeat(item+",", many), ",") }
	for name, tt := range map[string]struct{ job, fixed string }{
		"member-unknown": {`"zzz0": {` + repeat(`"zzz": 1`) + `}, "interface": {"command": "run", "settings": [` + repeat(`{"name": "S", "zzz": 1}`) + `, {"name": "T", "Secret": true}]}`, `"secret": true`},
		"member-type":    {`"tags": [` + repeat(`1`) + `], "interface": {"command": "run"}, "timeout": "60"`, `"timeout": 60`},
		"media-type": {`"interface": {"command": "run", "inputs": {"files": [{"name": "I", "mediaTypes": [` + repeat(`"x"`) + `, " image/png"]}]}}`,
			`"image/png"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := []byte(`{"seedVersion": "1.0.0", "job": {"name": "a", "jobVersion": "1.0.0", "packageVersion": "1.0.0", "title": "A", "description": "B",
 "maintainer": {"name": "C", "email": "c@example.com"}, ` + tt.job + `}}`)
			if fixed := Fix("it", text, Options{}, diag.Policy{}, true); !strings.Contains(string(fixed.Text), tt.fixed) {
				t.Errorf("it has no %s: %d changes, refused %q", tt.fixed, len(fixed.Changes), fixed.Refused)
			}
		})
	}
}
