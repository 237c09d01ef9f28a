package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	jptr "github.com/qri-io/jsonpointer"
	qri "github.com/qri-io/jsonschema"

	"github.com/seedpack/seedpack/diag"
	"github.com/seedpack/seedpack/seed"
)

// The engine's own keywords have faults that matter here. Names seen in children leak to their parents, "true" passes
// as a boolean, numbers go through float64, and findings are English text. The keywords of this file replace them
// through its extension point. They report data.

// A place is where a keyword is applied, and collects what it reports. One place travels in the context of a whole
// validation and moves with it. A context for each value would cost more than the validation.
type place struct {
	start seed.Pointer // pointer to the value that is validated
	steps []step       // from there to the current value
	found []Violation
	// counts are how many were reported. Those after maxViolations are only in beyond.
	counts map[countKey]int
	beyond map[seed.Pointer]bool
	// more is how many are only in beyond, by keyword.
	more map[string]int
	// known is set by properties, for additionalProperties: the engine calls it next.
	known map[string]*qri.Schema
}

// A step is the name of a member, or the index of an element.
type step struct {
	name  string
	index int // -1 for a member
}

// A countKey is what is counted together. A member with a wrong name can be fixed if it is clear what was meant, so that those
// of which it is not clear must not hide it. The same holds for a number in quotes.
type countKey struct {
	keyword string
	fixable bool
}

type placeKey struct{}

func placeOf(ctx context.Context) *place { return ctx.Value(placeKey{}).(*place) }

// at returns the pointer to the current value.
func (p *place) at() seed.Pointer {
	at := p.start
	for _, s := range p.steps {
		if s.index < 0 {
			at = at.Member(s.name)
		} else {
			at = at.Index(s.index)
		}
	}
	return at
}

func (p *place) report(v Violation) {
	v.Pointer = p.at() + v.Pointer
	if p.counts == nil {
		p.counts, p.beyond = map[countKey]int{}, map[seed.Pointer]bool{}
		p.more = map[string]int{}
	}
	key := countKey{v.Keyword, v.Meant != "" || v.quoted}
	if p.counts[key]++; p.counts[key] > maxViolations {
		p.beyond[v.Pointer] = true
		p.more[v.Keyword]++
		return
	}
	p.found = append(p.found, v)
}

// maxViolations is how many violations of a keyword are reported, many more than a reader looks at.
const maxViolations = 2000

func report(ctx context.Context, v Violation) { placeOf(ctx).report(v) }

// registerKeywords replaces keywords in the engine's global table.
func registerKeywords() {
	qri.LoadDraft2019_09()
	for name, maker := range map[string]qri.KeyMaker{
		"type":                 func() qri.Keyword { return &typeKeyword{} },
		"properties":           func() qri.Keyword { return &propertiesKeyword{} },
		"additionalProperties": func() qri.Keyword { return &additionalKeyword{} },
		"items":                func() qri.Keyword { return &itemsKeyword{} },
		"required":             func() qri.Keyword { return &requiredKeyword{} },
		"enum":                 func() qri.Keyword { return &enumKeyword{} },
		"pattern":              func() qri.Keyword { return &patternKeyword{} },
		"minItems":             func() qri.Keyword { return &countKeyword{name: "minItems"} },
		"maxItems":             func() qri.Keyword { return &countKeyword{name: "maxItems"} },
	} {
		qri.RegisterKeyword(name, maker)
	}
	qri.SetKeywordOrder("properties", 2)
	qri.SetKeywordOrder("additionalProperties", 3)
}

// leaf has the methods of keywords without schemas inside.
type leaf struct{}

func (leaf) Register(string, *qri.SchemaRegistry)     {}
func (leaf) Resolve(jptr.Pointer, string) *qri.Schema { return nil }

// descend applies a schema to a child of the value. It passes the engine's state on unchanged, since no keyword reads
// it.
func descend(ctx context.Context, st *qri.ValidationState, s *qri.Schema, to step, value seed.Element) {
	p := placeOf(ctx)
	p.steps, p.known = append(p.steps, to), nil
	s.ValidateKeyword(ctx, st, value)
	p.steps = p.steps[:len(p.steps)-1]
}

