package diag

import (
	"fmt"
	"strings"
	"testing"
)

// A report holds a bounded number of findings of a kind, and says how many more there are. An error is not lost behind
// notices of its rule.
func TestReportCounts(t *testing.T) {
	t.Parallel()
	rule := &Rule{ID: "some-rule", Severity: Notice}
	r := &Report{}
	for i := range 1000 {
		r.Add(Diagnostic{Rule: rule, Message: string(rune('a'+i%26)) + string(rune('a'+i/26))})
	}
	r.Add(Diagnostic{Rule: rule, Severity: Error, Message: "worse"})
	r.Sort()
	if n := r.Count(Notice); n != MaxFindings+1 || r.Count(Error) != 1 {
		t.Errorf("%d notices and %d errors", n, r.Count(Error))
	}
	more := 0
	for _, d := range r.Diagnostics {
		if d.Message == "800 more findings of this kind are not shown" {
			more++
		}
	}
	if more != 1 {
		t.Errorf("%d say how many more there are", more)
	}
}

// Findings that have no fix do not hide others that have one, nor do those whose fix is unsafe. One finding counts all that are
// not held.
func TestReportHoldsWhatCanBeFixed(t *testing.T) {
	t.Parallel()
	rule := &Rule{ID: "some-rule", Severity: Notice}
	fixes := map[fixKind][]Fix{withUnsafe: {{Title: "guess", Unsafe: true}}, withSafe: {{Title: "write"}}}
	r := &Report{}
	for _, kind := range []fixKind{withoutFix, withUnsafe, withSafe} {
		for i := range 3 * MaxFindings {
			r.Add(Diagnostic{Rule: rule, Message: fmt.Sprint(kind, i), Fixes: fixes[kind]})
		}
	}
	r.Sort()
	held, more := map[fixKind]int{}, ""
	for i := range r.Diagnostics {
		if d := &r.Diagnostics[i]; strings.Contains(d.Message, "more") {
			more += d.Message
		} else {
			held[fixKindOf(d)]++
		}
	}
	if held[withoutFix] != MaxFindings || held[withUnsafe] != MaxFindings || held[withSafe] != MaxFindings {
		t.Errorf("held are %v", held)
	}
	if want := "1200 more findings of this kind are not shown"; more != want {
		t.Errorf("it says %q, want %q", more, want)
	}
}
