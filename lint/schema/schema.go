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
	"regexp"
	"slices"
	"strings"
	"sync"

	qri "github.com/qri-io/jsonschema"

	"github.com/seedpack/seedpack/seed"
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
	Meant   string       // the known member that an unknown one stands for; empty when that cannot be told
	Message string       // as diagnostics have them
	Hint    string
}

// Manifest checks a manifest. Violations are in the order of their places.
func Manifest(src *seed.Source) []Violation {
	if src.Kind("") == "" {
		return nil // there is no value at all, and the syntax stage has said so
	}
	found := check(manifestValidator(), src, "", src.Value())
	for i := range found {
		if found[i].Hint == "" {
			found[i].Hint = describe(&found[i])
		}
	}
	return found
}

// described is the schema with its words, which are needed only where something is wrong.
var described = sync.OnceValue(func() map[string]any { return decodeSchema("manifest") })

// describe says in the schema's words what the member is for that a violation is about. It is empty
// for elements of arrays, which the message says enough of.
func describe(v *Violation) string {
	at := v.Pointer
	if v.Keyword == "required" {
		at = at.Member(v.Member)
	}
	words, _ := part(described(), at)["description"].(string)
	_, element := part(described(), at.Parent())["items"]
	if words == "" || at == "" || element {
		return ""
	}
	return at.Base() + ": " + strings.ToLower(words[:1]) + strings.TrimSuffix(words[1:], ".")
}

// Validators are compiled once, each when it is first asked for, since the engine is not safe while it does.
var (
	keywords = sync.OnceFunc(registerKeywords)

	manifestValidator = sync.OnceValue(func() *qri.Schema { return compile(decodeSchema("manifest")) })

	// sideCarValidators go by GeoJSON type.
	sideCarValidators = sync.OnceValue(func() map[string]*qri.Schema {
		types := map[string]*qri.Schema{}
		definitions, _ := decodeSchema("metadata")["definitions"].(map[string]any)
		for _, name := range sideCarTypes {
			definition, _ := inline(definitions[name], definitions).(map[string]any)
			types[name] = compile(definition)
		}
		return types
	})
)

func decodeSchema(kind string) map[string]any {
	var schema map[string]any
	must(json.Unmarshal(mustRead(kind), &schema))
	return schema
}

// part is the schema of the member at a pointer, nil where there is none.
func part(schema map[string]any, at seed.Pointer) map[string]any {
	if at == "" {
		return schema
	}
	above := part(schema, at.Parent())
	if items, ok := above["items"].(map[string]any); ok {
		return items
	}
	members, _ := above["properties"].(map[string]any)
	member, _ := members[at.Base()].(map[string]any)
	return member
}

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

// A compiler makes validators. It puts them together from the inside out, since the engine reads all that is within a
// schema anew at each of its levels, and that is felt when a single manifest is linted.
type compiler struct {
	patterns map[string]*regexp.Regexp // those of names and versions come again and again
}

// compile makes a validator that is ready to be used by several goroutines.
func compile(schema map[string]any) *qri.Schema {
	keywords()
	c := &compiler{patterns: map[string]*regexp.Regexp{}}
	s := c.schema(schema)
	// The engine finishes its registration at the first validation, which is not safe to do twice at once.
	s.Validate(context.WithValue(context.Background(), placeKey{}, &place{}), map[string]any{})
	return s
}

// schema compiles what stands within and gives it to the keywords of the level above.
func (c *compiler) schema(schema map[string]any) *qri.Schema {
	level := make(map[string]any, len(schema))
	members := map[string]*qri.Schema{}
	var items *qri.Schema
	for key, v := range schema {
		switch key {
		case "title", "description", "$schema": // for people
		case "properties":
			for name, member := range v.(map[string]any) {
				members[name] = c.schema(member.(map[string]any))
			}
			level[key] = struct{}{}
		case "items":
			items = c.schema(v.(map[string]any))
			level[key] = struct{}{}
		default:
			level[key] = v
		}
	}
	text, err := json.Marshal(level)
	must(err)
	s := &qri.Schema{}
	must(s.UnmarshalJSON(text))
	if k, ok := s.JSONProp("properties").(*propertiesKeyword); ok {
		k.schemas = members
	}
	if k, ok := s.JSONProp("items").(*itemsKeyword); ok {
		k.schema = items
	}
	if k, ok := s.JSONProp("pattern").(*patternKeyword); ok {
		k.expr = c.pattern(k.text)
	}
	return s
}

// pattern compiles an expression. Go's $ is the end of the text alone, as it is in ECMA 262 (T-22).
func (c *compiler) pattern(text string) *regexp.Regexp {
	if c.patterns[text] == nil {
		c.patterns[text] = regexp.MustCompile(text)
	}
	return c.patterns[text]
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
	p := &place{start: at}
	s.Validate(context.WithValue(context.Background(), placeKey{}, p), value)
	found := p.found
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(src.Span(a.Pointer).Start, src.Span(b.Pointer).Start), cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Member, b.Member))
	})
	return found
}
