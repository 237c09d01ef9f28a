package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	jptr "github.com/qri-io/jsonpointer"
	qri "github.com/qri-io/jsonschema"

	"github.com/seedpack/seedpack/lint/seed"
)

// The engine's own keywords are wrong where it matters here: names seen in children leak to their parents, "true" passes
// as a boolean, numbers go through float64, and what was found comes as English. These take their place through its
// extension point, and report data.

// A place is where in the document a keyword is applied, and where it reports to. It travels in the context.
type place struct {
	at    seed.Pointer
	found *[]Violation
}

type placeKey struct{}

func report(ctx context.Context, v Violation) {
	p := ctx.Value(placeKey{}).(*place)
	v.Pointer = p.at + v.Pointer
	*p.found = append(*p.found, v)
}

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

// leaf is what keywords without schemas inside have in common.
type leaf struct{}

func (leaf) Register(string, *qri.SchemaRegistry)     {}
func (leaf) Resolve(jptr.Pointer, string) *qri.Schema { return nil }

// descend applies a schema to a child of the value. Nothing of its state comes back up.
func descend(ctx context.Context, st *qri.ValidationState, s *qri.Schema, token string, value any) {
	p := ctx.Value(placeKey{}).(*place)
	sub := st.NewSubState()
	sub.ClearState()
	sub.LocalEvaluatedPropertyNames = &map[string]bool{}
	sub.Errs = &[]qri.KeyError{}
	s.ValidateKeyword(context.WithValue(ctx, placeKey{}, &place{at: p.at.Member(token), found: p.found}), sub, value)
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

// ValidateKeyword compares types. A whole number is an integer however it is written (T-04).
func (k *typeKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	is := typeOf(data)
	if slices.Contains(k.types, is) || is == "integer" && slices.Contains(k.types, "number") {
		return
	}
	report(ctx, Violation{Keyword: "type", Message: fmt.Sprintf("is %s, must be %s", article(is), articles(k.types))})
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

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		if isInteger(string(v)) {
			return "integer"
		}
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// isInteger is exact, without going through floating point or building huge numbers: the digits after the point, once it
// has been moved by the exponent, must all be zero.
func isInteger(n string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(n), "e")
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	digits := strings.TrimRight(whole+fraction, "0")
	if strings.Trim(digits, "0") == "" {
		return true
	}
	if len(exponent) > 9 { // far beyond the digits that a document of a few megabytes can hold
		return !strings.HasPrefix(exponent, "-")
	}
	shift := 0
	if exponent != "" {
		shift, _ = strconv.Atoi(exponent) // the parser has seen that it is a number
	}
	return len(digits) <= len(whole)+shift
}

type propertiesKeyword struct {
	schemas map[string]*qri.Schema
}

// UnmarshalJSON reads the schemas by name.
func (k *propertiesKeyword) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &k.schemas) }

// Register passes the call on.
func (k *propertiesKeyword) Register(uri string, registry *qri.SchemaRegistry) {
	for _, s := range k.schemas {
		s.Register(uri, registry)
	}
}

// Resolve is not needed: references are inlined.
func (k *propertiesKeyword) Resolve(jptr.Pointer, string) *qri.Schema { return nil }

// ValidateKeyword applies each schema to the member of its name, and marks it as known for additionalProperties.
func (k *propertiesKeyword) ValidateKeyword(ctx context.Context, st *qri.ValidationState, data any) {
	object, ok := data.(map[string]any)
	if !ok {
		return
	}
	names := make([]string, 0, len(k.schemas))
	for name, s := range k.schemas {
		names = append(names, name)
		if value, ok := object[name]; ok {
			st.SetEvaluatedKey(name)
			descend(ctx, st, s, name, value)
		}
	}
	st.Misc[namesKey] = names
}

// namesKey is where properties leaves the names it knows, for the hint of additionalProperties.
const namesKey = "seedpack.names"

type additionalKeyword struct {
	leaf
	allowed bool
}

// UnmarshalJSON reads true or false; the schemas have no other.
func (k *additionalKeyword) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &k.allowed)
}

