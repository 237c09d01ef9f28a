// Package schema checks manifests and side-cars against JSON Schemas, and reports violations in terms of the document.
// The schemas are those of the standard, written in our own words.
//
// It is the only package that imports the schema engine. It does not check what a schema cannot express: package lint
// does.
package schema

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	qri "github.com/qri-io/jsonschema"

	"github.com/seedpack/seedpack/seed"
)

// versions are the known values of seedVersion. Their schemas differ only in that value.
var versions = []string{"1.0.0", "1.0.0-snapshot"}

// Versions returns the known versions of the standard, the released one first.
func Versions() []string { return slices.Clone(versions) }

// The schemas are those of 1.0.0. 1.0.0-snapshot has the same text.
//
//go:embed 1.0.0
var files embed.FS

// Text returns a published schema. kind is manifest or metadata.
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

// A Violation is one place where a document breaks a schema.
type Violation struct {
	Pointer seed.Pointer // to the value; for a missing member, to the object that lacks it
	Key     bool         // the violation is about the member's name
	Keyword string       // of JSON Schema: type, required, additionalProperties, enum, pattern, minItems, maxItems
	Member  string       // the missing or unknown member
	Meant   string       // the known member that an unknown one was meant to be; empty if unclear
	Older   bool         // Meant had the unknown name in an older version, so that only the name differs
	// Replaces is the required member that an unknown one stands for, although it cannot simply be renamed.
	Replaces string
	// Belongs is the object that an unknown member belongs into, in quotes; empty if unclear.
	Belongs string
	Message string // in the form of a diagnostic's message
	Hint    string

	quoted bool // the value has another type, and is JSON text in quotes
}

// Prepare compiles what Manifest needs, once. A caller that has to read files first may do both at the same time.
func Prepare() { manifestValidator() }

// Manifest checks a manifest. Violations are sorted by place.
func Manifest(src *seed.Source) []Violation {
	found, _ := ManifestMost(src)
	return found
}

// Beyond is what is known of violations that are not described, since there are too many.
type Beyond struct {
	Values map[seed.Pointer]bool // that break the schema
	Counts map[string]int        // of violations, by keyword
}

// ManifestMost is Manifest for any text. It returns the first violations of each keyword, and what is known of the others.
func ManifestMost(src *seed.Source) ([]Violation, Beyond) {
	if src.Kind("") == "" {
		return nil, Beyond{} // there is no value; the syntax stage reports that
	}
	found, beyond := checkMost(manifestValidator(), src, "", src.Root())
	for i := range found {
		if v := &found[i]; v.Key && v.Pointer == "/jobs" && src.Kind(v.Pointer) == "object" { // an array has no place in a manifest
			v.Hint, v.Meant, v.Replaces = `did you mean "job"?`, "job", ""
		}
		if found[i].Hint == "" {
			found[i].Hint = cmp.Or(inItsType(src, &found[i]), amountInItsType(src, &found[i]), describeAmount(src, found[i].Pointer), describe(&found[i]))
		}
	}
	return found, beyond
}

// described returns the schema with its descriptions, which only violations need.
var described = sync.OnceValue(func() map[string]any { return decodeSchema("manifest") })

// describe returns the schema's description of the member that a violation is about. It returns "" for elements of
// arrays: their message says enough.
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

// truths are what authors write in place of true and false.
var truths = map[string]string{"true": "true", "yes": "true", "y": "true", "on": "true", "1": "true", "t": "true",
	"false": "false", "no": "false", "n": "false", "off": "false", "0": "false", "f": "false"}

// inItsType says how to write a value of another type: a version that is a number, and a boolean that is a word or a number. It
// returns "" for other values.
func inItsType(src *seed.Source, v *Violation) string {
	raw := strings.Trim(string(src.Raw(v.Pointer)), `"' `)
	switch base := v.Pointer.Base(); {
	case v.Keyword != "type":
	case v.Pointer == seed.AtCommand && src.Kind(v.Pointer) == "array":
		return "write all arguments in one string, with a blank between them"
	case Kind(v.Pointer) == "boolean" && truths[strings.ToLower(raw)] != "" && raw != "true" && raw != "false":
		return "write " + truths[strings.ToLower(raw)]
	case (base == "jobVersion" || base == "packageVersion" || base == "seedVersion") && src.Kind(v.Pointer) == "number":
		return almostVersion(raw)
	}
	return ""
}

// amountInItsType says how to write an amount with a unit that is text. It returns "" for other values.
func amountInItsType(src *seed.Source, v *Violation) string {
	if v.Keyword != "type" || src.Kind(v.Pointer) != "string" {
		return ""
	}
	return AmountHint(src, v.Pointer, string(src.Raw(v.Pointer)))
}

