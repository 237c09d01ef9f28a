// Package schema checks manifests and side-cars against the JSON Schemas of the standard, written here in our own words,
// and says what is wrong in terms of the document.
//
// It is the only importer of the schema engine. What no schema can say is the business of package lint.
package schema

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	qri "github.com/qri-io/jsonschema"

	"github.com/seedpack/seedpack/lint/seed"
)

// Versions are the values of seedVersion that are known. Their schemas differ in nothing else.
var versions = []string{"1.0.0", "1.0.0-snapshot"}

// Versions lists the versions of the standard that are known, the released one first.
func Versions() []string { return slices.Clone(versions) }

// The schemas are those of 1.0.0; 1.0.0-snapshot is the same text.
//
//go:embed 1.0.0
var files embed.FS

// Text is a schema as it is published: kind is manifest or metadata.
func Text(version, kind string) ([]byte, error) {
	if !slices.Contains(versions, version) {
		return nil, fmt.Errorf("seedVersion %q is not known: there are %s", version, strings.Join(versions, " and "))
	}
	text, err := files.ReadFile("1.0.0/" + kind + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("there is no schema of %q: give manifest or metadata", kind)
	}
	return text, nil
}

// A Violation is one thing that a schema has against a document.
type Violation struct {
	Pointer seed.Pointer // of the value; for a missing member, of the object that lacks it
	Key     bool         // it is about the member's name
	Keyword string       // of JSON Schema: type, required, additionalProperties, enum, pattern, minItems, maxItems
	Member  string       // the missing or unknown member
	Message string       // as diagnostics have them
	Hint    string
}

// Manifest checks a manifest. Violations are in the order of their places.
func Manifest(src *seed.Source) []Violation {
	if src.Kind("") == "" {
		return nil // there is no value at all, and the syntax stage has said so
	}
	return check(compiled().manifest, src, "", src.Value())
}

// validators are compiled once, since the engine registers its keywords globally and is not safe while it does.
type validators struct {
	manifest *qri.Schema
	types    map[string]*qri.Schema // of side-cars, by GeoJSON type
}

var compiled = sync.OnceValue(func() *validators {
	registerKeywords()
	v := &validators{types: map[string]*qri.Schema{}}
	v.manifest = compile(mustRead("manifest"))
	var meta struct {
		Definitions map[string]any `json:"definitions"`
	}
	must(json.Unmarshal(mustRead("metadata"), &meta))
	for name, definition := range meta.Definitions {
		text, err := json.Marshal(inline(definition, meta.Definitions))
		must(err)
		v.types[name] = compile(text)
	}
	return v
})

func mustRead(kind string) []byte {
	text, err := Text(versions[0], kind)
	must(err)
	return text
}

// must is for the embedded schemas, which tests compile.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func compile(text []byte) *qri.Schema {
	s := &qri.Schema{}
	must(json.Unmarshal(text, s))
	// The engine finishes its registration at the first validation, which is not safe to do twice at once.
	s.Validate(context.WithValue(context.Background(), placeKey{}, &place{found: &[]Violation{}}), map[string]any{})
	return s
}

// inline puts definitions in the place of references: the engine does not know draft-07's.
func inline(v any, definitions map[string]any) any {
	switch x := v.(type) {
	case map[string]any:
		if ref, ok := x["$ref"].(string); ok {
			return inline(definitions[strings.TrimPrefix(ref, "#/definitions/")], definitions)
		}
		out := map[string]any{}
		for k, e := range x {
			out[k] = inline(e, definitions)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = inline(e, definitions)
		}
		return out
	}
	return v
}

// check validates a value that stands at a pointer of the source.
func check(s *qri.Schema, src *seed.Source, at seed.Pointer, value any) []Violation {
	var found []Violation
	s.Validate(context.WithValue(context.Background(), placeKey{}, &place{at: at, found: &found}), value)
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(src.Span(a.Pointer).Start, src.Span(b.Pointer).Start), cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Member, b.Member))
	})
	return found
}