type typeKeyword struct {
	leaf
	types []string
}

// UnmarshalJSON reads one type or a list of them.
func (k *typeKeyword) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		k.types = []string{one}
		return nil
	}
	return json.Unmarshal(text, &k.types)
}

// ValidateKeyword reports a wrong type. A whole number is an integer, however it is written (T-04).
func (k *typeKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	value := data.(seed.Element)
	if value.Kind() == "" {
		return // the syntax stage reports it
	}
	is := typeOf(value)
	if slices.Contains(k.types, is) || is == "integer" && slices.Contains(k.types, "number") {
		return
	}
	report(ctx, Violation{Keyword: "type", Message: fmt.Sprintf("is %s, must be %s", article(is), articles(k.types)),
		quoted: is == "string" && json.Valid([]byte(value.Text()))})
}

func articles(types []string) string {
	var all []string
	for _, t := range types {
		all = append(all, article(t))
	}
	return strings.Join(all, " or ")
}

func article(t string) string {
	switch t {
	case "null":
		return t
	case "array", "integer", "object":
		return "an " + t
	}
	return "a " + t
}

// typeOf returns the JSON type of a value. A whole number is an integer.
func typeOf(v seed.Element) string {
	if is := v.Kind(); is != "number" || !isInteger(v.Text()) {
		return is
	}
	return "integer"
}

// isInteger reports whether a number is whole. It is exact, without floating point and without huge numbers: after the
// exponent has moved the point, the digits behind it must all be zero.
func isInteger(n string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(n), "e")
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	digits := strings.TrimRight(whole+fraction, "0")
	if strings.Trim(digits, "0") == "" {
		return true
	}
	if len(exponent) > 9 { // more digits than a document of a few megabytes can hold
		return !strings.HasPrefix(exponent, "-")
	}
	shift := 0
	if exponent != "" {
		shift, _ = strconv.Atoi(exponent) // the parser checked that it is a number
	}
	return len(digits) <= len(whole)+shift
}

type propertiesKeyword struct {
	schemas map[string]*qri.Schema
	names   []string // of schemas, sorted: the same document must give the same violations
}

// UnmarshalJSON reads nothing: the compiler sets the schemas.
func (k *propertiesKeyword) UnmarshalJSON([]byte) error { return nil }

// Register passes the call on.
func (k *propertiesKeyword) Register(uri string, registry *qri.SchemaRegistry) {
	for _, s := range k.schemas {
		s.Register(uri, registry)
	}
}

// Resolve is not needed: references are inlined.
func (k *propertiesKeyword) Resolve(jptr.Pointer, string) *qri.Schema { return nil }

// ValidateKeyword applies each schema to the member of its name. It leaves the names for additionalProperties.
func (k *propertiesKeyword) ValidateKeyword(ctx context.Context, st *qri.ValidationState, data any) {
	object := data.(seed.Element)
	if object.Kind() != "object" {
		return
	}
	for _, name := range k.names {
		if value, ok := object.Member(name); ok {
			descend(ctx, st, k.schemas[name], step{name, -1}, value)
		}
	}
	placeOf(ctx).known = k.schemas
}

type additionalKeyword struct {
	leaf
	allowed bool
}

// UnmarshalJSON reads true or false. The schemas have no other value.
func (k *additionalKeyword) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &k.allowed)
}

