package verify

import (
	"testing"

	"github.com/seedpack/seedpack/pack"
	"github.com/seedpack/seedpack/seed"
	"github.com/seedpack/seedpack/verify/cases"
)

// A job may leave more files than are listed. A required output that is not among those that are is not said to be missing,
// and the case does not pass either.
func TestFilesThatAreNotListed(t *testing.T) {
	t.Parallel()
	m := seed.Parse([]byte(probed))
	c := &cases.Case{Name: "a", Settings: map[string]string{"db-pass": "swordfish"}}
	o := &pack.Outcome{Started: true, FilesCut: 900_001, Files: []pack.File{file("a"), file("b")}}
	got := judge(newRun(m, c, prepare(m, c), nil, o), Options{})
	if got.Verdict != Inconclusive || got.Reason == "" {
		t.Errorf("the verdict is %v: %s", got.Verdict, got.Reason)
	}
	for _, d := range got.Diagnostics {
		if d.Rule.ID == "output-missing" || d.Rule.ID == "outputs-json-missing" {
			t.Errorf("%s: %s", d.Rule.ID, d.Message)
		}
	}
	if o.FilesCut = 0; judge(newRun(m, c, prepare(m, c), nil, o), Options{}).Verdict != Failed {
		t.Error("without files that are not listed, the outputs are missing")
	}
}