// ValidateKeyword reports the members that properties does not know.
func (k *additionalKeyword) ValidateKeyword(ctx context.Context, st *qri.ValidationState, data any) {
	object, ok := data.(map[string]any)
	if !ok || k.allowed {
		return
	}
	known, _ := st.Misc[namesKey].([]string)
	for name := range object {
		if !st.IsLocallyEvaluatedKey(name) {
			report(ctx, unknownMember(ctx.Value(placeKey{}).(*place).at, name, known))
		}
	}
}

type itemsKeyword struct {
	schema *qri.Schema
}

// UnmarshalJSON reads the one schema of all items.
func (k *itemsKeyword) UnmarshalJSON(text []byte) error {
	k.schema = &qri.Schema{}
	return json.Unmarshal(text, k.schema)
}

// Register passes the call on.
func (k *itemsKeyword) Register(uri string, registry *qri.SchemaRegistry) {
	k.schema.Register(uri, registry)
}

// Resolve is not needed: references are inlined.
func (k *itemsKeyword) Resolve(jptr.Pointer, string) *qri.Schema { return nil }

// ValidateKeyword applies the schema to each item.
func (k *itemsKeyword) ValidateKeyword(ctx context.Context, st *qri.ValidationState, data any) {
	list, _ := data.([]any)
	for i, value := range list {
		descend(ctx, st, k.schema, strconv.Itoa(i), value)
	}
}

type requiredKeyword struct {
	leaf
	names []string
}

// UnmarshalJSON reads the names.
func (k *requiredKeyword) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &k.names) }

// ValidateKeyword reports each member that is missing at the object that lacks it.
func (k *requiredKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	object, ok := data.(map[string]any)
	if !ok {
		return
	}
	for _, name := range k.names {
		if _, ok := object[name]; !ok {
			report(ctx, Violation{Keyword: "required", Member: name, Message: fmt.Sprintf("member %q is missing, it is required here", name)})
		}
	}
}

type enumKeyword struct {
	leaf
	values []string
}

// UnmarshalJSON reads the values, which are strings in all of the schemas.
func (k *enumKeyword) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &k.values) }

// ValidateKeyword reports a value that is not among those listed. Another type is reported by type where the schema has
// one.
func (k *enumKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	s, isString := data.(string)
	if isString && slices.Contains(k.values, s) {
		return
	}
	if !isString {
		if k.values[0] == "ro" { // the one member of the standard that has values and no type
			report(ctx, Violation{Keyword: "enum", Message: fmt.Sprintf("is %s, must be %s", article(typeOf(data)), quoteAll(k.values))})
		} else {
			report(ctx, Violation{Keyword: "enum", Message: "must be " + quoteAll(k.values)})
		}
		return
	}
	v := Violation{Keyword: "enum", Message: fmt.Sprintf("is %q, must be %s", clip(s), quoteAll(k.values))}
	if ctx.Value(placeKey{}).(*place).at == "/seedVersion" {
		v.Message, v.Hint = versionMessage(s, k.values)
	} else if near := nearest(s, k.values); near != "" {
		v.Hint = fmt.Sprintf("write %q", near)
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
	text string
	expr *regexp.Regexp
}

// UnmarshalJSON compiles the expression. Go's $ is the end of the text alone, as it is in ECMA 262 (T-22).
func (k *patternKeyword) UnmarshalJSON(text []byte) (err error) {
	if err := json.Unmarshal(text, &k.text); err != nil {
		return err
	}
	k.expr, err = regexp.Compile(k.text)
	return err
}

// ValidateKeyword reports strings that do not match, in words.
func (k *patternKeyword) ValidateKeyword(ctx context.Context, _ *qri.ValidationState, data any) {
	s, ok := data.(string)
	if !ok || k.expr.MatchString(s) {
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
	list, ok := data.([]any)
	switch {
	case ok && k.name == "minItems" && len(list) < k.bound:
		report(ctx, Violation{Keyword: k.name, Message: fmt.Sprintf("has %d elements, must have at least %d", len(list), k.bound)})
	case ok && k.name == "maxItems" && len(list) > k.bound:
		report(ctx, Violation{Keyword: k.name, Message: fmt.Sprintf("has %d elements, must have at most %d", len(list), k.bound)})
	}
}