// ValidateKeyword reports the members that properties does not know.
func (k *additionalKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	if k.allowed {
		return
	}
	p := placeOf(ctx)
	known, unknown := p.known, []string(nil)
	for name := range data.(seed.Element).Names() {
		if _, ok := known[name]; !ok {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range slices.Compact(unknown) {
		p.report(unknownMember(p.at(), name, slices.Sorted(maps.Keys(known))))
	}
}

type itemsKeyword struct {
	schema *qri.Schema
}

// UnmarshalJSON reads nothing: the compiler sets the one schema for all items.
func (k *itemsKeyword) UnmarshalJSON([]byte) error { return nil }

// Register passes the call on.
func (k *itemsKeyword) Register(uri string, registry *qri.SchemaRegistry) {
	k.schema.Register(uri, registry)
}

// Resolve is not needed: references are inlined.
func (k *itemsKeyword) Resolve(jptr.Pointer, string) *qri.Schema { return nil }

// ValidateKeyword applies the schema to each item.
func (k *itemsKeyword) ValidateKeyword(ctx context.Context, st *qri.ValidationState, data any) {
	list := data.(seed.Element)
	for i := range list.Len() {
		descend(ctx, st, k.schema, step{index: i}, list.At(i))
	}
}

type requiredKeyword struct {
	leaf
	names []string
}

// UnmarshalJSON reads the names.
func (k *requiredKeyword) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &k.names) }

// ValidateKeyword reports each missing member, at the object that lacks it.
func (k *requiredKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	object := data.(seed.Element)
	if object.Kind() != "object" {
		return
	}
	for _, name := range k.names {
		if _, ok := object.Member(name); !ok {
			report(ctx, Violation{Keyword: "required", Member: name, Message: fmt.Sprintf("member %q is missing, it is required here", name)})
		}
	}
}

type enumKeyword struct {
	leaf
	values []string
}

// UnmarshalJSON reads the values. All schemas have strings here.
func (k *enumKeyword) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &k.values) }

// ValidateKeyword reports a value that is not in the list. If the schema has a type, that keyword reports values of
// other types.
func (k *enumKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	value := data.(seed.Element)
	s, isString := value.Text(), value.Kind() == "string"
	if value.Kind() == "" || isString && slices.Contains(k.values, s) {
		return
	}
	if !isString {
		if k.values[0] == "ro" { // the only member of the standard with values and without a type
			report(ctx, Violation{Keyword: "enum", Message: fmt.Sprintf("is %s, must be %s", article(typeOf(value)), quoteAll(k.values))})
		} else {
			report(ctx, Violation{Keyword: "enum", Message: "must be " + quoteAll(k.values)})
		}
		return
	}
	v := Violation{Keyword: "enum", Message: fmt.Sprintf("is %s, must be %s", diag.Quote(clip(s)), quoteAll(k.values))}
	if placeOf(ctx).at() == "/seedVersion" {
		v.Message, v.Hint = versionMessage(s, k.values)
	} else if near := meantValue(s, k.values); near != "" {
		v.Hint = fmt.Sprintf("write %q", near)
	} else if fold(s) == "system" && slices.Contains(k.values, "data") {
		v.Hint = `leave it out: executors know errors of the system, and "job" is the default`
	}
	report(ctx, v)
}

func quoteAll(values []string) string {
	var all []string
	for _, v := range values {
		all = append(all, strconv.Quote(v))
	}
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

type patternKeyword struct {
	leaf
	text    string
	matches func(string) bool
}

// UnmarshalJSON reads the text of the expression. The compiler sets the function.
func (k *patternKeyword) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &k.text) }

// ValidateKeyword reports strings that do not match. The message describes the pattern in words.
func (k *patternKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	value := data.(seed.Element)
	s := value.Text()
	if value.Kind() != "string" || k.matches(s) {
		return
	}
	message, hint := patternMessage(k.text, s)
	report(ctx, Violation{Keyword: "pattern", Message: message, Hint: hint})
}

type countKeyword struct {
	leaf
	name  string
	bound int
}

// UnmarshalJSON reads the bound.
func (k *countKeyword) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(bytes.TrimSpace(text), &k.bound)
}

// ValidateKeyword reports lists that are too short or too long.
func (k *countKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	list := data.(seed.Element)
	switch n := list.Len(); {
	case list.Kind() != "array":
	case k.name == "minItems" && n < k.bound:
		report(ctx, Violation{Keyword: k.name, Message: fmt.Sprintf("has %s, must have at least %d", diag.Count(n, "element"), k.bound)})
	case k.name == "maxItems" && n > k.bound:
		report(ctx, Violation{Keyword: k.name, Message: fmt.Sprintf("has %s, must have at most %d", diag.Count(n, "element"), k.bound)})
	}
}
