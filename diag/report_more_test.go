package diag

import "testing"

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
