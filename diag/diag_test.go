package diag

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/seedpack/seedpack/seed"
)

var (
	ruleError   = &Rule{ID: "a-error", Severity: Error}
	ruleWarning = &Rule{ID: "b-warning", Severity: Warning}
	ruleNotice  = &Rule{ID: "c-notice", Severity: Notice}
)

func TestSeverityText(t *testing.T) {
	t.Parallel()
	for _, s := range []Severity{Off, Notice, Warning, Error} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Severity
		if err := json.Unmarshal(text, &back); err != nil || back != s {
			t.Errorf("%s is read back as %s (%v)", text, back, err)
		}
	}
	for _, text := range []string{"", "fatal", "Error"} {
		var s Severity
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken as %s", text, s)
		}
	}
}

func TestPolicyApply(t *testing.T) {
	t.Parallel()
	r := &Report{}
	for _, rule := range []*Rule{ruleError, ruleWarning, ruleNotice, ruleError} {
		r.Add(Diagnostic{Rule: rule})
	}
	p := Policy{}.With(map[string]Severity{"a-error": Off, "c-notice": Warning})
	p.Apply(r)
	if got, want := ids(r), []string{"b-warning", "c-notice"}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	if got := r.Count(Warning); got != 2 {
		t.Errorf("%d warnings, want 2", got)
	}
}

func ids(r *Report) []string {
	var out []string
	for _, d := range r.Diagnostics {
		out = append(out, d.Rule.ID)
	}
	return out
}

func TestPolicyFails(t *testing.T) {
	t.Parallel()
	warned := &Report{Diagnostics: []Diagnostic{{Rule: ruleNotice}, {Rule: ruleWarning}}}
	failed := &Report{Diagnostics: []Diagnostic{{Rule: ruleWarning, Severity: Error}}}
	tests := []struct {
		policy  Policy
		reports []*Report
		want    bool
	}{
		{Policy{}, nil, false},
		{Policy{}, []*Report{nil, warned}, false},
		{Policy{}, []*Report{warned, failed}, true},
		{Policy{FailOn: Warning}, []*Report{warned}, true},
		{Policy{FailOn: Notice}, []*Report{{Diagnostics: []Diagnostic{{Rule: ruleNotice}}}}, true},
	}
	for i, tt := range tests {
		if got := tt.policy.Fails(tt.reports...); got != tt.want {
			t.Errorf("%d: fails = %v, want %v", i, got, tt.want)
		}
	}
}

func TestPolicyWithLeavesTheOther(t *testing.T) {
	t.Parallel()
	p := Policy{Rules: map[string]Severity{"a": Error}}
	if q := p.With(map[string]Severity{"a": Off, "b": Off}); len(p.Rules) != 1 || q.Rules["a"] != Off {
		t.Errorf("%v became %v", p, q)
	}
}

const text = "{\"a\": 1,\n \"b\": [2]}"

func TestSort(t *testing.T) {
	t.Parallel()
	r := &Report{Source: seed.ParseJSON([]byte(text))}
	for _, d := range []Diagnostic{
		{Rule: ruleWarning, Pointer: "/b/0", Message: "y"},
		{Rule: ruleError, Pointer: "/b/0", Message: "y"},
		{Rule: ruleWarning, Pointer: "/b/0", Message: "x"},
		{Rule: ruleError, Span: &seed.Span{Start: 16, End: 17}, Message: "y"}, // the place of /b/0
		{Rule: ruleError, Pointer: "/a", Message: "z"},
		{Rule: ruleError, Pointer: "/a", Key: true, Message: "z"},
	} {
		r.Add(d)
	}
	r.Sort()
	var got []string
	for i, d := range r.Diagnostics {
		at := r.Source.Position(r.Place(&r.Diagnostics[i]).Start)
		got = append(got, d.Rule.ID+" "+d.Message+" "+string(rune('0'+at.Line)))
	}
	want := []string{"a-error z 1", "a-error z 1", "a-error y 2", "b-warning x 2", "b-warning y 2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// After Settle, a report has the same places but no parsed document.
func TestDropDocument(t *testing.T) {
	t.Parallel()
	src := seed.ParseJSON([]byte(text))
	r := &Report{Source: src, Diagnostics: []Diagnostic{
		{Rule: ruleError, Pointer: "/b/0"}, {Rule: ruleError, Pointer: "/a", Key: true}, {Rule: ruleError, Span: &seed.Span{Start: 3, End: 4}},
	}}
	var want []seed.Span
	for i := range r.Diagnostics {
		want = append(want, r.Place(&r.Diagnostics[i]))
	}
	r.DropDocument()
	for i := range r.Diagnostics {
		if got := r.Place(&r.Diagnostics[i]); got != want[i] || r.Source.Position(got.Start) != src.Position(got.Start) {
			t.Errorf("%d is at %v, want %v", i, got, want[i])
		}
	}
	if r.Source.Has("/a") || string(r.Source.Text) != text {
		t.Errorf("the source is %+v", r.Source)
	}
	if empty := (&Report{Source: src}).DropDocument(); empty.Source != nil {
		t.Error("a report of nothing keeps its source")
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	src := seed.ParseJSON([]byte(text))
	got := Merge(
		&Report{Path: "b", Diagnostics: []Diagnostic{{Rule: ruleError, Pointer: "/b"}}},
		nil,
		&Report{Path: "a", Diagnostics: []Diagnostic{{Rule: ruleNotice}}},
		&Report{Path: "b", Source: src, Diagnostics: []Diagnostic{{Rule: ruleWarning, Pointer: "/a"}, {Rule: ruleError, Pointer: "/b"}}},
	)
	if len(got) != 2 || got[0].Path != "b" || got[1].Path != "a" || got[0].Source != src {
		t.Fatalf("got %+v", got)
	}
	if got, want := ids(got[0]), []string{"b-warning", "a-error"}; !slices.Equal(got, want) {
		t.Errorf("b has %q, want %q", got, want)
	}
}
