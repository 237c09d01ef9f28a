package schema

import (
	"bytes"
	"os"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seedpack/seedpack/seed"
)

// hugeExponent matches numbers that the other engine would write out in full.
var hugeExponent = regexp.MustCompile(`[eE][+-]?\d{4}`)

// For any document, our keywords agree with another engine on the same schema, and name places that exist.
func FuzzKeywords(f *testing.F) {
	complete, err := os.ReadFile("../testdata/complete.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(complete)
	f.Add([]byte(minimal))
	for _, text := range []string{"{}", "[]", "null", `{"job":1}`, `{"seedVersion":"1.0.0","job":{"timeout":1e2,"tags":[1,"a"],"interface":{"settings":[{"name":"~/","secret":"true"}]}}}`} {
		f.Add([]byte(text))
	}
	theirs := compileOracle(f, mustRead("manifest"))
	f.Fuzz(func(t *testing.T, text []byte) {
		src := seed.ParseJSON(text)
		if len(src.Problems) > 0 || hugeExponent.Match(text) {
			return
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		found := Manifest(src)
		if err := theirs.Validate(doc); (err == nil) != (len(found) == 0) {
			t.Fatalf("%q\nours: %s\ntheirs: %v", text, lines(found), err)
		}
		for _, v := range found {
			if !src.Has(v.Pointer) || v.Message == "" || v.Keyword == "required" && src.Has(v.Pointer.Member(v.Member)) {
				t.Fatalf("%q: %+v", text, v)
			}
		}
	})
}
