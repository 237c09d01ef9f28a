package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/secret"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A result has the JSON outputs of the manifest, those that are missing included, and members that belong to none. Secrets in
// values and names are redacted, and long values are cut.
func TestCapturedJSON(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(`{"job": {"timeout": 10, "interface": {"outputs": {"json": [
		{"name": "WORDS", "type": "integer"}, {"name": "NOTE", "key": "note", "type": "string", "required": false}, {"name": "GONE", "type": "number", "required": false}]}},
		"errors": [{"code": 3, "name": "bad-data", "category": "data"}]}}`))
	c := &cases.Case{Name: "one"}
	captured := func(exit int, text string) *Run {
		o := &pack.Outcome{Started: true, Exit: exit, Files: []pack.File{holding(seed.OutputsFile, text)}}
		return newRun(m, c, prepare(m, c), secret.New("swordfish"), o)
	}
	got := captured(0, `{"note": "a  b\n", "swordfish": [1, "swordfish"], "WORDS": 2, "long": "`+strings.Repeat("x", 2000)+`"}`).capturedJSON()
	want := []CapturedJSON{
		{"WORDS", "integer", "2", true, true},
		{"NOTE", "string", `"a  b\n"`, true, false},
		{"GONE", "number", "", true, false},
		{"***", "array", `[1,"***"]`, false, false},
		{"long", "string", `"` + strings.Repeat("x", maxValue-1) + "…", false, false},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := captured(0, `[1]`).capturedJSON(); len(got) != 3 || got[0].Value != "" {
		t.Errorf("of no object: %+v", got)
	}
	failed := captured(3, `{"WORDS": 2}`)
	if got, name := failed.capturedJSON(), failed.errorName(); got != nil || name != "bad-data" {
		t.Errorf("a run that failed has %+v and the error %q", got, name)
	}
	if name := captured(0, "{}").errorName() + captured(4, "{}").errorName(); name != "" {
		t.Errorf("runs without an error of the manifest have the error %q", name)
	}
}