// Truth returns the boolean that a word stands for, as JSON text, or "".
func Truth(word string) string { return truths[strings.ToLower(word)] }

// describeAmount describes the value of a resource by the resource's name, or returns "" for another member.
func describeAmount(src *seed.Source, at seed.Pointer) string {
	if generic(at) != "/job/resources/scalar/*/value" {
		return ""
	}
	switch strings.Trim(string(src.Raw(at.Parent().Member("name"))), `"'`) { // single quotes are reported elsewhere
	case "cpus":
		return "value: how many CPUs, such as 1 or 0.5"
	case "gpus":
		return "value: how many GPUs"
	case "mem", "disk", "sharedMem":
		return "value: how many MiB"
	}
	return "value: how much of it"
}

// Validators are compiled once, at their first use, since compiling is not safe for several goroutines.
var (
	keywords = sync.OnceFunc(registerKeywords)

	manifestValidator = sync.OnceValue(func() *qri.Schema { return compile(decodeSchema("manifest")) })

	// sideCarValidators returns validators by GeoJSON type.
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

// Kind returns the JSON type of the member at a pointer, or "" if the standard has no such member.
func Kind(at seed.Pointer) string {
	kind, _ := part(described(), at)["type"].(string)
	if kind == "" && at.Base() == "mode" {
		return "string" // the standard's schema gives it values only
	}
	return kind
}

// part returns the schema of the member at a pointer, or nil.
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

// must panics on an error in the embedded schemas, which tests compile.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A compiler makes validators. It builds a schema from the inside out. The engine itself reads a schema again at each
// of its levels, and that takes noticeable time for a single manifest.
type compiler struct {
	patterns map[string]func(string) bool // by text: many members share one
	leaves   map[string]*qri.Schema       // schemas without others inside, by text: many members share one
}

// compile returns a validator that several goroutines may use.
func compile(schema map[string]any) *qri.Schema {
	keywords()
	c := &compiler{patterns: map[string]func(string) bool{}, leaves: map[string]*qri.Schema{}}
	s := c.schema(schema)
	// The engine finishes its registration at the first validation. Two goroutines must not do that at once.
	s.Validate(context.WithValue(context.Background(), placeKey{}, &place{}), seed.Element{})
	return s
}

// schema compiles the inner schemas and passes them to the keywords of the outer level.
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
	leaf := len(members) == 0 && items == nil
	if s := c.leaves[string(text)]; s != nil && leaf {
		return s
	}
	s := &qri.Schema{}
	if leaf {
		c.leaves[string(text)] = s
	}
	must(s.UnmarshalJSON(text))
	if k, ok := s.JSONProp("properties").(*propertiesKeyword); ok {
		k.schemas, k.names = members, slices.Sorted(maps.Keys(members))
	}
	if k, ok := s.JSONProp("items").(*itemsKeyword); ok {
		k.schema = items
	}
	if k, ok := s.JSONProp("pattern").(*patternKeyword); ok {
		k.matches = c.pattern(k.text)
	}
	return s
}

// pattern returns a function that matches an expression. In Go, $ matches only the end of the text, as in ECMA 262 (T-22). The
// expressions of manifests are functions of their own: to compile them takes longer than all the rest of a lint.
func (c *compiler) pattern(text string) func(string) bool {
	if c.patterns[text] == nil {
		switch text {
		case jobNamePattern:
			c.patterns[text] = func(s string) bool { return isName(s, "-") }
		case namePattern:
			c.patterns[text] = func(s string) bool { return isName(s, "-_") }
		case versionPattern:
			c.patterns[text] = isVersion
		default:
			c.patterns[text] = regexp.MustCompile(text).MatchString
		}
	}
	return c.patterns[text]
}

// inline replaces references by their definitions, since the engine does not know those of draft-07.
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

// states are used again: the engine fills them with memory that no keyword of ours reads.
var states = sync.Pool{New: func() any { return qri.NewValidationState(nil) }}

// check validates the value at a pointer of the source.
func check(s *qri.Schema, src *seed.Source, at seed.Pointer, value seed.Element) []Violation {
	found, _ := checkMost(s, src, at, value)
	return found
}

func checkMost(s *qri.Schema, src *seed.Source, at seed.Pointer, value seed.Element) ([]Violation, Beyond) {
	p := &place{start: at}
	st := states.Get().(*qri.ValidationState)
	s.ValidateKeyword(context.WithValue(context.Background(), placeKey{}, p), st, value)
	states.Put(st)
	found := p.found
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(src.Span(a.Pointer).Start, src.Span(b.Pointer).Start), cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Member, b.Member))
	})
	return found, Beyond{p.beyond, p.more}
}
