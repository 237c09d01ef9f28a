package lint

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// pointers returns the pointers to all values in a document.
func pointers(src *seed.Source, at seed.Pointer) []seed.Pointer {
	out := []seed.Pointer{at}
	for _, name := range src.Members(at) {
		out = append(out, pointers(src, at.Member(name))...)
	}
	if src.Kind(at) == "array" {
		for i := range src.Len(at) {
			out = append(out, pointers(src, at.Index(i))...)
		}
	}
	return out
}

// A rule says nothing about a value that the schema refuses.
func TestSilent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/complete.json")
	if err != nil {
		t.Fatal(err)
	}
	var ofSchema []string
	for _, r := range schemaRules {
		ofSchema = append(ofSchema, r.ID)
	}
	refused := 0
	for _, at := range pointers(seed.Parse(text).Source, "")[1:] {
		for _, value := range []string{"5", `"x y"`, `""`, "[]", "{}", "null", "true", "1.5"} {
			var document any
			if err := json.Unmarshal(text, &document); err != nil {
				t.Fatal(err)
			}
			changed, err := json.Marshal(put(t, document, strings.Split(string(at), "/")[1:], value))
			if err != nil {
				t.Fatal(err)
			}
			schema, rule := 0, 0
			for _, d := range Manifest("it", seed.Parse(changed), Options{}).Diagnostics {
				switch {
				case d.Pointer != at:
				case slices.Contains(ofSchema, d.Rule.ID) && d.Rule != &memberMissing:
					schema++
				case d.Rule != &memberMissing:
					rule++
				}
			}
			refused += schema
			if schema > 1 || schema > 0 && rule > 0 {
				t.Errorf("%s = %s: %d of the schema and %d of rules", at, value, schema, rule)
			}
		}
	}
	if refused < 200 {
		t.Errorf("only %d values are refused, which tries little", refused)
	}
}

// The registry and its namespace count for the length of a name.
func TestRegistryLength(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/minimal.json")
	if err != nil {
		t.Fatal(err)
	}
	for registry, want := range map[string]int{"": 0, "registry.example.com/jobs": 0, "registry.example.com/" + strings.Repeat("a", 230): 1} {
		report := Manifest("it", seed.Parse(text), Options{Registry: registry})
		if got := report.Count(diag.Error); got != want {
			t.Errorf("%d errors with %q: %s", got, registry, said(report))
		}
	}
}
